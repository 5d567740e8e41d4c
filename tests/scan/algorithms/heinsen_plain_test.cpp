// The paper's formula, kept to show its error.
#include <cmath>
#include <numbers>

#include "tests/scan/algorithms/heinsen_common.hpp"
#include "tests/worst.hpp"

#include <ssmscan/scan/reference/bounds.hpp>

namespace ssmscan::heinsen_tests {
namespace {

// The formula's error, and what the sizes of its logarithms say of it, each the largest over the sequence.
struct plain_error {
  double of_s = 0;      // in u S
  double of_bound = 0;  // over what is allowed at its place
  double most = 0;      // what is allowed, in u S
  double least = 0;     // what the formula cannot do without, in u S
};

// Allowed, in u, each where it is made: a rounding of a* (|a*|) and of log a, which shift every term so far, S; of log b
// and of log b - a*, on b; of the difference of two logarithms and of its exp, on the smaller of the two terms; of 1 + w, of
// its log and of the sum, on x; of a* + sum and its exp, on x at the end. glibc states at most 3 ulp for clog and cexp.
//
// Least: a* and the log-sum are multiples of the last place of the smaller, q = 2u 2^floor(log2 of it), and so is what they
// add up to, so that log |x| is missed by its distance d from the nearest multiple: |x| (1 - exp(-d)), but for exp's error.
// The error of the phase counts by its square; of n steps it is at most n q, and for double that is nothing.
template <class T>
plain_error plain(family f, index_t n) {
  using log = std::complex<reference::real_t<T>>;
  constexpr double u = reference::unit_roundoff<T>, library = 3 * 2;
  auto const size = [](auto const& v) { return static_cast<double>(std::abs(v)); };
  auto const data = reference::generate<T>(f, 5, n);
  oracle<T> const truth(data.a, data.b);
  auto const x = run(data.a, data.b, {"heinsen.plain", "serial"});
  plain_error worst;
  log a_star(0), sum = std::log(log(data.b[0]));
  double by_a_star = 0, by_sum = size(data.b[0]) * library * size(sum);
  for (index_t t = 1; t < n; ++t) {
    auto const i = static_cast<std::size_t>(t);
    double const a = size(data.a[i]), b = size(data.b[i]), x_now = size(truth.value(t)),
                 past = a * size(truth.value(t - 1)), us = u * truth.at(t).s;
    log const log_a = std::log(log(data.a[i])), log_b = std::log(log(data.b[i]));
    a_star += log_a;
    log const leaf = log_b - a_star, difference = leaf.real() > sum.real() ? sum - leaf : leaf - sum,
              log_1_w = std::log(reference::real_t<T>(1) + std::exp(difference));
    sum = (leaf.real() > sum.real() ? leaf : sum) + log_1_w;

    by_a_star = a * (by_a_star + (library * size(log_a) + size(a_star)) * truth.at(t - 1).s);
    by_sum = a * by_sum + b * (library * size(log_b) + size(leaf)) + std::min(past, b) * (size(difference) + library) +
             x_now * (1 + library * size(log_1_w) + size(sum));
    double const error = truth.error(t, x[i]),
                 allowed = reference::inflation * u * (by_a_star + by_sum + x_now * (size(a_star + sum) + library));
    worst.of_s = tests::worse(worst.of_s, tests::share(error, us));
    worst.of_bound = tests::worse(worst.of_bound, tests::share(error, allowed));
    worst.most = tests::worse(worst.most, tests::share(allowed, us));

    double const smaller = std::min(size(a_star.real()), size(sum.real())),
                 q = 2 * u *
                     std::exp2(std::floor(std::log2(0.99 * smaller))),  // 0.99: drawn again, not the very numbers
        d = std::abs(std::remainder(std::log(x_now), q));
    worst.least = std::max(worst.least, x_now * (-std::expm1(-d) - (library + 2) * u) / us);
  }
  return worst;
}

// Right while |a*| is small, without digits where |a*| u nears 1. fast: |a*| = 1.6 n. signed: real data by complex
// logarithms (and fast: its b has both signs). At 2^16 steps the formula must lose more than it may at 2^8. (In float
// the phases of signed lose so much that they could make up for it: nothing is asked there but the bound.)
TEST(heinsen_plain, loses_digits_as_the_logarithms_grow) {
  auto const must_lose = [](plain_error const& later, plain_error const& earlier) {
    EXPECT_GE(later.of_s, later.least);
    EXPECT_GT(later.least, earlier.most);
  };
  for (family f : {family::fast, family::sign_changing}) {
    SCOPED_TRACE(std::string(reference::name_of(f)));
    auto const real = plain<double>(f, 256), complex = plain<std::complex<double>>(f, 256),
               later = plain<double>(f, 65536), single = plain<float>(f, 256), later_single = plain<float>(f, 65536);
    for (auto const& found : {real, complex, single, later, later_single}) EXPECT_LE(found.of_bound, 1);
    must_lose(later, real);
    if (f == family::fast) must_lose(later_single, single);
  }
}

TEST(heinsen_plain, gives_what_the_formula_gives_at_zeros) {
  std::vector<double> const a{1, 0.5, 0.5, 0, 0.5}, b{0, 1, 0, 1, 1};
  auto const x = run(a, b, {"heinsen.plain", "serial"});
  EXPECT_EQ(x[0], 0);  // b = 0 is a term that is not there
  EXPECT_EQ(x[1], 1);  // exp(a* + (log 1 - a*))
  // exp(a*[2] - a*[1]), the difference log 1/2: log (2u) twice and two sums, of logarithms up to 2 ln 2; exp.
  EXPECT_NEAR(x[2], 0.5, 0.5 * 0x1p-53 * ((2 * 2 + 2) * 2 * std::numbers::ln2 + reference::c_library.exp));
  EXPECT_TRUE(std::isnan(x[3]) && std::isnan(x[4]));  // -inf + inf
}

// The formula with a* and its log-sum each in a type of its own, in u of float: the largest error of log x, and how far the
// log-sum's own roundings, each with the part of x that it is still part of, would take a random walk.
struct sums_error {
  double of_log_x = 0, walk = 0;
};
template <class AStar, class Sum>
sums_error error_of_sums(reference::sequence<float> const& data) {
  AStar a_star(0);
  Sum sum = std::log(static_cast<Sum>(data.b[0]));
  double exact_a = 0, exact_sum = std::log(static_cast<double>(data.b[0])), squares = 0;
  sums_error worst;
  auto const log_add = [](auto earlier, auto later) {
    auto const greater = std::max(earlier, later);
    return greater + std::log1p(std::exp(std::min(earlier, later) - greater));
  };
  for (std::size_t t = 1; t < data.a.size(); ++t) {
    a_star += std::log(static_cast<AStar>(data.a[t]));
    double const log_b = std::log(static_cast<double>(data.b[t])),
                 unrounded = log_add(static_cast<double>(sum), log_b - static_cast<double>(a_star)),
                 kept = std::exp(static_cast<double>(sum) - unrounded);
    sum = log_add(sum, std::log(static_cast<Sum>(data.b[t])) - static_cast<Sum>(a_star));
    squares = kept * kept * squares + (static_cast<double>(sum) - unrounded) * (static_cast<double>(sum) - unrounded);
    exact_a += std::log(static_cast<double>(data.a[t]));
    exact_sum = log_add(exact_sum, log_b - exact_a);
    worst.of_log_x = tests::worse(
        worst.of_log_x, std::abs(static_cast<double>(a_star) + static_cast<double>(sum) - exact_a - exact_sum));
    worst.walk = tests::worse(worst.walk, std::sqrt(squares));
  }
  constexpr double u = reference::unit_roundoff<float>;
  return {worst.of_log_x / u, worst.walk / u};
}

// How far a* is from the sum of the logarithms, and how far its roundings would take a random walk, in u.
struct a_star_error {
  double drift = 0, walk = 0;
};
a_star_error error_of_a_star(reference::sequence<float> const& data) {
  float a_star = 0;
  double exact = 0, drift = 0, squares = 0;
  for (std::size_t t = 1; t < data.a.size(); ++t) {
    double const unrounded = static_cast<double>(a_star) + static_cast<double>(std::log(data.a[t]));
    a_star += std::log(data.a[t]);
    squares += (static_cast<double>(a_star) - unrounded) * (static_cast<double>(a_star) - unrounded);
    exact += std::log(static_cast<double>(data.a[t]));
    drift = tests::worse(drift, std::abs(static_cast<double>(a_star) - exact));
  }
  constexpr double u = reference::unit_roundoff<float>;
  return {drift / u, std::sqrt(squares) / u};
}

constexpr index_t explained = 1 << 16;
reference::sequence<float> ladder(double delta) { return reference::near1_ladder<float>(delta, 1, explained); }
reference::sequence<float> growing() { return reference::generate<float>(family::growth, 1, explained); }

// docs/algorithms/heinsen.md says why the formula is far above |a*| u where a is near 1, in words that follow here from the
// formula. A walk of n steps of either sign is nowhere beyond a quarter of its deviation once in 3e8 (the first term of the
// series for a walk between two walls, 4/pi exp(-16 pi^2/8)), and is somewhere beyond four of them once in 8000 (twice the
// tail of the normal distribution on each side).
TEST(heinsen_plain, why_it_is_above_its_law) {
  constexpr double u = reference::unit_roundoff<float>;
  // Next to 1 it is the log-sum: its roundings walk. a* < 1 keeps what a differs from 1 by, a multiple of u; it loses no
  // more of log a than log a is from that, and float's logarithm.
  auto const slowest = ladder(1e-5);
  double lost = 0;
  for (float const a : slowest.a) {
    double const log_a = std::log(static_cast<double>(a)), kept = static_cast<double>(a) - 1;
    lost += std::abs(log_a - kept) / u + 2 * std::abs(log_a);
  }
  auto const by_sum = error_of_sums<double, float>(slowest), by_a_star = error_of_sums<float, double>(slowest);
  EXPECT_GT(by_sum.of_log_x, by_sum.walk / 4);
  EXPECT_GT(by_sum.walk / 4, lost);
  EXPECT_LE(by_a_star.of_log_x, lost);

  // Further away, and above 1, it is a*, which drifts: the logarithms are nearly multiples of what a's last place is worth
  // (u below 1, 2u above), so that of each (last place of a*)/(last place of a) sums one falls just short of the half between
  // two floats, on the same side every time; half of that last place for each, half of a's last place a step.
  auto const expect_drift = [](a_star_error const& found, double last_place_of_a) {
    EXPECT_GT(found.drift, 4 * found.walk);
    EXPECT_LE(found.drift, explained * last_place_of_a / 2 + 4 * found.walk);
  };
  expect_drift(error_of_a_star(ladder(1e-4)), 1);
  expect_drift(error_of_a_star(growing()), 2);
}

// The figures that docs/algorithms/heinsen.md quotes, as measured once by the two functions above: what is true of the formula
// was said there. They hold the page to what it tells; a tenth is for another C library's logarithms.
TEST(heinsen_plain, figures_of_the_page) {
  auto const near = [](double got, double told) { EXPECT_NEAR(got, told, 0.1 * told); };
  near((error_of_sums<double, float>(ladder(1e-5)).of_log_x), 1361);
  near((error_of_sums<float, double>(ladder(1e-5)).of_log_x), 26);
  near((error_of_sums<float, float>(ladder(1e-4)).of_log_x), 4347);
  near((error_of_sums<float, double>(ladder(1e-4)).of_log_x), 4022);
  near(error_of_a_star(growing()).drift, 4.0e4);
  near(error_of_a_star(growing()).walk, 4.7e3);
}

}  // namespace
}  // namespace ssmscan::heinsen_tests
