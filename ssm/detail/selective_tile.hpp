#pragma once
// What the fused selective scan by time (selective_time.cpp) keeps of a tile of one channel, and of the channel.
#include <algorithm>
#include <vector>

#include <ssmscan/ssm/detail/selective_plan.hpp>

namespace ssmscan::ssm::detail {

inline constexpr index_t widest_lanes = 64 / sizeof(float);  // of the widest vector compiled
enum class tile_phase { factors, states, outputs };

inline index_t whole_vectors(index_t states) { return (states + widest_lanes - 1) / widest_lanes * widest_lanes; }

// What one thread keeps of a tile. a and b (then x) of the states, made whole vectors by states whose a and b are 0: squares of
// lanes x lanes numbers, one after the other along time, then along states.
template <class T>
struct time_tile {
  // Both together are 32 KiB, which a first cache holds: to hand on a state takes some 0.3 us, such a tile 2 to 3.
  static constexpr index_t numbers = 16384 / sizeof(T);

  explicit time_tile(index_t states) : steps(steps_of(states)) {
    a.assign(static_cast<std::size_t>(whole_vectors(states) * steps), T(0)), b = a;
    step.assign(static_cast<std::size_t>(steps), T(0)), u = step, row = step;
  }
  static index_t steps_of(index_t states) {
    return std::max(numbers / whole_vectors(states) / widest_lanes, index_t{1}) * widest_lanes;
  }

  index_t steps;
  std::vector<T> a, b, step, u, row;
};

template <class T>
struct time_work {
  selective_plan<T> const& plan;
  index_t row, channel;
  std::vector<T> x;  // of the step before the tile that is in its turn
};

}  // namespace ssmscan::ssm::detail
