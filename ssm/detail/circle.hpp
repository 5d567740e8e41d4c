#pragma once
// The circle on which a kernel's generating function is taken. At the roots of unity C~ = c (I - Ab^L) hides what a pole
// with lambda_b^L near 1 adds, for I - Ab^L has no inverse there; on |z| = r < 1, with C~ = c (I - r^L Ab^L),
//   r^l K[l] = the inverse transform of K^(z) = sum_{l < L} K[l] z^l = C~ (I - z Ab)^-1 Bb,   z = r e^{-i theta}
// and ||(I - r^L Ab^L)^-1|| <= 1 / (1 - r^L) wherever ||Ab|| <= 1. With r^L = 1/2 that is 2, and what a tap is off by
// grows by r^-l <= 2 at most; r = e^-sigma, sigma = ln 2 / L.
#include <cmath>
#include <numbers>
#include <utility>

#include <ssmscan/scan/concepts.hpp>

namespace ssmscan::ssm::detail {

inline constexpr double circle_power = 0.5;  // r^L

template <class Real>
Real half_sigma(index_t length) {
  return std::numbers::ln2_v<Real> / (2 * static_cast<Real>(length));
}

// r^-l, 0 <= l <= length.
template <class Real>
Real circle_growth(index_t l, index_t length) {
  return std::exp2(static_cast<Real>(l) / static_cast<Real>(length));
}

// theta/2 = pi k / L of root k: its sine and cosine, exact at 0 and at pi/2.
template <class Real>
std::pair<Real, Real> half_angle(index_t k, index_t length) {
  if (2 * k == length) return {1, 0};
  Real const angle = std::numbers::pi_v<Real> * static_cast<Real>(k) / static_cast<Real>(length);
  return {std::sin(angle), std::cos(angle)};
}

}  // namespace ssmscan::ssm::detail
