// The paper's formula, kept to show its error.
#include <cmath>
#include <numbers>

#include "tests/scan/algorithms/heinsen_common.hpp"
#include "tests/worst.hpp"

#include <ssmscan/scan/reference/bounds.hpp>

namespace ssmscan::heinsen_tests {
namespace {

// The formula's error against the sequence, and against what the sizes of its logarithms allow, to first order.
struct plain_error {
  double of_s = 0;      // the largest error, in u S
  double of_bound = 0;  // the largest error over what is allowed at its place
};

// In u, each where it is made: a rounding of a* (|a*|) and of log a, which shift every term so far, S; of log b and of
// log b - a*, on b; of the difference of two logarithms and of its exp, on the smaller of the two terms; of 1 + w, of its
// log and of the sum, on x; of a* + sum and its exp, on x at the end. glibc states at most 3 ulp for clog and cexp.
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
                 past = a * size(truth.value(t - 1));
    log const log_a = std::log(log(data.a[i])), log_b = std::log(log(data.b[i]));
    a_star += log_a;
    log const leaf = log_b - a_star, difference = leaf.real() > sum.real() ? sum - leaf : leaf - sum,
              log_1_w = std::log(reference::real_t<T>(1) + std::exp(difference));
    sum = (leaf.real() > sum.real() ? leaf : sum) + log_1_w;

    by_a_star = a * (by_a_star + (library * size(log_a) + size(a_star)) * truth.at(t - 1).s);
    by_sum = a * by_sum + b * (library * size(log_b) + size(leaf)) + std::min(past, b) * (size(difference) + library) +
             x_now * (1 + library * size(log_1_w) + size(sum));
    double const error = truth.error(t, x[i]),
                 allowed = u * (by_a_star + by_sum + x_now * (size(a_star + sum) + library));
    worst.of_s = tests::worse(worst.of_s, tests::share(error, u * truth.at(t).s));
    worst.of_bound = tests::worse(worst.of_bound, tests::share(error, reference::inflation * allowed));
  }
  return worst;
}

// Right while |a*| is small, without digits where |a*| u nears 1. fast: |a*| = 1.6 n. signed: real data by complex
// logarithms (and fast: its b has both signs). At 2^16 steps the logarithms are 256 times as great as at 2^8, and so are
// their roundings; they do not all point the same way, and a sixteenth of that is asked.
TEST(heinsen_plain, loses_digits_as_the_logarithms_grow) {
  for (family f : {family::fast, family::sign_changing}) {
    auto const real = plain<double>(f, 256), complex = plain<std::complex<double>>(f, 256);
    auto const later = plain<double>(f, 65536);
    EXPECT_LE(real.of_bound, 1) << "small |a*|: the formula itself is right";
    EXPECT_LE(complex.of_bound, 1);
    EXPECT_LE(later.of_bound, 1);
    EXPECT_GT(later.of_s, 16 * real.of_s);
    EXPECT_GT(plain<float>(f, 65536).of_s, 16 * plain<float>(f, 256).of_s);
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

// The formula with a* and its log-sum each in a type of its own: the largest error of log x, in u of float.
template <class AStar, class Sum>
double error_of_sums(reference::sequence<float> const& data) {
  AStar a_star(0);
  Sum sum = std::log(static_cast<Sum>(data.b[0]));
  double exact_a = 0, exact_sum = std::log(static_cast<double>(data.b[0])), worst = 0;
  auto const log_add = [](auto earlier, auto later) {
    auto const greater = std::max(earlier, later);
    return greater + std::log1p(std::exp(std::min(earlier, later) - greater));
  };
  for (std::size_t t = 1; t < data.a.size(); ++t) {
    a_star += std::log(static_cast<AStar>(data.a[t]));
    sum = log_add(sum, std::log(static_cast<Sum>(data.b[t])) - static_cast<Sum>(a_star));
    exact_a += std::log(static_cast<double>(data.a[t]));
    exact_sum = log_add(exact_sum, std::log(static_cast<double>(data.b[t])) - exact_a);
    worst = tests::worse(worst, std::abs(static_cast<double>(a_star) + static_cast<double>(sum) - exact_a - exact_sum));
  }
  return worst / reference::unit_roundoff<float>;
}

// How far a* is from the sum of the logarithms, and how far its roundings would take a random walk, in u.
std::pair<double, double> drift_and_walk(reference::sequence<float> const& data) {
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

// docs/algorithms/heinsen.md quotes these figures; a tenth is for another C library's logarithms.
TEST(heinsen_plain, why_it_is_above_its_law) {
  constexpr index_t n = 1 << 16;
  auto const near = [](double got, double told) { EXPECT_NEAR(got, told, 0.1 * told); };
  auto const slowest = reference::near1_ladder<float>(1e-5, 1, n), slower = reference::near1_ladder<float>(1e-4, 1, n);
  near((error_of_sums<double, float>(slowest)), 1361);
  near((error_of_sums<float, double>(slowest)), 26);
  near((error_of_sums<float, float>(slower)), 4347);
  near((error_of_sums<float, double>(slower)), 4022);
  auto const [drift, walk] = drift_and_walk(reference::generate<float>(reference::family::growth, 1, n));
  near(drift, 4.0e4);
  near(walk, 4.7e3);
}

}  // namespace
}  // namespace ssmscan::heinsen_tests
