#pragma once
// What the fused selective scan by time (selective_time.cpp) keeps of a tile of one channel, and of the channel.
#include <algorithm>

#include <ssmscan/ssm/detail/line_vector.hpp>
#include <ssmscan/ssm/detail/selective_plan.hpp>

namespace ssmscan::ssm::detail {

inline constexpr index_t widest_lanes = 64 / sizeof(float);  // of the widest vector compiled
enum class tile_phase { factors, states, outputs };

inline index_t whole_vectors(index_t states) { return (states + widest_lanes - 1) / widest_lanes * widest_lanes; }

// What one thread keeps of a tile. a and b (then x) of the states, made whole vectors by states whose a and b are 0: squares of
// lanes x lanes numbers, one after the other along time, then along states; of complex numbers all real parts, then all
// imaginary ones.
template <class V>
struct time_tile {
  using T = typename real_part_of<V>::type;
  static constexpr index_t parts = is_complex<V> ? 2 : 1;
  // Both together are 32 KiB, which a first cache holds: to hand on a state takes some 0.3 us, such a tile 2 to 3.
  static constexpr index_t numbers = 16384 / sizeof(V);

  explicit time_tile(index_t states) : steps(steps_of(states)), apart(whole_vectors(states) * steps) {
    a.assign(static_cast<std::size_t>(parts * apart), T(0)), b = a;
    step.assign(static_cast<std::size_t>(steps), T(0)), u = step;
    row.assign(step.size(), V(0));
  }
  static index_t steps_of(index_t states) {
    return std::max(numbers / whole_vectors(states) / widest_lanes, index_t{1}) * widest_lanes;
  }

  index_t steps, apart;  // apart: of a's parts, and b's
  line_vector<T> a, b, step, u;
  line_vector<V> row;
};

template <class V>
struct time_work {
  using T = typename real_part_of<V>::type;
  explicit time_work(selective_plan<V> const& of, index_t of_row, index_t of_channel)
      : plan(of), row(of_row), channel(of_channel), apart(whole_vectors(of.states)) {
    x.assign(static_cast<std::size_t>(time_tile<V>::parts * apart), T(0));
  }
  void set_state(index_t n, V value) {
    x[static_cast<std::size_t>(n)] = std::real(value);
    if constexpr (is_complex<V>) x[static_cast<std::size_t>(apart + n)] = std::imag(value);
  }
  V state(index_t n) const {
    T const* const at = x.data() + n;
    if constexpr (is_complex<V>) {
      return {at[0], at[apart]};
    } else {
      return *at;
    }
  }

  selective_plan<V> const& plan;
  index_t row, channel, apart;  // apart: of x's parts
  line_vector<T> x;             // of the step before the tile that is in its turn
};

}  // namespace ssmscan::ssm::detail
