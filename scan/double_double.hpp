#pragma once
// A number kept as an unevaluated sum high + low of two doubles, |low| <= ulp(high) / 2: about 106 bits, from
// error-free sums and products (Dekker 1971; Knuth, TAOCP 2; bounds: Joldes, Muller, Popescu 2017). u = 2^-53 below.
// Every product is spelled as a fused multiply-add, so that no compiler contraction can merge it into a sum and void
// the error term. Where high is not finite, low is 0: infinity minus infinity never arises from the bookkeeping.
#include <cmath>

#include <ssmscan/scan/concepts.hpp>

namespace ssmscan {

struct double_double {
  double high = 0.0;
  double low = 0.0;
  friend bool operator==(double_double const&, double_double const&) = default;
};

// a + b exactly, whatever their order (Knuth).
SSMSCAN_HOST_DEVICE inline double_double two_sum(double a, double b) {
  double const sum = a + b;
  if (!std::isfinite(sum)) return {sum, 0.0};
  double const b_in_sum = sum - a;
  double const a_in_sum = sum - b_in_sum;
  return {sum, (a - a_in_sum) + (b - b_in_sum)};
}

// a + b exactly, for |a| >= |b| or a = 0 (Dekker).
SSMSCAN_HOST_DEVICE inline double_double fast_two_sum(double a, double b) {
  double const sum = a + b;
  if (!std::isfinite(sum)) return {sum, 0.0};
  return {sum, b - (sum - a)};
}

// a * b exactly, short of underflow. The product is an fma with +0, which no compiler may turn back into a product.
SSMSCAN_HOST_DEVICE inline double_double two_prod(double a, double b) {
  double const product = std::fma(a, b, 0.0);
  if (!std::isfinite(product)) return {product, 0.0};
  return {product, std::fma(a, b, -product)};
}

SSMSCAN_HOST_DEVICE inline double_double operator-(double_double const& v) { return {-v.high, -v.low}; }

// Error at most 3u^2 / (1 - 4u) of the sum (AccurateDWPlusDW).
SSMSCAN_HOST_DEVICE inline double_double operator+(double_double const& p, double_double const& q) {
  double_double const high = two_sum(p.high, q.high);
  if (!std::isfinite(high.high)) return high;
  double_double const low = two_sum(p.low, q.low);
  double_double const middle = fast_two_sum(high.high, high.low + low.high);
  return fast_two_sum(middle.high, middle.low + low.low);
}
SSMSCAN_HOST_DEVICE inline double_double operator-(double_double const& p, double_double const& q) { return p + -q; }

// Error at most 2u^2 of the sum (DWPlusFP).
SSMSCAN_HOST_DEVICE inline double_double operator+(double_double const& p, double q) {
  double_double const high = two_sum(p.high, q);
  if (!std::isfinite(high.high)) return high;
  return fast_two_sum(high.high, high.low + p.low);
}

SSMSCAN_HOST_DEVICE inline bool operator<(double_double const& p, double_double const& q) {
  return p.high < q.high || (p.high == q.high && p.low < q.low);
}

}  // namespace ssmscan
