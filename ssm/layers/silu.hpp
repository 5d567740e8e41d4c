#pragma once
// x sigmoid(x), smooth like a ReLU (Hendrycks & Gimpel 2016; Elfwing, Uchibe & Doya 2017).
#include <cmath>
#include <span>

#include <ssmscan/ssm/layers/matrix_view.hpp>

namespace ssmscan::ssm {

// 1 / (1 + e^-x): e^-x overflows to infinity only where the quotient is below the smallest normal number.
template <class T>
T sigmoid(T x) {
  return 1 / (1 + std::exp(-x));
}

template <class T>
T silu(T x) {
  return x / (1 + std::exp(-x));
}

// y[i] = silu(x[i]); y may be x.
template <class T>
void silu(std::span<T const> x, std::span<T> y) {
  detail::require_size("y", y.size(), static_cast<index_t>(x.size()));
  for (std::size_t i = 0; i < x.size(); ++i) y[i] = silu(x[i]);
}

}  // namespace ssmscan::ssm
