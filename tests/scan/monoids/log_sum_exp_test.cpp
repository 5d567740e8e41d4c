// Addition of numbers kept as logarithms: each combine against the error that the bounds' proofs give it.
#include <cmath>
#include <complex>
#include <limits>
#include <numbers>
#include <random>

#include <gtest/gtest.h>

#include <ssmscan/scan/monoids/log_sum_exp.hpp>
#include <ssmscan/scan/reference/bounds.hpp>
#include <ssmscan/scan/reference/heinsen_bound.hpp>

namespace ssmscan {
namespace {

// One combine of 1 and w, |w| <= 1: error <= rounding u |w|, which is what the bound's proof stands on. Opposite and nearly
// opposite phases, and ratios next to 1, are where it is hard. The oracle works on what is beside the 1, in long double,
// so that its own error is relative to w too: e^L (cos + i sin) - 1 = expm1(L) cos - 2 sin^2(half) + i e^L sin, of which no
// part exceeds |w|.
long double radians(phase_t p) {
  return static_cast<long double>(static_cast<std::int64_t>(p)) * 0x1p-63L * std::numbers::pi_v<long double>;
}
std::complex<long double> minus_one(log_number const& v) {
  long double const log = static_cast<long double>(v.magnitude.high) + v.magnitude.low, angle = radians(v.phase),
                    half = std::sin(angle / 2);
  return {std::expm1(log) * std::cos(angle) - 2 * half * half, std::exp(log) * std::sin(angle)};
}

template <number_kind Kind>
void check_combine() {
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> uniform(-1, 1);
  extended_log_sum_exp<Kind> const combine;
  for (int i = 0; i < 200000; ++i) {
    phase_t angle = random();
    if (Kind == number_kind::real)
      angle = i % 2 == 0 ? half_turn : 0;
    else if (i % 3 == 0)
      angle = half_turn + (random() >> (random() % 64)) - (random() >> (random() % 64));
    double const gap = i % 5 == 0 ? 0 : std::exp2(20 * uniform(random) - 14);
    log_number const one{{0, 0}, 0}, smaller{{-gap, 0}, angle};
    auto const sum = i % 2 == 0 ? combine(one, smaller) : combine(smaller, one);
    long double const size = std::exp(-static_cast<long double>(gap));
    std::complex<long double> const w(size * std::cos(radians(angle)), size * std::sin(radians(angle)));
    // Three parts of one side and two of the other, each of a function or two of glibc (at most 2 ulp each), an angle
    // rounded (at most pi of them) and a product. A unit of the phase moves the sum, at most 2.
    constexpr long double of_oracle =
        5 * (4 + std::numbers::pi_v<long double> + 1) * std::numeric_limits<long double>::epsilon();
    constexpr long double quantum = Kind == number_kind::real ? 0 : 2 * std::numbers::pi_v<long double> * 0x1p-64L;
    long double const allowed = size * (combine.rounding * 0x1p-53L + of_oracle) + 2 * quantum;
    ASSERT_LE(std::abs(minus_one(sum) - w), allowed) << "gap " << gap << ", angle " << angle << ", case " << i;
  }
}
TEST(extended_log_sum_exp, errs_by_a_few_roundings_of_the_smaller_operand) {
  check_combine<number_kind::real>();
  check_combine<number_kind::complex>();
}

// What log_sum_exp<double> may err by in v + w, in u: the errors of the C library (reference/bounds.hpp; log1p as log),
// and a rounding of each sum of logarithms, all to first order. The ratio r = smaller / greater reaches v + w =
// greater (1 +- r) as an absolute error, times greater; everything else is relative to v + w.
double error_of_sum(double v, double w) {
  constexpr double library_exp_error = reference::c_library.exp, library_log_error = reference::c_library.log;
  double const greater = std::max(std::abs(v), std::abs(w)), smaller = std::min(std::abs(v), std::abs(w)),
               sum = std::abs(v + w);
  if (greater == 0) return 0;
  double const log_greater = std::abs(std::log(greater));
  if (smaller == 0) return greater * (library_log_error * log_greater + library_exp_error);
  double const log_smaller = std::abs(std::log(smaller)), log_ratio = std::log(greater / smaller);
  double const of_ratio = library_log_error * (log_greater + log_smaller) + log_ratio + library_exp_error;
  double of_sum = 0;
  if (sum > 0)  // else the logarithms are equal, and 0 is exact
    of_sum = library_log_error * (log_greater + std::abs(std::log(sum / greater))) + std::abs(std::log(sum)) +
             library_exp_error;
  return smaller * of_ratio + sum * of_sum;
}

TEST(log_sum_exp, adds_signed_numbers) {
  log_sum_exp<double> const combine;
  using log = signed_log<double>;
  for (double v : {3.0, -2.0, 0.5, 0.0, 1e300, -1e-300})
    for (double w : {1.0, -3.0, 0.25, 0.0, -1e300}) {
      double const u = reference::unit_roundoff<double>, rounding_of_truth = u * std::abs(v + w);
      EXPECT_NEAR(combine(log::of(v), log::of(w)).value(), v + w,
                  reference::inflation * (u * error_of_sum(v, w) + rounding_of_truth));
      EXPECT_EQ(combine(combine.identity(), log::of(w)), log::of(w));
      EXPECT_EQ(combine(log::of(w), combine.identity()), log::of(w));
    }
  double const infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(combine(log::of(infinity), log::of(infinity)).value(), infinity);
  EXPECT_TRUE(std::isnan(combine(log::of(infinity), log::of(-infinity)).value()));
}

}  // namespace
}  // namespace ssmscan
