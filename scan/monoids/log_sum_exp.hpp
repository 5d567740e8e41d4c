#pragma once
// Addition of numbers that are kept as logarithms, signs and phases included: log(v1 + v2) = log v1 + log(1 + v2/v1)
// with v1 the greater. Two precisions:
//
//   log_sum_exp<T>           log|v| in T and a sign: the everyday form. Each rounding costs |log|v|| u of v.
//   extended_log_sum_exp<K>  log_number: log|v| in double-double and a phase; K is real_kind or complex_kind. Here a
//                            combine errs by at most `rounding` u times the *smaller* operand (docs/algorithms/
//                            heinsen.md derives it), as if the two had been added as plain numbers.
//
// Zero is log|v| = -infinity and is neutral. Infinities of one sign (phase) stay, of different ones give NaN. NaN
// stays.
#include <algorithm>
#include <concepts>

#include <ssmscan/scan/log_number.hpp>

namespace ssmscan {

enum class log_sign : std::uint8_t { positive, negative };

// +-exp(magnitude).
template <std::floating_point T>
struct signed_log {
  T magnitude;
  log_sign sign;
  friend bool operator==(signed_log const&, signed_log const&) = default;

  SSMSCAN_HOST_DEVICE static signed_log of(T v) {
    return {std::log(std::abs(v)), std::signbit(v) ? log_sign::negative : log_sign::positive};
  }
  SSMSCAN_HOST_DEVICE T value() const {
    return sign == log_sign::negative ? -std::exp(magnitude) : std::exp(magnitude);
  }
};

template <std::floating_point T>
struct log_sum_exp {
  using value_type = signed_log<T>;

  SSMSCAN_HOST_DEVICE value_type identity() const { return {-std::numeric_limits<T>::infinity(), log_sign::positive}; }
  SSMSCAN_HOST_DEVICE value_type operator()(value_type const& earlier, value_type const& later) const {
    bool const later_is_greater = earlier.magnitude < later.magnitude;
    value_type const& greater = later_is_greater ? later : earlier;
    value_type const& smaller = later_is_greater ? earlier : later;
    if (std::isnan(smaller.magnitude)) return smaller;
    if (smaller.magnitude == -std::numeric_limits<T>::infinity()) return greater;
    bool const same = greater.sign == smaller.sign;
    if (same && std::isinf(greater.magnitude)) return greater;
    T const ratio = std::exp(smaller.magnitude - greater.magnitude);
    return {greater.magnitude + std::log1p(same ? ratio : -ratio), greater.sign};
  }
};

// Products of log_numbers. A product never meets zero here: heinsen restarts at one instead.
struct log_product {
  using value_type = log_number;
  SSMSCAN_HOST_DEVICE value_type identity() const { return {}; }
  SSMSCAN_HOST_DEVICE value_type operator()(value_type const& earlier, value_type const& later) const {
    return earlier * later;
  }
};

enum class number_kind { real, complex };

template <number_kind Kind>
struct extended_log_sum_exp {
  using value_type = log_number;

  // Of a combine: error <= rounding * 2^-53 * |smaller operand|, to first order.
  static constexpr double rounding = Kind == number_kind::real ? 5.0 : 16.0;

  // log v as a term of a sum. Among real zeros the sign of a sum is that of the last +0 moved on by the factors after it:
  // where all is zero, x = fma(a, x, -0) is a x, and fma(a, x, +0) is +0. So +0 is marked, in a bit of the phase that no
  // real number uses: of two zeros a marked later one counts, and -0 is neutral.
  template <class T>
  SSMSCAN_HOST_DEVICE static value_type term(T const& v) {
    value_type made = log_of(v);
    if constexpr (Kind == number_kind::real)
      if (made.magnitude.high == no_magnitude && made.phase == 0) made.phase = plus_zero;
    return made;
  }

  SSMSCAN_HOST_DEVICE value_type identity() const { return {{no_magnitude, 0.0}, 0}; }
  SSMSCAN_HOST_DEVICE value_type operator()(value_type const& earlier, value_type const& later) const {
    bool const later_is_greater = earlier.magnitude < later.magnitude;
    value_type const& greater = later_is_greater ? later : earlier;
    value_type const& smaller = later_is_greater ? earlier : later;
    if (std::isnan(smaller.magnitude.high)) return smaller;
    if (smaller.magnitude.high == no_magnitude) {
      if constexpr (Kind == number_kind::real)
        if (greater.magnitude.high == no_magnitude && later.phase % half_turn == plus_zero) return later;
      return greater;
    }
    phase_t const angle = smaller.phase - greater.phase;
    if (angle == 0 && std::isinf(greater.magnitude.high)) return greater;
    double const ratio = exp_of(smaller.magnitude - greater.magnitude);
    if constexpr (Kind == number_kind::real) {
      return {greater.magnitude + std::log1p(angle == half_turn ? -ratio : ratio), greater.phase};
    } else {
      return one_plus(ratio, angle, greater);
    }
  }

 private:
  static constexpr phase_t plus_zero = 1;

  // greater * (1 + ratio e^(i angle)). Where 1 + w nearly cancels, |1 + w|^2 is the sum of the squares of its parts,
  // which then are exact or nearly so; elsewhere it is 1 + ratio (2 cos + ratio), and log1p takes what is beside the 1.
  SSMSCAN_HOST_DEVICE static value_type one_plus(double ratio, phase_t angle, value_type const& greater) {
    constexpr double nearly_cancels = -0.5;  // of Re w: 1 + Re w is exact from here to -1 (Sterbenz)
    auto const [cosine, sine] = detail::unit_vector_of(angle);
    double const imaginary = std::fma(ratio, sine, 0.0);
    double const real = std::fma(ratio, cosine, 0.0);
    double const one_plus_real = 1.0 + real;
    double log_square = 0.0;
    if (real < nearly_cancels) {
      log_square = std::log(std::fma(one_plus_real, one_plus_real, std::fma(imaginary, imaginary, 0.0)));
    } else {
      log_square = std::log1p(std::fma(ratio, std::fma(2.0, cosine, ratio), 0.0));
    }
    bool const vanishes = one_plus_real == 0.0 && imaginary == 0.0;
    phase_t const turned = vanishes || std::isnan(log_square) ? 0 : detail::phase_of(one_plus_real, imaginary);
    return {greater.magnitude + log_square / 2, greater.phase + turned};
  }
};

}  // namespace ssmscan
