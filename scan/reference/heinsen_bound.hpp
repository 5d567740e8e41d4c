#pragma once
// How far heinsen's x[t] may be from the exact one, element by element, for any inner algorithm. With u = 2^-53 (the
// arithmetic within, for float inputs too), P(t,s) = a[t] ... a[s+1], and d the most right-operand steps an element
// passes through in the inner tree (algorithm_info::roundings):
//
//   u [ M + (kappa d + final + leaf) S ]  +  quantum [ 2 N + (d + 2) S ]  +  u^2 [ 20 (t + 2) G S ]     the logarithms
//   + u_T S + V + underflow                                                                            the result in T
//
//   S = sum |P||b[s]|     M[t] = |a[t]| (M[t-1] + l[t] S[t-1])     N[t] = |a[t]| (N[t-1] + S[t-1])
//   V[t] = |a[t]| V[t-1], V[0] = rounding of the first step that takes an initial state in
//
// l[t] u is the absolute error of log a[t], kappa u that of one log-sum-exp relative to its smaller operand, quantum
// the unit of the phase in radians (complex only), G the greatest logarithm met. docs/algorithms/heinsen.md derives
// each; the second-order terms are inside `slack`. Where runs are joined as affine maps in double (heinsen.fused),
// u (N + d S) besides. Tests and benchmarks only.
#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <numbers>
#include <optional>
#include <span>
#include <vector>

#include <ssmscan/scan/arithmetic.hpp>
#include <ssmscan/scan/monoids/log_sum_exp.hpp>
#include <ssmscan/scan/reference/math_library.hpp>

namespace ssmscan::reference {

// In u, of what heinsen does with one number, given how exact the library is.
template <class T>
struct heinsen_constants {
  math_library library;

  static constexpr double eighth_turn = std::numbers::pi / 4;
  static constexpr double fma_error = 1;

