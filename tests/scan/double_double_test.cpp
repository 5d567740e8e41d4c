// Double-double sums and products against quadruple precision.
#include <cmath>
#include <limits>
#include <random>

#include <gtest/gtest.h>

#include <ssmscan/scan/double_double.hpp>
#include <ssmscan/scan/reference/oracle.hpp>

namespace ssmscan {
namespace {

using reference::quad;

// On multiples of 2^-56 below 2^54 quadruple precision (113 bits) adds exactly, cancellation included.
TEST(double_double, sums_and_products_are_exact_or_nearly) {
  std::mt19937_64 random(9);
  auto const integer = [&] {  // of up to 53 bits, either sign
    return static_cast<double>(static_cast<std::int64_t>(random()) >> (10 + random() % 53));
  };
  auto const exactly = [](double_double v) { return static_cast<quad>(v.high) + v.low; };
  quad const u2 = static_cast<quad>(0x1p-106);
  auto const size = [](quad v) { return v < 0 ? -v : v; };
  for (int i = 0; i < 100000; ++i) {
    double const a = integer(), b = integer(), c = integer(), d = integer();
    ASSERT_TRUE(exactly(two_prod(a, b)) == static_cast<quad>(a) * b);
    double_double const p = two_sum(a, b * 0x1p-56), q = two_sum(c, d * 0x1p-56);
    ASSERT_TRUE(exactly(p) == static_cast<quad>(a) + b * 0x1p-56 && p.high + p.low == p.high);
    ASSERT_TRUE(size(exactly(p + q) - (exactly(p) + exactly(q))) <= 3 * u2 * size(exactly(p) + exactly(q)));
    ASSERT_TRUE(size(exactly(p + c) - (exactly(p) + c)) <= 2 * u2 * size(exactly(p) + c));
    ASSERT_EQ(p < q, exactly(p) < exactly(q));
  }
  double const infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(two_sum(infinity, 1), (double_double{infinity, 0}));
  EXPECT_EQ((double_double{1, 0} + double_double{-infinity, 0}), (double_double{-infinity, 0}));
  EXPECT_TRUE(std::isnan((double_double{infinity, 0} - double_double{infinity, 0}).high));
}

}  // namespace
}  // namespace ssmscan
