#pragma once
// The recurrence x -> a x + b as a monoid: maps compose, (a1, b1) then (a2, b2) = (a2 a1, a2 b1 + b2). It does not
// commute. affine<uint32_t> (mod 2^32) is exactly associative: the bitwise witness for every algorithm.
#include <ssmscan/scan/arithmetic.hpp>

namespace ssmscan {

// x -> a x + b.
template <class T>
struct affine_map {
  T a;
  T b;
  friend bool operator==(affine_map const&, affine_map const&) = default;
};

template <class T>
struct affine {
  using scalar = T;
  using value_type = affine_map<T>;

  SSMSCAN_HOST_DEVICE constexpr value_type identity() const { return {T(1), T(0)}; }
  SSMSCAN_HOST_DEVICE constexpr value_type operator()(value_type const& earlier, value_type const& later) const {
    return {multiply(later.a, earlier.a), multiply_add(later.a, earlier.b, later.b)};
  }

  // A recurrence monoid (see linear_recurrence.hpp): one step, the first step of a sequence whose state becomes b
  // whatever came before, and the state that a prefix leaves.
  SSMSCAN_HOST_DEVICE static constexpr value_type step(T a, T b) { return {a, b}; }
  SSMSCAN_HOST_DEVICE static constexpr value_type start(T b) { return {T(0), b}; }
  SSMSCAN_HOST_DEVICE static constexpr T state(value_type const& prefix) { return prefix.b; }
};

}  // namespace ssmscan
