#pragma once
// What look_back's kernel computes with: how a run is folded into a map, maps are combined, a state is passed over one, and
// the recurrence runs. `affine_steps` is the recurrence itself; heinsen_steps.cuh puts its logarithms in the same places.
#include <cstdint>

#include <ssmscan/scan/backends/cuda/look_back_tile.cuh>

namespace ssmscan::device {

// Elements are stored as `Stored`, computed with as T.
template <class T, class Stored = T>
struct affine_steps {
  using scalar = T;
  using stored = Stored;
  using state = T;                  // what enters and leaves tiles
  using map = affine_map<T>;        // what elements, runs and rows are folded into
  using aggregate = affine_map<T>;  // of a tile, as blocks publish it
  struct tables {                   // in shared memory
    SSMSCAN_HOST_DEVICE void fill(int /*thread*/, int /*threads*/) {}
  };
  static constexpr int slots = sizeof(Stored) < 4 ? 10 : sizeof(T) > 8 ? 4 : 5;  // what 227 KiB hold
  static constexpr bool by_fours = false;

  SSMSCAN_HOST_DEVICE static map identity() { return affine<T>{}.identity(); }
  SSMSCAN_HOST_DEVICE static map combine(tables const&, map const& earlier, map const& later) {
    return affine<T>{}(earlier, later);
  }
  SSMSCAN_HOST_DEVICE static aggregate published(tables const&, map const& tile) { return tile; }
  SSMSCAN_HOST_DEVICE static bool starts(map const&) { return false; }  // a sequence, in what the map stands for

  // The state after a tile, after a lane's first tile; what enters a run, after `before` of its tile.
  SSMSCAN_HOST_DEVICE static state pass(aggregate const& tile, state x) { return multiply_add(tile.a, x, tile.b); }
  SSMSCAN_HOST_DEVICE static state passed_first(aggregate const& tile) { return tile.b; }
  SSMSCAN_HOST_DEVICE static state after(tables const&, map const& before, state x) {
    return multiply_add(before.a, x, before.b);
  }
  SSMSCAN_HOST_DEVICE static state after_start(map const& before) { return before.b; }

  // Elements into a map; the first starts the lane (from x) or does not.
  struct folding {
    map own{};
    SSMSCAN_HOST_DEVICE void start(T x) { own = affine<T>::start(x); }
    SSMSCAN_HOST_DEVICE void first(tables const&, T a, T b) { own = {a, b}; }
    SSMSCAN_HOST_DEVICE void step(tables const&, T a, T b) { own = affine<T>{}(own, map{a, b}); }
    SSMSCAN_HOST_DEVICE map result(tables const&) const { return own; }
  };
  // The recurrence from a state on.
  struct running {
    state x;
    SSMSCAN_HOST_DEVICE void start(T first) { x = first; }
    SSMSCAN_HOST_DEVICE void step(tables const&, T a, T b) { x = multiply_add(a, x, b); }
    SSMSCAN_HOST_DEVICE T value(tables const&) const { return x; }
  };
};

// The same with a mark "a sequence starts in here": what is earlier is dropped, whatever it is.
template <class T>
struct segmented_map {
  T a, b;
  std::uint32_t starts;
};

template <class T, class Stored = T>
struct segmented_steps {
  using scalar = T;
  using stored = Stored;
  using state = T;
  using map = segmented_map<T>;
  using aggregate = affine_map<T>;  // the mark travels apart: who passes begins at the last that bears it
  using tables = typename affine_steps<T>::tables;
  static constexpr int slots = sizeof(Stored) < 4 ? 9 : sizeof(T) > 4 ? 4 : 5;
  static constexpr bool by_fours = false;

  SSMSCAN_HOST_DEVICE static map identity() { return {T(1), T(0), 0}; }
  SSMSCAN_HOST_DEVICE static map combine(tables const&, map const& earlier, map const& later) {
    if (later.starts != 0) return later;
    affine_map<T> const made = affine<T>{}(affine_map<T>{earlier.a, earlier.b}, affine_map<T>{later.a, later.b});
    return {made.a, made.b, earlier.starts};
  }
  SSMSCAN_HOST_DEVICE static aggregate published(tables const&, map const& tile) { return {tile.a, tile.b}; }
  SSMSCAN_HOST_DEVICE static bool starts(map const& tile) { return tile.starts != 0; }
  SSMSCAN_HOST_DEVICE static state pass(aggregate const& tile, state x) { return multiply_add(tile.a, x, tile.b); }
  SSMSCAN_HOST_DEVICE static state passed_first(aggregate const& tile) { return tile.b; }
  SSMSCAN_HOST_DEVICE static state after(tables const&, map const& before, state x) {
    return before.starts != 0 ? before.b : multiply_add(before.a, x, before.b);
  }
  SSMSCAN_HOST_DEVICE static state after_start(map const& before) { return before.b; }

  struct folding {
    map own{};
    SSMSCAN_HOST_DEVICE void start(T x) { own = {T(0), x, 1}; }
    SSMSCAN_HOST_DEVICE void first(tables const&, T a, T b) { own = {a, b, 0}; }
    SSMSCAN_HOST_DEVICE void step(tables const& t, T a, T b) { own = combine(t, own, map{a, b, 0}); }
    SSMSCAN_HOST_DEVICE map result(tables const&) const { return own; }
  };
  using running = typename affine_steps<T>::running;
};

template <class Steps>
inline constexpr bool is_packed = false;
template <class T, class Stored>
inline constexpr bool is_packed<segmented_steps<T, Stored>> = true;

}  // namespace ssmscan::device
