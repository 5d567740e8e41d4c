#pragma once
// sequential for lanes that lie beside one another in memory, where a step of a block's lanes is a row of whole pieces of 16 bytes. Half of
// a block's warps copy groups of steps into a ring in shared memory, and half compute, so that neither waits for the other's
// instructions: a step takes a lane two loads from shared memory, the multiply-add, and the store of x.
#include <algorithm>
#include <array>
#include <cstdint>

#include <ssmscan/scan/backends/cuda.cuh>
#include <ssmscan/scan/backends/cuda/look_back_tile.cuh>
#include <ssmscan/scan/backends/cuda/packed_pieces.cuh>
#include <ssmscan/scan/backends/cuda/remembered.cuh>
#include <ssmscan/scan/backends/cuda/staging.cuh>
#include <ssmscan/scan/backends/cuda/tickets.cuh>
#include <ssmscan/scan/detail/recurrence_problem.hpp>

namespace ssmscan::device::sequential_columns {

// The end of a group costs what it costs, however many steps it has. The ring is what two or three blocks a multiprocessor, or a wide
// one, have room for.
template <class T, int Width>
struct shape {
  static constexpr int width = Width;                    // lanes
  static constexpr int steps = sizeof(T) > 8 ? 16 : 32;  // of a group
  static constexpr int groups = sizeof(T) > 4 ? 4 : 6;
  static constexpr int together = sizeof(T) > 8 ? 8 : 16;  // steps that a thread holds in registers at a time
};
// Memory likes wide rows; of narrow blocks, several share a multiprocessor.
template <class T>
using wide = shape<T, 96>;
template <class T>
using narrow = shape<T, warp_size>;

template <class T, class Shape>
struct ring {
  alignas(16) T a[Shape::groups][Shape::steps * Shape::width];
  alignas(16) T b[Shape::groups][Shape::steps * Shape::width];
  barrier loaded[Shape::groups], read[Shape::groups];
};

// Packed: the starts of each group's piece as well.
template <class T, class Shape, sequences Of>
struct ring_for : ring<T, Shape> {};
template <class T, class Shape>
struct ring_for<T, Shape, sequences::packed> : ring<T, Shape> {
  starts_of_piece starts[Shape::groups];
};

template <class T, class Shape, sequences Of>
struct block_of_lanes {
  static constexpr bool packed = Of == sequences::packed;
  static constexpr int width = Shape::width, steps = Shape::steps, together = Shape::together;
  static constexpr int unit = 16 / static_cast<int>(sizeof(T));  // elements of a piece

  ring_for<T, Shape, Of>& m;
  ssmscan::detail::recurrence_problem<T> const& p;
  index_t first;  // lane
  int lanes;
  starts_for<Of> starts;

  // Where a warp is in the ring.
  struct turn {
    int slot = 0;
    std::uint32_t parity = 0;
    __device__ void advance() {
      if (++slot == Shape::groups) slot = 0, parity ^= 1;
    }
  };

  // f(count, turn) for each group, of `count` steps.
  template <class F>
  __device__ void each_group(F const& f) const {
    turn at;
    for (index_t left = p.size.time; left > 0; left -= steps, at.advance())
      f(static_cast<int>(min(index_t{steps}, left)), at);
  }

  // ---- load ----
  // As many threads as the block has lanes: `unit` rows at a time.
  __device__ void load(int thread) const {
    constexpr int parts = width / unit;
    int const column = thread % parts * unit, row = thread / parts;
    bool const any = column < lanes;
    T const* from_a = &p.a(first, row) + column;
    T const* from_b = &p.b(first, row) + column;
    index_t const next_a = unit * p.a.time_stride(), next_b = unit * p.b.time_stride();
    [[maybe_unused]] int group = 0;  // of its piece
    [[maybe_unused]] index_t piece = 0;
    each_group([&](int count, turn const& at) {
      m.read[at.slot].wait(at.parity ^ 1);
      if constexpr (packed) {
        copy_starts_of_piece(&m.starts[at.slot], starts.pieces + piece, thread);
        if (++group == starts_of_piece::steps / steps) group = 0, ++piece;
      }
      int const place = row * width + column;
#pragma unroll
      for (int s = 0; s < steps; s += unit) {
        if (any && row + s < count) {
          copy_piece(m.a[at.slot] + place + s * width, from_a);
          copy_piece(m.b[at.slot] + place + s * width, from_b);
        }
        from_a += next_a, from_b += next_b;
      }
      m.loaded[at.slot].arrive_after_copies();
    });
    copies_are_done();
  }

  // ---- compute ----
  struct lane_state {
    T value;
    bool any;  // false before the first step of a lane that has no initial state
    T* x;
    bool stores;  // who has no lane looks at the last, and writes no x
  };

  template <bool Whole>
  __device__ void walk(int count, turn const& at, int column, lane_state& state,
                       [[maybe_unused]] packed_group<steps> const& of) const {
    index_t const next = p.x.time_stride();
#pragma unroll
    for (int begin = 0; begin < steps; begin += together) {
      std::array<T, together> a, b;
#pragma unroll
      for (int s = 0; s < together; ++s) {
        a[s] = m.a[at.slot][(begin + s) * width + column];
        b[s] = m.b[at.slot][(begin + s) * width + column];
      }
#pragma unroll
      for (int s = 0; s < together; ++s) {
        if (!Whole && begin + s >= count) break;
        bool const goes_on = packed ? !of.starts_at(begin + s) : begin + s > 0 || state.any;
        state.value = goes_on ? multiply_add(a[s], state.value, b[s]) : b[s];
        if (state.stores) *state.x = state.value;
        state.x += next;
        if (packed && of.ends_at(begin + s)) m.b[at.slot][(begin + s) * width + column] = state.value;
      }
    }
    state.any = true;
  }