  // |v| from a double-double exponent: exp, and one fma for its low part.
  constexpr double magnitude_error() const { return library.exp + fma_error; }
  // A unit vector: sine and cosine, of an angle <= eighth_turn with three roundings (to double, the constant, the
  // product).
  constexpr double direction_error() const { return library.sine + 3 * eighth_turn; }
  constexpr double final_error() const {
    return is_complex<T> ? magnitude_error() + direction_error() + 1 : magnitude_error();
  }
  // log|v| = e ln 2 + log m: real m in [1/sqrt 2, sqrt 2), log. Complex m^2 there, log1p of a rounded argument, whose
  // rounding reaches the logarithm at most s / ((1+s) log(1+s)) <= 1.2 times as large for s = m^2 - 1.
  constexpr double complex_log_error() const { return library.log1p + 1.2; }
  // Of log b: the most that l can be.
  constexpr double leaf_error() const {
    return is_complex<T> ? complex_log_error() * std::numbers::ln2 / 4 + library.atan2 * eighth_turn
                         : library.log * std::numbers::ln2 / 2;
  }
  // Of one log-sum-exp, relative to its smaller operand. Real: the ratio, and log1p, whose error meets
  // (1 + w) log(1 + w) <= 2 ln 2 w. Complex: w = ratio * direction; the magnitude by log1p (3 for the roundings of its
  // argument, half of log1p of a square); the phase by one sum and one atan2, whose angle to the nearest axis times |1+w|
  // is <= 1.12 |w|.
  constexpr double combine_error() const {
    double const real = magnitude_error() + library.log1p * 2 * std::numbers::ln2;
    return is_complex<T> ? real + direction_error() + 1 + 3 + 1 + library.atan2 * 1.12 : real;
  }
};

// What the monoid says of itself holds by the C library.
static_assert(heinsen_constants<double>{c_library}.combine_error() <=
              extended_log_sum_exp<number_kind::real>::rounding);
static_assert(heinsen_constants<std::complex<double>>{c_library}.combine_error() <=
              extended_log_sum_exp<number_kind::complex>::rounding);

namespace detail {

// Error of log v in units of u, except the phase's quantum; and |log v|.
struct log_weight {
  double error;
  double size;
};
template <class T>
log_weight weigh_log(T const& v, heinsen_constants<T> const& constants = {c_library}) {
  if constexpr (is_complex<T>) {
    long double const re = v.real(), im = v.imag(), modulus = std::hypot(re, im);
    long double const log_square = 2 * std::log(modulus);
    long double const m = std::remainder(log_square, std::numbers::ln2_v<long double>);  // log m^2, at most ln 2 / 2
    long double const angle = std::atan2(std::min(std::abs(re), std::abs(im)), std::max(std::abs(re), std::abs(im)));
    return {static_cast<double>(constants.complex_log_error() * std::abs(m) / 2 + constants.library.atan2 * angle),
            static_cast<double>(std::abs(log_square) / 2)};
  } else {
    double const log = std::log(std::abs(static_cast<double>(v)));
    return {constants.library.log * std::abs(std::remainder(log, std::numbers::ln2)), std::abs(log)};
  }
}

}  // namespace detail

// |heinsen's x[t] - x[t]| <= result[t], for one sequence of finite a and b (a[0] is read only with an initial state).
// Infinite where x may overflow T.
template <class T>
std::vector<double> heinsen_bound(std::span<T const> a, std::span<T const> b, index_t roundings,
                                  std::optional<T> initial = {}, math_library const& library = c_library) {
  heinsen_constants<T> const constants{library};
  using real = decltype(std::abs(T()));
  using wide = long double;  // sums that leave double's range and come back
  constexpr wide u = 0x1p-53, slack = 1 + 1e-5;
  constexpr wide quantum = is_complex<T> ? 2 * std::numbers::pi * 0x1p-64 : 0;
  constexpr wide u_result = std::numeric_limits<real>::epsilon() / 2;
  constexpr wide underflow = 3 * static_cast<wide>(std::numeric_limits<real>::denorm_min());
  auto const modulus = [](T const& v) -> wide {
    if constexpr (is_complex<T>)
      return std::hypot(static_cast<wide>(v.real()), static_cast<wide>(v.imag()));
    else
      return std::abs(static_cast<wide>(v));
  };
  wide const d = static_cast<wide>(roundings);
  wide const combine =
      std::max(constants.combine_error(),
               extended_log_sum_exp < is_complex<T> ? number_kind::complex : number_kind::real > ::rounding);

  std::vector<double> bound;
  bound.reserve(b.size());
  wide S = 0, M = 0, N = 0, V = 0, sum_of_logs = 0, greatest_log_b = 0;
  T weighed{};  // the last a: a time-invariant system has one, and its logarithms cost most of all this
  detail::log_weight weight{};
  for (std::size_t t = 0; t < b.size(); ++t) {
    wide const size_a = t > 0 ? modulus(a[t]) : 0;
    wide size_b = modulus(b[t]);
    if (size_a == 0) M = N = V = S = sum_of_logs = greatest_log_b = 0;  // a restart, in the algorithm too
    if (t == 0 && initial) {
      size_b += modulus(a[0]) * modulus(*initial);
      V = 2 * u_result * (1 + 2 * u_result) * size_b + underflow;  // 2: a complex multiply_add
    }
    if (size_a != 0) {
      if (a[t] != weighed) weight = detail::weigh_log(weighed = a[t], constants);
      M = size_a * (M + weight.error * S);
      N = size_a * (N + S);
      V = size_a * V;
      sum_of_logs += weight.size;
    }
    S = size_a * S + size_b;
    if (size_b != 0) greatest_log_b = std::max(greatest_log_b, std::abs(std::log(size_b)));
    auto const count = static_cast<wide>(t + 2);
    wide const G = sum_of_logs + greatest_log_b + std::log(count) + 1;
    wide const logs = u * (M + (combine * d + constants.final_error() + constants.leaf_error()) * S) +
                      quantum * (2 * N + (d + 2) * S) + u * library.products * (N + d * S) + u * u * 20 * count * G * S;
    wide const narrowing = std::same_as<real, double> ? 0 : u_result * (S + logs);
    wide const total = slack * (logs + narrowing + V) + underflow;
    bool const may_overflow = slack * (S + total) > static_cast<wide>(std::numeric_limits<real>::max());
    bound.push_back(may_overflow ? std::numeric_limits<double>::infinity() : static_cast<double>(total));
  }
  return bound;
}

}  // namespace ssmscan::reference
