#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <ssmscan/scan/detail/overlap.hpp>
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

// Of one thread, kept from call to call: with fresh pages each time a row of 16384 floats took a tenth longer. What is
// larger than `most_kept` points is given back.
template <class T>
struct workspace {
  std::vector<T> cyclic, negacyclic;
  std::vector<std::complex<T>> even, odd, kernel_even, kernel_odd;
};
constexpr index_t most_kept = 1 << 18;

// to[k] *= by[k], part by part: passing std::complex<float> by value takes g++ 12 through memory, 5 times as long.
template <class T>
void multiply(std::vector<std::complex<T>>& to, std::vector<std::complex<T>> const& by) {
  T* const p = reinterpret_cast<T*>(to.data());
  T const* const q = reinterpret_cast<T const*>(by.data());
  for (std::size_t k = 0; k < 2 * to.size(); k += 2) {
    T const re = p[k] * q[k] - p[k + 1] * q[k + 1], im = p[k] * q[k + 1] + p[k + 1] * q[k];
    p[k] = re, p[k + 1] = im;
  }
}

// The product modulo z^2n - 1 = (z^n - 1)(z^n + 1), 2n = padded: a cyclic and a negacyclic one of n points, whose sum
// is twice the first half and whose difference twice the second. Of zeros in the second half nothing is computed, and
// what is fits a cache of half the size.
template <class T>
void convolve_fft(std::span<T const> kernel, std::span<T const> input, std::size_t length, std::span<T> output) {
  index_t const padded = padded_length(static_cast<index_t>(kernel.size()), static_cast<index_t>(length));
  if (padded == 2) {  // one tap at most
    for (std::size_t t = 0; t < input.size(); ++t) output[t] = kernel.empty() ? T(0) : kernel[0] * input[t];
    return;
  }
  std::size_t const half = static_cast<std::size_t>(padded) / 2;
  detail::real_fft<T> const even_fft(padded / 2);
  detail::odd_fft<T> const odd_fft(padded / 2);
  static thread_local workspace<T> kept;
  workspace<T> own;
  auto& [cyclic, negacyclic, even, odd, kernel_even, kernel_odd] = padded <= most_kept ? kept : own;
  cyclic.resize(half), negacyclic.resize(half);
  for (auto* const spectrum : {&even, &kernel_even}) spectrum->resize(static_cast<std::size_t>(even_fft.bins()));
  for (auto* const spectrum : {&odd, &kernel_odd}) spectrum->resize(static_cast<std::size_t>(odd_fft.bins()));
  auto const forward = [&, &cyclic = cyclic, &negacyclic = negacyclic](std::span<T const> from, auto& evens,
                                                                       auto& odds) {
    auto const first = from.first(std::min(half, from.size())), rest = from.subspan(first.size());
    std::fill(std::copy(first.begin(), first.end(), cyclic.begin()), cyclic.end(), T(0));
    if (rest.empty()) {
      odd_fft.forward(cyclic.data(), odds.data());
    } else {
      negacyclic = cyclic;
      for (std::size_t t = 0; t < rest.size(); ++t) cyclic[t] += rest[t], negacyclic[t] -= rest[t];
      odd_fft.forward(negacyclic.data(), odds.data());
    }
    even_fft.forward(cyclic.data(), evens.data());
  };
  forward(kernel, kernel_even, kernel_odd);
  for (std::size_t start = 0; start < input.size(); start += length) {
    forward(input.subspan(start, length), even, odd);
    multiply(even, kernel_even), multiply(odd, kernel_odd);
    even_fft.backward(even.data(), cyclic.data()), odd_fft.backward(odd.data(), negacyclic.data());
    T* const y = output.data() + start;
    for (std::size_t t = 0; t < std::min(half, length); ++t) y[t] = (cyclic[t] + negacyclic[t]) / 2;
    for (std::size_t t = half; t < length; ++t) y[t] = (cyclic[t - half] - negacyclic[t - half]) / 2;
  }
}

template <class T>
void convolve(std::span<T const> kernel, std::span<T const> input, index_t rows, std::span<T> output,
              convolution_method method) {
  name_of(method);  // refuses what is none
  if (rows < 0 || (rows == 0 && !input.empty()) || (rows > 0 && input.size() % static_cast<std::size_t>(rows) != 0)) {
    throw_invalid("rows", std::to_string(rows),
                  "a number that divides the " + std::to_string(input.size()) + " samples");
  }
  if (output.size() != input.size()) {
    throw_invalid("output", std::to_string(output.size()) + " samples",
                  std::to_string(input.size()) + ", as the input");
  }
  using ssmscan::detail::meet, ssmscan::detail::range_of;
  for (auto const& [name, given] : {std::pair{"input", input}, {"kernel", kernel}})
    if (meet(range_of(output), range_of(given)))
      throw_invalid("output", std::string("memory that overlaps ") + name, "memory of its own");
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

template <class T>
double fft_bound(index_t padded, vector_norms kernel, vector_norms input) {
  constexpr double u = static_cast<double>(std::numeric_limits<T>::epsilon()) / 2;
  double const e = detail::real_fft<T>(padded).error();
  double const second_order = 1 + 8 * e + 8 * u;
  return second_order * ((2 * e + std::sqrt(5.0) * u) * kernel.one * input.two + e * input.one * kernel.two);
}

}  // namespace

std::string_view name_of(convolution_method which) {
  switch (which) {
    case convolution_method::direct:
      return "direct";
    case convolution_method::fft:
      return "fft";
  }
  throw_invalid("convolution_method", std::to_string(static_cast<int>(which)), "direct or fft");
}

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
  return fft_bound<double>(padded, kernel, input);
}

template <>
double fft_convolution_bound<float>(index_t padded, vector_norms kernel, vector_norms input) {
  return fft_bound<float>(padded, kernel, input);
}

double direct_convolution_factor(index_t terms, double unit_roundoff) {
  double const m = static_cast<double>(terms);
  return m * unit_roundoff / (1 - m * unit_roundoff);
}

}  // namespace ssmscan::ssm
