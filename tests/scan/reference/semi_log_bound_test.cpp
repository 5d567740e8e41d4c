// The bound of the semi_log monoid, in every tree, on all families and on the ladder to a = 1; and what it presumes of
// the C library's exp and log.
#include "tests/scan/reference/common.hpp"
#include <gtest/gtest.h>

#include <ssmscan/scan/monoids/semi_log.hpp>
#include <ssmscan/scan/reference/families.hpp>

namespace ssmscan::reference {
namespace {

template <class T>
class semi_log_bounds : public testing::Test {
 protected:
  worst_ratio worst;

  void check(std::string const& what, sequence<T> const& data, std::optional<T> initial) {
    oracle<T> const exact(data.a, data.b, initial);
    for_each_tree([&]<class A>(std::type_identity<A>) {
      auto const x = run<A, semi_log<T>>(data.a, data.b, initial);
      tree_shape const tree = measure_tree<A>(exact.size());
      for (index_t t = 0; t < exact.size(); ++t)
        worst.add(exact.error(t, x[static_cast<std::size_t>(t)]), semi_log_bound(exact, t, tree));
      ASSERT_LE(worst.value, 1) << what << " " << A::info.name;
    });
  }
};
using dtypes = testing::Types<float, double>;
TYPED_TEST_SUITE(semi_log_bounds, dtypes);

TYPED_TEST(semi_log_bounds, hold_on_every_family_and_on_the_ladder) {
  using T = TypeParam;
  constexpr index_t n = 9000;  // past two chunks of 4096
  for (family_info const& f : families)
    for (std::uint64_t seed = 1; seed <= 2; ++seed)
      this->check(std::string(f.name), generate<T>(f.id, seed, n), seed == 1 ? std::nullopt : std::optional<T>(T(3)));
  for (double const delta : near1_deltas)
    this->check(std::to_string(delta), near1_ladder<T>(delta, 1, n), std::nullopt);
  std::printf("largest error/bound: %.3f\n", this->worst.value);
  // b enters by one rounding that can be attained (as in the affine scan); a bound that nothing comes near tests
  // nothing.
  EXPECT_GT(this->worst.value, 0.3);
}

template <class T, class Wide>
double worst_relative_error(T (*narrow)(T), Wide (*wide)(Wide), T low, T high) {
  constexpr int samples = 2'000'000;
  double worst = 0;
  for (int i = 0; i < samples; ++i) {
    T const at = low + (high - low) * static_cast<T>(i) / static_cast<T>(samples);
    Wide const right = wide(static_cast<Wide>(at));
    if (right == 0) continue;
    worst = tests::worse(worst, static_cast<double>(std::abs((static_cast<Wide>(narrow(at)) - right) / right)));
  }
  return worst / unit_roundoff<T>;
}

TEST(c_library, exp_and_log_are_as_exact_as_the_bound_presumes) {
  // double is 2^29 times finer than float, long double 2^11 times finer than double: their own error does not count.
  EXPECT_LE((worst_relative_error<float, double>(std::exp, std::exp, -87, 88)), c_library.exp);
  EXPECT_LE((worst_relative_error<double, long double>(std::exp, std::exp, -708, 709)), c_library.exp);
  for (double const top : {0.9, 0.999, 1.0, 1.001, 1.5, 1e10}) {  // near 1, where log passes through zero
    EXPECT_LE((worst_relative_error<float, double>(std::log, std::log, 1e-5F, static_cast<float>(top))), c_library.log);
    EXPECT_LE((worst_relative_error<double, long double>(std::log, std::log, 1e-5, top)), c_library.log);
  }
  EXPECT_LE((worst_relative_error<float, double>(std::log, std::log, 0.999F, 1.001F)), c_library.log);
  EXPECT_LE((worst_relative_error<double, long double>(std::log, std::log, 0.999, 1.001)), c_library.log);
}

}  // namespace
}  // namespace ssmscan::reference
