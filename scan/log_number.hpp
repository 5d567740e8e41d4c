#pragma once
// Real and complex numbers as (log magnitude, phase). The log magnitude is a double-double, because a prefix sum of
// logarithms must cancel against another to leave log|x|: it is its absolute error that becomes the relative error of
// x. The phase is a 64-bit fraction of a turn, which wraps by itself: phases add exactly and associatively, and a sign
// is half a turn, so that real numbers are the case of phases 0 and 1/2. Zero is magnitude -infinity.
//
// Logarithms are split as e ln 2 + log m with m in [1/sqrt 2, sqrt 2): the first part is exact to 106 bits, the error
// of the second is relative to log m, so at most 0.37u in all and far less near |v| = 1 (u = 2^-53).
#include <bit>
#include <complex>
#include <cstdint>
#include <limits>
#include <numbers>

#include <ssmscan/scan/arithmetic.hpp>
#include <ssmscan/scan/double_double.hpp>

namespace ssmscan {

using phase_t = std::uint64_t;  // in units of 2^-64 turn
inline constexpr phase_t half_turn = phase_t{1} << 63;
inline constexpr phase_t quarter_turn = phase_t{1} << 62;

struct log_number {
  double_double magnitude;  // log|v|
  phase_t phase;
  friend bool operator==(log_number const&, log_number const&) = default;
};

inline constexpr double no_magnitude = -std::numeric_limits<double>::infinity();  // log 0

// Multiplication and division.
SSMSCAN_HOST_DEVICE inline log_number operator*(log_number const& p, log_number const& q) {
  return {p.magnitude + q.magnitude, p.phase + q.phase};
}
SSMSCAN_HOST_DEVICE inline log_number operator/(log_number const& p, log_number const& q) {
  return {p.magnitude - q.magnitude, p.phase - q.phase};
}

namespace detail {

// k ln 2 to 106 bits.
SSMSCAN_HOST_DEVICE inline double_double times_ln2(double k) {
  constexpr double ln2 = 0x1.62e42fefa39efp-1, ln2_rest = 0x1.abc9e3b39803fp-56;
  double_double const product = two_prod(k, ln2);
  return fast_two_sum(product.high, std::fma(k, ln2_rest, product.low));
}

// An angle of at most an eighth of a turn either way, from radians; one unit of the phase, and no rounding before it.
SSMSCAN_HOST_DEVICE inline phase_t phase_of_radians(double radians) {
  constexpr double units = 0x1.45f306dc9c883p+61, units_rest = -0x1.6b01ec5417056p+7;  // 2^64 / (2 pi)
  double_double const product = two_prod(radians, units);
  double const rest = std::fma(radians, units_rest, product.low);
  return static_cast<phase_t>(std::llrint(product.high)) + static_cast<phase_t>(std::llrint(rest));
}

struct unit_vector {
  double cosine;
  double sine;
};

// The nearest quarter turn is taken off exactly, so that the axes are exact and the angle left is at most pi/4.
SSMSCAN_HOST_DEVICE inline unit_vector unit_vector_of(phase_t phase) {
  constexpr double radians_per_unit = 0x1.921fb54442d18p-62;  // 2 pi / 2^64
  phase_t const quarter = (phase + quarter_turn / 2) / quarter_turn;
  auto const rest = std::bit_cast<std::int64_t>(phase - quarter * quarter_turn);
  double const radians = static_cast<double>(rest) * radians_per_unit;
  double const c = std::cos(radians), s = std::sin(radians);
  switch (quarter % 4) {
    case 0:
      return {c, s};
    case 1:
      return {-s, c};
    case 2:
      return {-c, -s};
    default:
      return {s, -c};
  }
}

// atan2, with the angle to the nearest axis rounded, not the whole angle. Not both parts are 0.
SSMSCAN_HOST_DEVICE inline phase_t phase_of(double real, double imaginary) {
  bool const near_real_axis = std::abs(imaginary) <= std::abs(real);
  phase_t turned = 0;
  if (std::signbit(near_real_axis ? real : imaginary)) real = -real, imaginary = -imaginary, turned = half_turn;
  return near_real_axis ? turned + phase_of_radians(std::atan2(imaginary, real))
                        : turned + quarter_turn - phase_of_radians(std::atan2(real, imaginary));
}

}  // namespace detail

// log v of a real number.
SSMSCAN_HOST_DEVICE inline log_number log_of(double v) {
  phase_t const phase = std::signbit(v) ? half_turn : 0;
  double const magnitude = std::abs(v);
  if (!(magnitude > 0.0) || !std::isfinite(magnitude)) return {{std::log(magnitude), 0.0}, phase};
  int exponent = 0;
  double m = std::frexp(magnitude, &exponent);  // [1/2, 1)
  if (m < std::numbers::sqrt2 / 2) m *= 2, --exponent;
  return {detail::times_ln2(exponent) + std::log(m), phase};
}

// log v of a complex number: |v|^2 = n 2^e with n in [1/sqrt 2, sqrt 2) is formed to 106 bits, so that log1p(n - 1) is
// accurate where |v| is next to 1.
SSMSCAN_HOST_DEVICE inline log_number log_of(std::complex<double> v) {
  double real = v.real(), imaginary = v.imag();
  double const greater = std::fmax(std::abs(real), std::abs(imaginary));
  if (std::isnan(real) || std::isnan(imaginary)) return {{std::numeric_limits<double>::quiet_NaN(), 0.0}, 0};
  if (greater == 0.0) return {{no_magnitude, 0.0}, std::signbit(real) ? half_turn : 0};
  if (std::isinf(greater)) {  // an infinite part outweighs a finite one
    real = std::copysign(std::isinf(real) ? 1.0 : 0.0, real);
    imaginary = std::copysign(std::isinf(imaginary) ? 1.0 : 0.0, imaginary);
    return {{greater, 0.0}, detail::phase_of(real, imaginary)};
  }
  int exponent = std::ilogb(greater);
  real = std::scalbn(real, -exponent), imaginary = std::scalbn(imaginary, -exponent);
  double_double n = two_prod(real, real) + two_prod(imaginary, imaginary);  // [1, 8)
  exponent *= 2;
  while (n.high >= std::numbers::sqrt2) n.high /= 2, n.low /= 2, ++exponent;
  double const log_n = std::log1p((n + -1.0).high);
  return {detail::times_ln2(exponent * 0.5) + log_n * 0.5, detail::phase_of(real, imaginary)};
}
SSMSCAN_HOST_DEVICE inline log_number log_of(float v) { return log_of(static_cast<double>(v)); }
SSMSCAN_HOST_DEVICE inline log_number log_of(std::complex<float> v) {
  // By parts: the conversion of the whole is a compiler's extension.
  return log_of(std::complex<double>(static_cast<double>(v.real()), static_cast<double>(v.imag())));
}

// e^z for a double-double z: overflows to infinity, underflows gradually.
SSMSCAN_HOST_DEVICE inline double exp_of(double_double const& z) {
  double const e = std::exp(z.high);
  return std::isfinite(e) ? std::fma(e, z.low, e) : e;
}

// The number itself, in type T, rounded once more where T is narrower than double.
template <class T>
SSMSCAN_HOST_DEVICE T exp_of(log_number const& v) {
  double const magnitude = exp_of(v.magnitude);
  if constexpr (is_complex<T>) {
    using real = typename T::value_type;
    auto const [cosine, sine] = detail::unit_vector_of(v.phase);
    auto const part = [=](double direction) {  // an exact 0 stays 0 beside an infinity
      return static_cast<real>(direction == 0.0 && !std::isnan(magnitude) ? direction : magnitude * direction);
    };
    return T(part(cosine), part(sine));
  } else {
    return static_cast<T>(v.phase >= half_turn ? -magnitude : magnitude);
  }
}

}  // namespace ssmscan
