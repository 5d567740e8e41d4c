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

// The same, packed. Where a sequence starts, what is earlier is dropped, whatever it is: that is told apart from the maps, and whoever
// combines or passes begins there.
template <class T, class Stored = T>
struct segmented_steps : affine_steps<T, Stored> {
  static constexpr int slots = sizeof(Stored) < 4 ? 9 : sizeof(T) > 8 ? 4 : 5;
};

// The same where a ticket is a whole lane, or several: a block takes its tiles one after the other, and nobody waits for another. It has
// a kernel of its own, as text that is never run costs time too: up to 0.02 of the triad where blocks meet, in 16 bits.
template <class Steps>
struct in_whole_lanes : Steps {};

template <class Steps>
inline constexpr bool takes_whole_lanes = false;
template <class Steps>
inline constexpr bool takes_whole_lanes<in_whole_lanes<Steps>> = true;

template <class Steps>
inline constexpr bool is_packed = false;
template <class T, class Stored>
inline constexpr bool is_packed<segmented_steps<T, Stored>> = true;

}  // namespace ssmscan::device
