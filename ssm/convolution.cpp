#include <algorithm>
#include <cmath>
#include <complex>
#include <string>
#include <vector>

#include <ssmscan/scan/error.hpp>
#include <ssmscan/ssm/convolution.hpp>
#include <ssmscan/ssm/detail/real_fft.hpp>

namespace ssmscan::ssm {
namespace {

template <class T>
void convolve_direct(std::span<T const> kernel, std::span<T const> input, std::span<T> output) {
  for (std::size_t t = 0; t < input.size(); ++t) {
    T sum = 0;
    std::size_t const taps = std::min(t + 1, kernel.size());
    for (std::size_t k = 0; k < taps; ++k) sum += kernel[k] * input[t - k];
    output[t] = sum;
  }
}

template <class T>
void convolve_fft(std::span<T const> kernel, std::span<T const> input, std::size_t length, std::span<T> output) {
  index_t const padded = padded_length(static_cast<index_t>(kernel.size()), static_cast<index_t>(length));
  detail::real_fft<T> const fft(padded);
  auto const bins = static_cast<std::size_t>(fft.bins());
  std::vector<T> time(static_cast<std::size_t>(padded), T(0));
  std::vector<std::complex<T>> kernel_spectrum(bins);
  std::vector<std::complex<T>> spectrum(bins);
  std::copy(kernel.begin(), kernel.end(), time.begin());
  fft.forward(time.data(), kernel_spectrum.data());
  for (std::size_t start = 0; start < input.size(); start += length) {
    std::fill(time.begin(), time.end(), T(0));
    std::copy_n(input.begin() + static_cast<std::ptrdiff_t>(start), length, time.begin());
    fft.forward(time.data(), spectrum.data());
    for (std::size_t k = 0; k < spectrum.size(); ++k) {
      std::complex<T> const p = spectrum[k];
      std::complex<T> const q = kernel_spectrum[k];
      spectrum[k] = {p.real() * q.real() - p.imag() * q.imag(), p.real() * q.imag() + p.imag() * q.real()};
    }
    fft.backward(spectrum.data(), time.data());
    std::copy_n(time.begin(), length, output.begin() + static_cast<std::ptrdiff_t>(start));
  }
}

template <class T>
void convolve(std::span<T const> kernel, std::span<T const> input, index_t rows, std::span<T> output,
              convolution_method method) {
  if (rows < 0 || (rows == 0 && !input.empty()) || (rows > 0 && input.size() % static_cast<std::size_t>(rows) != 0)) {
    throw_invalid("rows", std::to_string(rows),
                  "a number that divides the " + std::to_string(input.size()) + " samples");
  }
  if (output.size() != input.size()) {
    throw_invalid("output", std::to_string(output.size()) + " samples",
                  std::to_string(input.size()) + ", as the input");
  }
  if (input.empty()) return;
  std::size_t const length = input.size() / static_cast<std::size_t>(rows);
  if (method == convolution_method::fft) {
    convolve_fft(kernel, input, length, output);
  } else {
    for (std::size_t start = 0; start < input.size(); start += length) {
      convolve_direct(kernel, input.subspan(start, length), output.subspan(start, length));
    }
  }
}

template <class T>
vector_norms norms(std::span<T const> values) {
  vector_norms result{0, 0};
  for (T const value : values) {
    double const x = std::abs(static_cast<double>(value));
    result.one += x;
    result.two += x * x;
  }
  result.two = std::sqrt(result.two);
  return result;
}

double fft_bound(index_t padded, vector_norms kernel, vector_norms input, double u, double twiddle_error) {
  double const gamma = 4 * u / (1 - 4 * u);
  double const per_stage = twiddle_error + gamma * (std::sqrt(2.0) + twiddle_error);
  double const stages = std::log2(static_cast<double>(padded));
  double const e = stages * per_stage / (1 - stages * per_stage);
  double const second_order = 1 + 8 * e + 8 * u;
  return second_order * ((2 * e + std::sqrt(5.0) * u) * kernel.one * input.two + e * input.one * kernel.two);
}

#if defined(SSMSCAN_SSM_POCKETFFT_HEADER)
constexpr double twiddle_roundings_double = 9;
constexpr double twiddle_roundings_float = 1.5;
#else
constexpr double twiddle_roundings_double = 15;
constexpr double twiddle_roundings_float = 15;
#endif

}  // namespace

void causal_convolution(std::span<double const> kernel, std::span<double const> input, index_t rows,
                        std::span<double> output, convolution_method method) {
  convolve(kernel, input, rows, output, method);
}

void causal_convolution(std::span<float const> kernel, std::span<float const> input, index_t rows,
                        std::span<float> output, convolution_method method) {
  convolve(kernel, input, rows, output, method);
}

index_t padded_length(index_t kernel_length, index_t input_length) {
  if (kernel_length < 0) throw_invalid("kernel_length", std::to_string(kernel_length), "0 or more");
  if (input_length < 0) throw_invalid("input_length", std::to_string(input_length), "0 or more");
  constexpr index_t greatest = index_t{1} << 60;
  if (kernel_length > greatest - input_length) {
    throw_invalid("kernel_length + input_length", "more than 2^60", "at most 2^60");
  }
  index_t padded = 2;  // the least that a half spectrum is defined for
  while (padded < kernel_length + input_length) padded *= 2;
  return padded;
}

vector_norms norms_of(std::span<double const> values) { return norms(values); }
vector_norms norms_of(std::span<float const> values) { return norms(values); }

template <>
double fft_convolution_bound<double>(index_t padded, vector_norms kernel, vector_norms input) {
  constexpr double u = 0x1p-53;
  return fft_bound(padded, kernel, input, u, twiddle_roundings_double * u);
}

template <>
double fft_convolution_bound<float>(index_t padded, vector_norms kernel, vector_norms input) {
  constexpr double u = 0x1p-24;
  return fft_bound(padded, kernel, input, u, twiddle_roundings_float * u);
}

double direct_convolution_factor(index_t terms, double unit_roundoff) {
  double const m = static_cast<double>(terms);
  return m * unit_roundoff / (1 - m * unit_roundoff);
}

}  // namespace ssmscan::ssm
