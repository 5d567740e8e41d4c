// Logarithms as (magnitude, phase): as exact as heinsen's bound takes them to be.
#include <cmath>
#include <complex>
#include <limits>
#include <numbers>
#include <random>

#include <gtest/gtest.h>

#include <ssmscan/scan/log_number.hpp>
#include <ssmscan/scan/reference/heinsen_bound.hpp>
#include <ssmscan/scan/reference/oracle.hpp>

namespace ssmscan {
namespace {

constexpr double u = 0x1p-53;

// What the oracle here adds of its own: glibc states at most 2 ulp for its long double functions, an ulp is at most epsilon.
constexpr long double library_error = 2 * std::numeric_limits<long double>::epsilon();

// Of log|v|, to second order: k ln 2 to 106 bits, double-double sums of 3 u^2, and the weight's own rounding; |k| ln 2 is
// at most |log v| + ln 2.
long double second_order(long double log_v) { return 16 * static_cast<long double>(u) * u * (std::abs(log_v) + 1); }

long double radians(phase_t p) {
  return static_cast<long double>(static_cast<std::int64_t>(p)) * 0x1p-63L * std::numbers::pi_v<long double>;
}

TEST(log_number, of_a_real_number_is_as_exact_as_the_bound_says) {
  std::mt19937_64 random(5);
  std::normal_distribution<double> normal;
  for (int i = 0; i < 200000; ++i) {
    double const v =
        i % 2 == 0 ? normal(random) * std::exp2(normal(random) * 8) : 1 + std::ldexp(normal(random), -(i % 52));
    auto const got = log_of(v);
    long double const truth = std::log(std::abs(static_cast<long double>(v)));
    long double const error = std::abs((got.magnitude.high - truth) + got.magnitude.low);
    ASSERT_LE(error, reference::detail::weigh_log(v).error * u + library_error * std::abs(truth) + second_order(truth))
        << v;
    EXPECT_EQ(got.phase, v < 0 ? half_turn : 0);
  }
}

// |v|^2, and |v|^2 - 1 where |v| is near 1, are exact in quadruple precision, or nearly: it holds the squares of doubles.
long double log_modulus(std::complex<double> v) {
  reference::quad const re = v.real(), im = v.imag(), square = re * re + im * im;
  bool const near_1 = square > 0.5 && square < 2;
  return near_1 ? std::log1p(static_cast<long double>(square - 1)) / 2 : std::log(static_cast<long double>(square)) / 2;
}

TEST(log_number, of_a_complex_number_is_as_exact_as_the_bound_says) {
  constexpr long double pi = std::numbers::pi_v<long double>, quantum = 2 * pi * 0x1p-64L;
  std::mt19937_64 random(5);
  std::normal_distribution<double> normal;
  for (int i = 0; i < 200000; ++i) {
    double const modulus =
        i % 2 == 0 ? normal(random) * std::exp2(normal(random) * 8) : 1 + std::ldexp(normal(random), -(i % 52));
    std::complex<double> const z = std::polar(std::abs(modulus), normal(random) * std::exp2(-(i % 60)));
    auto const got = log_of(z);
    long double const log = log_modulus(z), angle = std::atan2(static_cast<long double>(z.imag()), z.real());
    long double const magnitude_error = std::abs((got.magnitude.high - log) + got.magnitude.low);
    long double const angle_error = std::abs(std::remainder(radians(got.phase) - angle, 2 * pi));
    // The oracle's own: the square rounded to long double is half an epsilon of the logarithm; pi and its product with
    // the phase, and the difference's whole turn, are at most two roundings of pi each.
    long double const of_oracle = library_error * (std::abs(log) + std::abs(angle) + 1 + 2 * pi);
    ASSERT_LE(std::hypot(magnitude_error, angle_error),
              reference::detail::weigh_log(z).error * u + quantum + of_oracle + second_order(log))
        << z;
  }
}

}  // namespace
}  // namespace ssmscan
