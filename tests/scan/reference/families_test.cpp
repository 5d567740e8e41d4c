// The families are what their one-line descriptions say: prefix-stable, finite to 2^20, and of the stated moments.
#include <algorithm>
#include <numbers>
#include <set>

#include <gtest/gtest.h>

#include <ssmscan/scan/reference/families.hpp>
#include <ssmscan/scan/reference/oracle.hpp>

namespace ssmscan::reference {
namespace {

template <class T>
class families_of : public testing::Test {};
using dtypes = testing::Types<float, double, std::complex<float>, std::complex<double>, std::uint32_t>;
TYPED_TEST_SUITE(families_of, dtypes);

TYPED_TEST(families_of, a_shorter_sequence_is_a_prefix_and_a_seed_is_a_sequence) {
  for (family_info const& f : families) {
    auto const longer = generate<TypeParam>(f.id, 3, 300), shorter = generate<TypeParam>(f.id, 3, 123);
    EXPECT_TRUE(std::equal(shorter.a.begin(), shorter.a.end(), longer.a.begin())) << f.name;
    EXPECT_TRUE(std::equal(shorter.b.begin(), shorter.b.end(), longer.b.begin())) << f.name;
    bool const has_seed = f.id != family::constant || std::is_same_v<TypeParam, std::uint32_t>;
    EXPECT_EQ(generate<TypeParam>(f.id, 4, 300).a != longer.a, has_seed) << f.name;
  }
}

TEST(families, names_are_distinct_and_stand_in_their_places) {
  std::set<std::string_view> names;
  for (family_info const& f : families) {
    EXPECT_TRUE(names.insert(f.name).second);
    EXPECT_EQ(name_of(f.id), f.name);
  }
  EXPECT_EQ(names.size(), 12U);
}

TEST(families, results_are_finite_in_float_to_a_million) {
  constexpr index_t n = 1 << 20;
  for (family_info const& f : families) {
    auto const data = generate<float>(f.id, 1, n);
    oracle<float> const exact(data.a, data.b);
    EXPECT_TRUE(std::isfinite(exact.at(n - 1).q)) << f.name;  // neither S nor a product of a's overflows
    EXPECT_TRUE(std::isfinite(exact.at(n - 1).n)) << f.name;
  }
}

// What the descriptions claim, from the data.
TEST(families, the_data_are_as_described) {
  constexpr index_t n = 1 << 16;
  auto const log_sum = [](family f) {
    double sum = 0;
    for (float const a : generate<float>(f, 1, n).a) sum += std::log(std::abs(static_cast<double>(a)));
    return sum / n;
  };
  // Mean of n terms of spread at most half the mean (rates) or about 1 (normal): within five standard errors.
  EXPECT_NEAR(log_sum(family::slow), -1e-3, 1e-3 * 5 * 0.5 / 256);
  EXPECT_NEAR(log_sum(family::mid), -0.1, 0.1 * 5 * 0.5 / 256);
  EXPECT_NEAR(log_sum(family::fast), -1.6, 1.6 * 5 * 0.5 / 256);
  EXPECT_NEAR(log_sum(family::normal), -(0.5772156649 + std::numbers::ln2) / 2, 5 * 1.12 / 256);  // E log|N(0,1)|

  auto const zeros = generate<float>(family::zeros, 1, n);
  EXPECT_NEAR(static_cast<double>(std::ranges::count(zeros.a, 0.0F)), 0.01 * n, 5 * std::sqrt(0.01 * n));
  EXPECT_NEAR(static_cast<double>(std::ranges::count(zeros.b, 0.0F)), 0.1 * n, 5 * std::sqrt(0.1 * n));

  auto const growth = generate<double>(family::growth, 1, n);
  double grown = 0;
  for (double const a : growth.a) grown += std::log(a);
  // (60 / ln 2^20) H_n in the mean, of which 60 * 16/20 is ln n's part; standard deviation 4.33 * 1.28 / sqrt(12).
  EXPECT_NEAR(grown, 60 * 16 / 20.0 + 4.33 * 0.577, 5 * 1.6);

  auto const subnormal = generate<float>(family::denormal, 1, n);
  auto const below = std::ranges::count_if(subnormal.b, [](float b) { return std::abs(b) < 0x1p-126F; });
  EXPECT_GT(below, n / 2);
  EXPECT_LT(below, n);

  auto const cancelling = generate<float>(family::cancelling, 1, n);
  oracle<float> const exact(cancelling.a, cancelling.b);
  EXPECT_GT(exact.at(n - 1).s, 100 * std::abs(exact.value(n - 1)));
}

}  // namespace
}  // namespace ssmscan::reference
