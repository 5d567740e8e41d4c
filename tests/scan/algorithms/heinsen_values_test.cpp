// What heinsen does with a = 0, with what is not finite, with initial states and packed sequences, and on the way through
// overflow.
#include <cmath>
#include <limits>

#include "tests/scan/algorithms/heinsen_common.hpp"

namespace ssmscan::heinsen_tests {
namespace {

template <class T>
class heinsen_values : public testing::Test {};
TYPED_TEST_SUITE(heinsen_values, dtypes);

// a = 0 forgets the past to the last bit, whatever it was; what is not finite goes forward, in its lane only.
TYPED_TEST(heinsen_values, resets_exactly_and_keeps_what_is_not_finite_in_its_place) {
  using T = TypeParam;
  using real = decltype(std::abs(T()));
  index_t const n = 9001, lanes = 2, reset = 6000;
  real const nan = std::numeric_limits<real>::quiet_NaN(), infinity = std::numeric_limits<real>::infinity();
  auto clean = reference::generate<T>(family::sign_changing, 4, lanes * n);
  clean.a[reset] = T(0);
  for (auto const& inner : inners()) {
    execution const how{"heinsen", "serial", inner.name};
    auto const before = run(clean.a, clean.b, how, lanes);
    EXPECT_EQ(before[0], clean.b[0]);
    EXPECT_EQ(before[reset], clean.b[reset]);
    for (index_t at : {index_t{0}, index_t{1}, index_t{4095}, index_t{4096}, index_t{5999}})
      for (real bad : {nan, infinity, -infinity})
        for (bool const in_a : {false, true}) {
          if (in_a && at == 0) continue;  // not read
          auto data = clean;
          (in_a ? data.a : data.b)[static_cast<std::size_t>(at)] = T(bad);
          auto const x = run(data.a, data.b, how, lanes);
          for (index_t t = 0; t < lanes * n; ++t) {
            auto const i = static_cast<std::size_t>(t);
            if (t >= at && t < reset) {
              EXPECT_FALSE(std::isfinite(std::abs(x[i]))) << t;
            } else {
              ASSERT_EQ(x[i], before[i]) << "bad element at " << at << ", t = " << t << ", inner " << inner.name;
            }
          }
        }
  }
}

TYPED_TEST(heinsen_values, takes_zeros_everywhere) {
  using T = TypeParam;
  std::vector<T> const zeros(300, T(0)), ones(300, T(1));
  for (auto const& inner : inners()) {
    execution const how{"heinsen", "serial", inner.name};
    EXPECT_EQ(run(zeros, ones, how), ones);
    EXPECT_EQ(run(ones, zeros, how), zeros);
    EXPECT_EQ(run(zeros, zeros, how), zeros);
  }
}

// An initial state, both directions, and packed sequences, which are the same as separate ones bit for bit.
TYPED_TEST(heinsen_values, takes_initial_states_and_packed_sequences) {
  using T = TypeParam;
  index_t const n = 5000;
  auto const data = reference::generate<T>(family::zeros, 6, n);
  std::vector<index_t> const offsets{0, 1, 700, 700, 4500, n};
  std::vector<T> const initial{T(1), T(-2), T(3), T(4), T(5)};
  for (auto const& inner : inners()) {
    std::vector<T> packed(static_cast<std::size_t>(n));
    recurrence<T> problem;
    problem.a = {data.a.data(), {1, 1, n}};
    problem.b = {data.b.data(), {1, 1, n}};
    problem.x = {packed.data(), {1, 1, n}};
    problem.initial = {initial.data(), {1, 1, 5}};
    problem.offsets = offsets;
    linear_recurrence(problem, {"heinsen", "serial", inner.name});
    for (std::size_t k = 0; k + 1 < offsets.size(); ++k) {
      auto const begin = static_cast<std::size_t>(offsets[k]), end = static_cast<std::size_t>(offsets[k + 1]);
      std::vector<T> const a(data.a.begin() + offsets[k], data.a.begin() + offsets[k + 1]);
      std::vector<T> const b(data.b.begin() + offsets[k], data.b.begin() + offsets[k + 1]);
      if (begin == end) continue;
      auto const bound = heinsen_bound<T>(a, b, inner.roundings(n), initial[k]);
      oracle<T> const truth(a, b, initial[k]);
      for (std::size_t t = begin; t < end; ++t)
        ASSERT_LE(truth.error(static_cast<index_t>(t - begin), packed[t]), bound[t - begin])
            << "sequence " << k << ", t = " << t;
    }
  }
}

// x = e^1000 on the way is no obstacle: the logarithm does not overflow, and a later, finite x is right.
TEST(heinsen, passes_through_overflow) {
  std::vector<double> a(200, std::exp(10)), b(200, 1.0);
  std::fill(a.begin() + 100, a.end(), std::exp(-10));
  std::fill(b.begin() + 1, b.end(), 0.0);
  auto const x = run(a, b, {"heinsen", "serial"});
  EXPECT_EQ(x[99], std::numeric_limits<double>::infinity());
  oracle<double> const truth(a, b);  // 1e-4 or so at the end, by way of 1e430
  double const bound = heinsen_bound<double>(a, b, heinsen::info.roundings(truth.size())).back();
  EXPECT_LT(bound, truth.value(truth.size() - 1));  // and is no empty promise
  EXPECT_LE(truth.error(truth.size() - 1, x.back()), bound);
}

}  // namespace
}  // namespace ssmscan::heinsen_tests
