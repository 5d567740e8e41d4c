#pragma once
// w = log a of a discretised eigenvalue, kept so that the phase of a^l = e^{l w} does not drift with l (kernels/diagonal.hpp).
#include <cmath>
#include <complex>

#include <ssmscan/ssm/discretize.hpp>

namespace ssmscan::ssm::detail {

inline constexpr double unit_roundoff = 0x1p-53;

// w = log a as hi + lo, with |hi + lo - w| <= error.
struct logarithm {
  std::complex<double> hi;
  std::complex<double> lo;
  double error;
  bool vanishes;  // a = 0: only the tap at l = 0 is left
};

// log1p where 1 + q is far from 0, the logarithm of a modulus elsewhere (there log1p's argument has cancelled).
inline constexpr double log1p_limit = 0.5;

inline logarithm log_of_pole(std::complex<double> lambda, double step, discretization rule) {
  constexpr double u = unit_roundoff;
  std::complex<double> const v = step * lambda;
  double const x = v.real();
  double const y = v.imag();
  if (rule.kind() != discretization::family::gbt) {
    std::complex<double> const lo{std::fma(step, lambda.real(), -x), std::fma(step, lambda.imag(), -y)};
    return {v, lo, 0, false};
  }
  // a = ahead / behind, with 1 + (1-alpha) v and 1 - alpha v: |ahead|^2 - |behind|^2 = 2x + (1-2 alpha) |v|^2, hence log
  // |a| = log1p(that / |behind|^2) / 2; both angles have the sign of y, so their sum does not cancel.
  double const alpha = rule.alpha(), rest = 1 - alpha;
  double const ahead = std::hypot(1 + rest * x, rest * y);
  double const behind = std::hypot(1 - alpha * x, alpha * y);
  if (ahead == 0) return {{}, {}, 0, true};
  double const curvature = (1 - 2 * alpha) * (x * x + y * y);
  double const excess = (2 * x + curvature) / (behind * behind);
  bool const small = std::abs(excess) <= log1p_limit;
  double const modulus = small ? std::log1p(excess) / 2 : std::log(ahead / behind);
  std::complex<double> const w{modulus, std::atan2(rest * y, 1 + rest * x) + std::atan2(alpha * y, 1 - alpha * x)};
  // v's rounding, u |v| |dw/dv| with dw/dv = 1 / (ahead behind); hypot 3u and twice that in its square, quotient, log1p with
  // condition below 2: 14u |w| covers both parts; without log1p the moduli's 7u enter absolutely; the curvature 5u against
  // a sum in which it may cancel. Unless alpha is 0, 1/2 or 1, 1 - alpha and the products round: 3u of each part.
  bool const exact = alpha == 0 || alpha == 0.5 || alpha == 1;
  double const parts = exact ? 0 : 3 * std::abs(v) * (rest / ahead + alpha / behind);
  double const error = u * (std::abs(v) / (ahead * behind) + 14 * std::abs(w) + (small ? 0 : 7) + parts +
                            5 * std::abs(curvature) / (behind * behind));
  return {w, {}, error, false};
}

}  // namespace ssmscan::ssm::detail
