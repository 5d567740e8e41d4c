#pragma once
// What a diagonal and a dense layer have in common once each has its kernel: the bound of the direct convolution, and the
// FFT held against it.
#include <algorithm>
#include <cmath>
#include <span>
#include <utility>
#include <vector>

#include <ssmscan/ssm/convolution.hpp>
#include <ssmscan/ssm/detail/check_rows.hpp>
#include <ssmscan/ssm/detail/layer_bounds.hpp>
#include <ssmscan/ssm/io/signal.hpp>

namespace ssmscan::ssm::detail {

// |direct convolution with the computed kernel - with the exact one|, per sample: sum_k (kernel's error + g |kernel|) |u|, g
// of the longest sum, by a convolution of moduli; it is itself rounded, by a factor 1 + g.
inline std::vector<double> direct_bound(std::span<double const> kernel, std::span<double const> kernel_bound,
                                        signal const& input) {
  double const g = direct_convolution_factor(input.length + 1, unit<double>);
  std::vector<double> weights(kernel.size());
  for (std::size_t l = 0; l < kernel.size(); ++l) weights[l] = (1 + g) * (kernel_bound[l] + g * std::abs(kernel[l]));
  std::vector<double> moduli(input.values.size());
  std::transform(input.values.begin(), input.values.end(), moduli.begin(), [](double x) { return std::abs(x); });
  std::vector<double> bound(input.values.size());
  causal_convolution(weights, moduli, input.batch, bound, convolution_method::direct);
  for (double& b : bound) b *= second_order;
  return bound;
}

// The FFT and the direct sum on the same inputs and kernel, as T has them; the direct sum is in double in either case.
template <class T>
validation_check fft_check(validation_check row, std::span<double const> kernel_of_doubles, signal const& input) {
  std::vector<T> const kernel(kernel_of_doubles.begin(), kernel_of_doubles.end());
  std::vector<T> const samples(input.values.begin(), input.values.end());
  std::vector<T> computed(samples.size());
  causal_convolution(kernel, samples, input.batch, computed, convolution_method::fft);
  std::vector<double> const kernel_exact(kernel.begin(), kernel.end());
  std::vector<double> const samples_exact(samples.begin(), samples.end());
  std::vector<double> expected(samples.size());
  causal_convolution(kernel_exact, samples_exact, input.batch, expected, convolution_method::direct);
  vector_norms const kernel_norms = norms_of(std::span<double const>(kernel_exact));
  double const direct = direct_convolution_factor(input.length, unit<double>);
  index_t const padded = padded_length(input.length, input.length);
  auto const length = static_cast<std::size_t>(input.length);
  return by_rows<T>(std::move(row), computed, expected, length, [&](std::size_t r) {
    vector_norms const norms = norms_of(std::span<double const>(samples_exact).subspan(r * length, length));
    // The direct sum's own error in the 2-norm: g || |k| * |u| ||_2 <= g ||k||_1 ||u||_2 (Young).
    return fft_convolution_bound<T>(padded, kernel_norms, norms) + direct * kernel_norms.one * norms.two;
  });
}

}  // namespace ssmscan::ssm::detail
