// (A), (B) and (C) hold at every element: all families, all trees, real and complex, with and without an initial state.
// Proofs are in docs/numerics.md; here they are tried. How sharp they are: sharpness_test.cpp.
#include "tests/scan/reference/common.hpp"
#include <gtest/gtest.h>

#include <ssmscan/scan/reference/families.hpp>

namespace ssmscan::reference {
namespace {

template <class T>
class bounds : public testing::Test {};
using dtypes = testing::Types<float, double, std::complex<float>, std::complex<double>>;
TYPED_TEST_SUITE(bounds, dtypes);

// What these and other tests judge by: no NaN is passed over, whatever stands beside it.
TEST(worst, is_infinite_where_one_is_not_a_number) {
  double const nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(tests::worse(1.0, 2.0), 2);
  EXPECT_EQ(tests::worse(2.0, 1.0), 2);
  EXPECT_EQ(tests::worse(tests::worse(1.0, nan), 2.0), infinity);
  EXPECT_EQ(tests::worse(nan, 2.0), infinity);
  EXPECT_EQ(tests::share(1.0, 4.0), 0.25);
  EXPECT_EQ(tests::share(0.0, 0.0), 0);
  for (auto const& [error, allowed] :
       {std::pair(1.0, 0.0), {0.0, nan}, {nan, 0.0}, {nan, 1.0}, {1.0, nan}, {1.0, -1.0}}) {
    EXPECT_EQ(tests::worse(0.0, tests::share(error, allowed)), infinity) << error << " of " << allowed;
    worst_ratio found;
    for (double const other : {0.5, error, 0.25}) found.add(other, other == 0.5 || other == 0.25 ? 1.0 : allowed);
    EXPECT_EQ(found.value, infinity) << error << " of " << allowed;
  }
  worst_ratio found;
  found.add(nan, infinity), found.add(1, 2);
  EXPECT_EQ(found.value, 0.5);  // an infinite bound says nothing
}

constexpr index_t longest = 9000;  // past two chunks of 4096
constexpr std::uint64_t seeds = 3;

TYPED_TEST(bounds, hold_on_every_family) {
  using T = TypeParam;
  ASSERT_TRUE(subnormals_kept());
  worst_ratio a_priori_worst, running_worst, carried_worst;
  index_t elements = 0;
  for (family_info const& f : families)
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
      auto const data = generate<T>(f.id, seed, longest);
      auto const initial = seed == 1 ? std::nullopt : std::optional<T>(T(3));
      oracle<T> const exact(data.a, data.b, initial);
      for_each_tree([&]<class A>(std::type_identity<A>) {
        auto const x = run<A, affine<T>>(data.a, data.b, initial);
        for (index_t t = 0; t < longest; ++t, ++elements)
          a_priori_worst.add(exact.error(t, x[static_cast<std::size_t>(t)]),
                             a_priori(exact, t, A::info.roundings(t + 1)));
        ASSERT_LE(a_priori_worst.value, 1) << f.name << " " << A::info.name << " seed " << seed;

        if constexpr (std::same_as<A, sequential>) {
          auto const error = running_error<T>(data.a, data.b, x, initial);
          for (index_t t = 0; t < longest; ++t)
            running_worst.add(exact.error(t, x[static_cast<std::size_t>(t)]), error[static_cast<std::size_t>(t)]);
          ASSERT_LE(running_worst.value, 1) << f.name << " seed " << seed;
        }
        if (initial) return;  // (C) is a monoid: its caller makes the leaves
        serial on;
        scan(
            on, A{}, running_affine<T>{}, {1, longest},
            [&](index_t, index_t t) {
              auto const i = static_cast<std::size_t>(t);
              return typename running_affine<T>::value_type{t == 0 ? T(0) : data.a[i], data.b[i]};
            },
            [&](index_t, index_t t, auto const& prefix) {
              ASSERT_EQ(prefix.b, x[static_cast<std::size_t>(t)]);  // the same tree, the same bits
              carried_worst.add(exact.error(t, prefix.b), prefix.b_error * inflation);
            });
        ASSERT_LE(carried_worst.value, 1) << f.name << " " << A::info.name << " seed " << seed;
      });
    }
  EXPECT_EQ(elements, std::ssize(families) * static_cast<index_t>(seeds) * trees_needed() * longest);
  this->RecordProperty("a_priori", std::to_string(a_priori_worst.value));
  this->RecordProperty("running", std::to_string(running_worst.value));
  this->RecordProperty("carried", std::to_string(carried_worst.value));
  std::printf("largest error/bound: (A) %.3f  (B) %.3f  (C) %.3f over %lld elements\n", a_priori_worst.value,
              running_worst.value, carried_worst.value, static_cast<long long>(elements));
  EXPECT_GT(a_priori_worst.value, 0.5);  // a bound that nothing comes near tests nothing
  EXPECT_GT(running_worst.value, 0.5);
  EXPECT_GT(carried_worst.value, 0.5);
}

// Where the proofs say nothing the bounds say so, and do not pretend.
TEST(bounds, are_infinite_where_nothing_is_known) {
  std::vector<float> const a{1, 1e20F, 1e20F, 1e20F, 0, 1}, b{0, 0, 0, 0, 1, 1};  // a tree gives NaN
  oracle<float> const exact(a, b);
  EXPECT_TRUE(std::isfinite(a_priori(exact, 1, 3)));
  EXPECT_TRUE(std::isinf(a_priori(exact, 5, 3)));
  EXPECT_EQ((run<sequential, affine<float>>(a, b)[5]), 2);
  EXPECT_TRUE(std::isnan(run<hillis_steele, affine<float>>(a, b)[5]));
  EXPECT_FALSE(inside(std::numeric_limits<double>::quiet_NaN(), 1e300));
}

}  // namespace
}  // namespace ssmscan::reference
