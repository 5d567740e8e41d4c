// What semi_log is for, in figures: on data as state-space models have it, and near a = 1, a tree of semi_log maps errs by a
// few u S at any length, where the affine trees drift. The limits are goals set before anything was measured (8 by the
// shallowest tree, 16 by the others), not bounds with a proof: those are semi_log_bound's.
#include <algorithm>
#include <complex>
#include <map>

#include "tests/laws/effort.hpp"
#include "tests/worst.hpp"
#include <gtest/gtest.h>

#include <ssmscan/scan/linear_recurrence.hpp>
#include <ssmscan/scan/reference/families.hpp>
#include <ssmscan/scan/reference/oracle.hpp>

namespace ssmscan::reference {
namespace {

template <class T>
double worst_over_us(oracle<T> const& exact, sequence<T> const& data, index_t n, operation represents,
                     std::string_view algorithm) {
  std::vector<T> x(static_cast<std::size_t>(n));
  linear_recurrence<T>({.a = {data.a.data(), n}, .b = {data.b.data(), n}, .x = {x.data(), n}, .operation = represents},
                       {.algorithm = algorithm});
  double worst = 0;
  for (index_t t = 0; t < n; ++t) {
    double const error = exact.error(t, x[static_cast<std::size_t>(t)]);
    worst = tests::worse(worst, tests::share(error, unit_roundoff<T> * exact.at(t).s));
  }
  return worst;
}

std::map<std::string_view, double> const limits{
    {"hillis_steele", 8}, {"blelloch", 16}, {"chunked", 16}, {"look_back", 16}};

template <class T>
void hold_to_limits(std::string_view name, sequence<T> const& data) {
  oracle<T> const exact(data.a, data.b, std::nullopt);
  for (index_t const n : {index_t{1} << 8, index_t{1} << 12, index_t{1} << 16, index_t{1} << 20}) {
    if (n > exact.size()) break;
    for (auto const& [algorithm, limit] : limits)
      EXPECT_LE(worst_over_us(exact, data, n, operation::semi_log, algorithm), limit)
          << algorithm << ", " << name << ", " << n << " steps";
  }
}

template <class T>
class semi_log_bars : public testing::Test {};
using dtypes = testing::Types<float, double>;
TYPED_TEST_SUITE(semi_log_bars, dtypes);

TYPED_TEST(semi_log_bars, a_few_u_S_on_data_of_models) {
  for (family const f : {family::slow, family::mid, family::fast, family::near1, family::sign_changing, family::zeros})
    hold_to_limits<TypeParam>(name_of(f), generate<TypeParam>(f, 1, laws::longest_of_bars()));
}

TYPED_TEST(semi_log_bars, a_few_u_S_on_the_ladder_to_1) {
  for (double const delta : {1e-1, 1e-2, 1e-3, 1e-4, 1e-5})
    hold_to_limits<TypeParam>(std::to_string(delta), near1_ladder<TypeParam>(delta, 1, laws::longest_of_bars()));
}

// The affine trees on the same ladder: a hundred times as far off, and more than the loop.
TEST(affine_trees, drift_near_1) {
  constexpr index_t longest = index_t{1} << 20;
  auto const data = near1_ladder<float>(1e-5, 1, longest);
  oracle<float> const exact(data.a, data.b, std::nullopt);
  double const loop = worst_over_us(exact, data, longest, operation::affine, "sequential");
  for (auto const& [algorithm, limit] : limits) {
    double const drift = worst_over_us(exact, data, longest, operation::affine, algorithm);
    EXPECT_GT(drift, 2 * loop) << algorithm;
    EXPECT_GT(drift, 10 * limit) << algorithm;
  }
}

}  // namespace
}  // namespace ssmscan::reference
