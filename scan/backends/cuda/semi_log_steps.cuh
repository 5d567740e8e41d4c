#pragma once
// The semi_log monoid in the places of look_back's steps. A map keeps log|a| and a's sign apart, so that products over runs,
// rows and tiles are sums of logarithms, and exp is taken of a sum where it meets a state: once a map. A single step, which is
// no sum, meets it as the a that was given.
#include <cmath>
#include <concepts>
#include <limits>

#include <ssmscan/scan/backends/cuda/look_back_tile.cuh>

namespace ssmscan::device {

// x -> sign exp(log_a) x + b.
template <std::floating_point T>
struct signed_log_map {
  T log_a, sign, b;
};

template <std::floating_point T>
struct semi_log_steps {
  using scalar = T;
  using stored = T;
  using state = T;
  using map = signed_log_map<T>;
  using aggregate = affine_map<T>;  // a tile meets states only
  struct tables {
    SSMSCAN_HOST_DEVICE void fill(int /*thread*/, int /*threads*/) {}
  };
  static constexpr int slots = sizeof(T) > 4 ? 4 : 5;  // what 227 KiB hold
  static constexpr bool by_fours = false;

  SSMSCAN_HOST_DEVICE static T a_of(map const& of) { return of.sign * std::exp(of.log_a); }
  SSMSCAN_HOST_DEVICE static T apply(map const& of, T x) { return std::fma(a_of(of), x, of.b); }

  SSMSCAN_HOST_DEVICE static map identity() { return {T(0), T(1), T(0)}; }
  SSMSCAN_HOST_DEVICE static map combine(tables const&, map const& earlier, map const& later) {
    return {later.log_a + earlier.log_a, earlier.sign * later.sign, apply(later, earlier.b)};
  }
  SSMSCAN_HOST_DEVICE static aggregate published(tables const&, map const& tile) { return {a_of(tile), tile.b}; }
  SSMSCAN_HOST_DEVICE static state pass(aggregate const& tile, state x) { return std::fma(tile.a, x, tile.b); }
  SSMSCAN_HOST_DEVICE static state passed_first(aggregate const& tile) { return tile.b; }
  SSMSCAN_HOST_DEVICE static state after(tables const&, map const& before, state x) { return apply(before, x); }
  SSMSCAN_HOST_DEVICE static state after_start(map const& before) { return before.b; }

  struct folding {
    map own{};
    SSMSCAN_HOST_DEVICE void start(T x) { own = {-std::numeric_limits<T>::infinity(), T(1), x}; }
    SSMSCAN_HOST_DEVICE void first(tables const&, T a, T b) {
      own = {std::log(std::abs(a)), std::copysign(T(1), a), b};
    }
    SSMSCAN_HOST_DEVICE void step(tables const&, T a, T b) {
      own = {std::log(std::abs(a)) + own.log_a, own.sign * std::copysign(T(1), a), std::fma(a, own.b, b)};
    }
    SSMSCAN_HOST_DEVICE map result(tables const&) const { return own; }
  };
  struct running {
    state x;
    SSMSCAN_HOST_DEVICE void start(T first) { x = first; }
    SSMSCAN_HOST_DEVICE void step(tables const&, T a, T b) { x = std::fma(a, x, b); }
    SSMSCAN_HOST_DEVICE T value(tables const&) const { return x; }
  };
};

}  // namespace ssmscan::device
