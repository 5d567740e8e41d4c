#pragma once
// The tree of the tuned look_back as a text: for any monoid, on the host, a lane at a time. What bounds are measured by, and what
// the kernel is held to; nobody is meant to compute with it.
#include <algorithm>
#include <array>
#include <optional>
#include <type_traits>
#include <vector>

#include <ssmscan/scan/backends/cuda/look_back.hpp>

namespace ssmscan::device {

// A run: from the state that enters it, if one does, over load(0), ..., load(count - 1); store(k, state) after each.
struct recurring {
  template <class M, class Load, class Store>
  void operator()(M const& combine, std::optional<typename M::value_type> state, int count, Load const& load,
                  Store const& store) const {
    for (int k = 0; k < count; ++k) {
      state = state ? combine(*state, load(k)) : load(k);
      store(k, *state);
    }
  }
};

// Run: the elements of 80 bytes. Walk: as `recurring`.
template <int Run, class Walk = recurring>
struct look_back_tree {
  static constexpr algorithm_info info = look_back::info;
  static constexpr int row = 32, rows = 8, tile = rows * row * Run;

  template <backend B, monoid M, class Load, class Store>
  static void inclusive(B& on, M const& combine, extent e, Load load, Store store) {
    using value = typename M::value_type;
    using maybe = std::optional<value>;  // empty: nothing is earlier
    auto const after = [&combine](maybe const& earlier, value const& later) {
      return earlier ? combine(*earlier, later) : later;
    };
    on.blocks(e.lanes, [&](index_t lane) {
      maybe entering;  // the tile
      for (index_t begin = 0; begin < e.time; begin += tile) {
        auto const count = static_cast<int>(std::min<index_t>(tile, e.time - begin));
        // Each run from left to right, each row of 32 by doubling.
        std::vector<value> runs(rows * row, combine.identity());
        for (int r = 0; r * Run < count; ++r) {
          maybe own;
          for (int k = r * Run; k < std::min((r + 1) * Run, count); ++k) own = after(own, load(lane, begin + k));
          runs[static_cast<std::size_t>(r)] = *own;
        }
        int const existing = (count + Run - 1) / Run;
        for (int first = 0; first < existing; first += row)
          for (int distance = 1; distance < row; distance *= 2)
            for (int l = std::min(row, existing - first) - 1; l >= distance; --l) {
              auto const at = static_cast<std::size_t>(first + l);
              runs[at] = combine(runs[at - static_cast<std::size_t>(distance)], runs[at]);
            }
        // What is before each run: rows from left to right, then the row's; what enters the tile before that.
        maybe before_row;
        for (int r = 0; r < existing; ++r) {
          maybe before = before_row;
          if (r % row > 0) before = after(before_row, runs[static_cast<std::size_t>(r) - 1]);
          maybe state = before ? maybe(after(entering, *before)) : entering;
          index_t const first = begin + r * Run;
          Walk{}(
              combine, state, std::min(Run, count - r * Run), [&](int k) { return load(lane, first + k); },
              [&](int k, value const& x) { store(lane, first + k, x); });
          if (r % row == row - 1) before_row = after(before_row, runs[static_cast<std::size_t>(r)]);
        }
        if (begin + tile < e.time) entering = after(entering, *before_row);
      }
    });
  }
};

}  // namespace ssmscan::device
