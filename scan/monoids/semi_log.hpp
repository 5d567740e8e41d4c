#pragma once
// The affine monoid with a kept as (log|a|, sign) and b kept linear: products of a become sums of logarithms, and exp
// is only ever taken of a segment's sum. Near a = 1 the rounding of a product is relative to a, that of a sum of
// logarithms is relative to log|a|, so that the drift of the affine trees (docs/numerics.md) disappears. a = 0 is
// log|a| = -inf: exp(-inf) = 0 and no NaN arises. A past that is infinite meets 0 * inf = NaN, as in the affine monoid.
#include <cmath>
#include <concepts>
#include <limits>

#include <ssmscan/scan/concepts.hpp>

namespace ssmscan {

enum class sign_of_a : std::uint8_t { positive, negative };

// x -> +-exp(log_a) x + b.
template <std::floating_point T>
struct semi_log_map {
  T log_a;
  T b;
  sign_of_a sign;
  friend bool operator==(semi_log_map const&, semi_log_map const&) = default;
};

template <std::floating_point T>
struct semi_log {
  using scalar = T;
  using value_type = semi_log_map<T>;

  SSMSCAN_HOST_DEVICE value_type identity() const { return {T(0), T(0), sign_of_a::positive}; }
  SSMSCAN_HOST_DEVICE value_type operator()(value_type const& earlier, value_type const& later) const {
    T const magnitude = std::exp(later.log_a);
    T const a = later.sign == sign_of_a::negative ? -magnitude : magnitude;
    return {later.log_a + earlier.log_a, std::fma(a, earlier.b, later.b),
            earlier.sign == later.sign ? sign_of_a::positive : sign_of_a::negative};
  }

  SSMSCAN_HOST_DEVICE static value_type step(T a, T b) {
    return {std::log(std::abs(a)), b, std::signbit(a) ? sign_of_a::negative : sign_of_a::positive};
  }
  SSMSCAN_HOST_DEVICE static value_type start(T b) {
    return {-std::numeric_limits<T>::infinity(), b, sign_of_a::positive};
  }
  SSMSCAN_HOST_DEVICE static T state(value_type const& prefix) { return prefix.b; }
};

}  // namespace ssmscan