  __device__ void compute(int thread) const {
    int const of_lane = min(thread, lanes - 1);
    int const column = packed ? thread : of_lane;  // packed, who has no lane writes where nobody reads
    index_t const lane = first + of_lane;
    bool const has_state = !packed && p.initial;
    lane_state state{has_state ? p.initial(lane, 0) : T(0), has_state, &p.x(lane, 0), thread < lanes};
    [[maybe_unused]] int group = 0;  // of its piece
    [[maybe_unused]] index_t piece = 0;
    each_group([&](int count, turn const& at) {
      m.loaded[at.slot].wait(at.parity);
      packed_group<steps> of{0, 0};
      if constexpr (packed) {
        of = packed_group<steps>::of(m.starts[at.slot], group).first(count);
        if (p.initial && state.stores)
          states_of(at, lane, piece, group).put_states(of.starts, m.a[at.slot] + column, m.b[at.slot] + column, width);
      }
      if (count == steps) {
        walk<true>(count, at, column, state, of);
      } else {
        walk<false>(count, at, column, state, of);
      }
      if constexpr (packed) {
        if (p.final && state.stores)
          states_of(at, lane, piece, group).leave_states(of.ends, m.b[at.slot] + column, width);
        if (++group == starts_of_piece::steps / steps) group = 0, ++piece;
      }
      m.read[at.slot].arrive();
    });
    if (!packed && p.final && state.stores) p.final(lane, 0) = state.value;
  }
  __device__ group_of_lane<T, steps> states_of(turn const& at, index_t lane, index_t piece, int group) const {
    return {p, m.starts[at.slot], lane, piece, group};
  }
};

// Blocks begin at multiples of `together` lanes.
template <class T, class Shape, sequences Of>
__global__ void __launch_bounds__(2 * Shape::width)
    columns_kernel(__grid_constant__ ssmscan::detail::recurrence_problem<T> const p, index_t together,
                   __grid_constant__ starts_for<Of> const starts) {
  extern __shared__ __align__(16) unsigned char ring_memory[];
  auto& m = *reinterpret_cast<ring_for<T, Shape, Of>*>(ring_memory);
  if (threadIdx.x == 0) {
    for (int s = 0; s < Shape::groups; ++s) m.loaded[s].initialise(Shape::width), m.read[s].initialise(Shape::width);
    barriers_are_initialised();
  }
  index_t const across = ssmscan::detail::ceil_div(together, index_t{Shape::width});
  index_t const row = blockIdx.x / across, in_row = (blockIdx.x - row * across) * Shape::width;
  block_of_lanes<T, Shape, Of> const block{m, p, row * together + in_row,
                                           static_cast<int>(min(index_t{Shape::width}, together - in_row)), starts};
  auto const thread = static_cast<int>(threadIdx.x);
  __syncthreads();
  if (thread < Shape::width) {
    block.compute(thread);
  } else {
    block.load(thread - Shape::width);
  }
}

// Of how many lanes, from a multiple of it on, each is beside the one before in a and b, in rows of whole pieces; 0 where not.
template <class T>
index_t lanes_together(ssmscan::detail::recurrence_problem<T> const& p) {
  constexpr index_t unit = 16 / static_cast<index_t>(sizeof(T));
  auto const together_in = [&](auto const& v) { return v.is_even() ? p.size.lanes : v.even_lanes(); };
  index_t const together = std::min(together_in(p.a), together_in(p.b));
  auto const in_rows = [&](auto const& v) {
    auto const is_aligned = [](auto const* at) { return reinterpret_cast<std::uintptr_t>(at) % 16 == 0; };
    return (together == 1 || &v(1, 0) - &v(0, 0) == 1) && v.time_stride() % unit == 0 && is_aligned(&v(0, 0)) &&
           (together == p.size.lanes || is_aligned(&v(together, 0)));
  };
  return together % unit == 0 && in_rows(p.a) && in_rows(p.b) ? together : 0;
}

template <class Shape, class T, sequences Of>
void run(cudaStream_t stream, ssmscan::detail::recurrence_problem<T> const& problem, index_t together,
         starts_for<Of> const& starts) {
  constexpr auto* kernel = &columns_kernel<T, Shape, Of>;
  index_t const across = ssmscan::detail::ceil_div(together, index_t{Shape::width});
  launch_with_shared<kernel>(this_device(), stream,
                             {problem.size.lanes / together * across, 2 * Shape::width, sizeof(ring_for<T, Shape, Of>)},
                             problem, together, starts);
}

// False where lanes do not lie so, or too few of them together.
template <sequences Of, class T>
bool solve(cudaStream_t stream, ssmscan::detail::recurrence_problem<T> const& problem, starts_for<Of> const& starts) {
  index_t const lanes = problem.size.lanes, together = lanes_together(problem);
  if (together == 0 || (together < narrow<T>::width && together < lanes)) return false;
  // Wide blocks where they are one for most multiprocessors: 86 for 132 are too few, 128 enough (H200).
  bool const is_wide = together >= wide<T>::width && lanes / wide<T>::width * 4 >= multiprocessors() * 3;
  if (is_wide) {
    run<wide<T>>(stream, problem, together, starts);
  } else {
    run<narrow<T>>(stream, problem, together, starts);
  }
  return true;
}

}  // namespace ssmscan::device::sequential_columns
