#pragma once
// x times the probability that a standard normal variable is below x (Hendrycks & Gimpel 2016).
#include <cmath>
#include <numbers>
#include <span>

#include <ssmscan/ssm/layers/matrix_view.hpp>

namespace ssmscan::ssm {

enum class gelu_form {
  exact,  // x/2 erfc(-x / sqrt 2)
  tanh    // x/2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))): what JAX and some checkpoints use
};

template <class T>
T gelu(T x, gelu_form form) {
  if (form == gelu_form::tanh) {
    constexpr T cubic = T(0.044715);
    T const root = std::sqrt(2 / std::numbers::pi_v<T>);
    return x / 2 * (1 + std::tanh(root * (x + cubic * x * x * x)));
  }
  return x / 2 * std::erfc(-x / std::numbers::sqrt2_v<T>);  // erfc: 1 + erf would cancel for negative x
}

// y[i] = gelu(x[i]); y may be x.
template <class T>
void gelu(std::span<T const> x, gelu_form form, std::span<T> y) {
  detail::require_size("y", y.size(), static_cast<index_t>(x.size()));
  for (std::size_t i = 0; i < x.size(); ++i) y[i] = gelu(x[i], form);
}

}  // namespace ssmscan::ssm
