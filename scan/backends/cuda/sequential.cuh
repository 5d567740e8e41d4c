#pragma once
// A block takes neighbouring lanes, a thread each. A step waits for the one before it, but not its a and b: groups of steps
// are copied into a ring in shared memory, several groups ahead, so that the few warps that there are keep as much of memory
// in flight as many would. Lanes that lie beside one another, in rows of whole pieces of 16 bytes, have kernels of their
// own (sequential_columns.cuh, and of many lanes sequential_segments.cuh); here a block copies element by element along the
// channels (direct), or along time and back (transposed), a transposition in shared memory, 16 bytes a thread where they are
// contiguous and aligned.
#include <ssmscan/scan/backends/cuda.cuh>
#include <ssmscan/scan/backends/cuda/look_back_tile.cuh>
#include <ssmscan/scan/backends/cuda/packed_pieces.cuh>
#include <ssmscan/scan/backends/cuda/remembered.cuh>
#include <ssmscan/scan/backends/cuda/sequential.hpp>
#include <ssmscan/scan/backends/cuda/sequential_columns.cuh>
#include <ssmscan/scan/backends/cuda/sequential_segments.cuh>
#include <ssmscan/scan/backends/cuda/staging.cuh>

namespace ssmscan::device {

enum class staging { direct, transposed };

template <class T, staging How>
struct lane_ring {
  static constexpr bool transposed = How == staging::transposed;
  static constexpr int unit = 16 / static_cast<int>(sizeof(T));  // elements of a piece of 16 bytes
  // Direct, a step is a row of 512 bytes or more: of 128, neighbouring warps drift apart, and memory is read in smaller pieces than
  // it likes. Transposed, a group is a line of 128 bytes of each lane.
  // double in warps of lanes and groups of 32 steps: three blocks a multiprocessor, evenly.
  static constexpr bool in_warps = transposed || std::is_same_v<T, double> || sizeof(T) > 8;
  static constexpr int lanes = in_warps ? warp_size : 128;
  static constexpr int steps = (transposed ? 128 : std::is_same_v<T, double> ? 256 : 64) / static_cast<int>(sizeof(T));
  static constexpr int groups = transposed || std::is_same_v<T, double> ? 4 : sizeof(T) > 8 ? 8 : 6;
  static constexpr int pitch = transposed ? steps + unit : lanes;  // an odd number of pieces: threads meet all banks
  static constexpr int length = (transposed ? lanes : steps) * pitch;

  alignas(16) T a[groups][length];
  alignas(16) T b[groups][length];

  __device__ static int place(int lane, int step) { return transposed ? lane * pitch + step : step * pitch + lane; }
};

// A block's lanes in one of the arrays.
template <class T>
struct lanes_of_block {
  T* own;          // this thread's lane's step 0
  index_t stride;  // of time
  bool pieces;     // whether 16 bytes at a time can be copied

  template <staging How>
  __device__ static lanes_of_block of(ssmscan::detail::lane_view<T> const& view, index_t lane) {
    lanes_of_block made{&view(lane, 0), view.time_stride(), false};
    if constexpr (How == staging::transposed) {
      bool const aligned = reinterpret_cast<std::uintptr_t>(made.own) % 16 == 0;
      made.pieces = made.stride == 1 && __all_sync(all_lanes, aligned);
    }
    return made;
  }
  // Another thread's of this warp.
  __device__ T* of_thread(int thread) const {
    return reinterpret_cast<T*>(__shfl_sync(all_lanes, reinterpret_cast<unsigned long long>(own), thread));
  }
};

// Packed: the starts of each group's piece as well.
template <class T, staging How, sequences Of>
struct ring_for : lane_ring<T, How> {};
template <class T, staging How>
struct ring_for<T, How, sequences::packed> : lane_ring<T, How> {
  starts_of_piece starts[lane_ring<T, How>::groups];
};

template <class T, staging How, sequences Of>
struct sequential_block {
  static constexpr bool packed = Of == sequences::packed;
  using ring = ring_for<T, How, Of>;
  static constexpr int steps = ring::steps, groups = ring::groups, unit = ring::unit;
  using values = std::array<T, steps>;

  ring& m;
  index_t time;
  int lanes, lane;  // of this block; of this thread
  lanes_of_block<T const> a, b;
  lanes_of_block<T> x;
  ssmscan::detail::recurrence_problem<T> const& p;
  index_t of_problem;  // this thread's lane
  starts_for<Of> starts;

  __device__ int count_of(index_t g) const { return static_cast<int>(min(index_t{steps}, time - g * steps)); }
  __device__ static int slot(index_t g) { return static_cast<int>(g % groups); }

  // ---- copies ----
  // f(address, place) for each element of a group, or for each piece: neighbouring threads on neighbouring addresses.
  template <int Unit, class V, class F>
  __device__ void each_of_group(lanes_of_block<V> const& of, index_t g, int count, F const& f) const {
    index_t const begin = g * steps;
    if constexpr (How == staging::direct) {
#pragma unroll
      for (int s = 0; s < steps; ++s)
        if (s < count && lane < lanes) f(of.own + (begin + s) * of.stride, ring::place(lane, s));
    } else {
      constexpr int along = steps / Unit, together = warp_size / along;  // threads for a lane; lanes at a time
      int const step = lane % along * Unit;
      index_t const offset = (begin + step) * of.stride;
#pragma unroll 8
      for (int k = 0; k < warp_size; k += together) {
        int const of_lane = k + lane / along;
        V* const from = of.of_thread(of_lane);
        if (of_lane < lanes && step < count) f(from + offset, ring::place(of_lane, step));
      }
    }
  }
  __device__ bool by_pieces(bool possible, int count) const { return unit > 1 && possible && count == steps; }

  __device__ void copy_in(T* to, lanes_of_block<T const> const& from, index_t g, int count) const {
    if (How == staging::transposed && by_pieces(from.pieces, count)) {
      each_of_group<unit>(from, g, count, [&](T const* at, int place) { copy_piece(to + place, at); });
    } else {
      each_of_group<1>(from, g, count, [&](T const* at, int place) { copy_element(to + place, at); });
    }
  }
  __device__ void copy_in(index_t g) const {
    if (int const count = count_of(g); count > 0)
      copy_in(m.a[slot(g)], a, g, count), copy_in(m.b[slot(g)], b, g, count), copy_starts(g);
    asm volatile("cp.async.commit_group;" ::: "memory");  // an empty one too: groups are counted
  }

  // ---- packed ----
  __device__ static index_t piece_of(index_t g) { return g * steps / starts_of_piece::steps; }
  __device__ static int group_in_piece(index_t g) { return static_cast<int>(g % (starts_of_piece::steps / steps)); }
  __device__ void copy_starts([[maybe_unused]] index_t g) const {
    if constexpr (packed) copy_starts_of_piece(&m.starts[slot(g)], starts.pieces + piece_of(g), lane);
  }
  __device__ packed_group<steps> packed_steps([[maybe_unused]] index_t g, [[maybe_unused]] int count) const {
    if constexpr (packed) {
      return packed_group<steps>::of(m.starts[slot(g)], group_in_piece(g)).first(count);
    } else {
      return {0, 0};
    }
  }
  __device__ group_of_lane<T, steps> states_of(index_t g) const {
    return {p, m.starts[slot(g)], of_problem, piece_of(g), group_in_piece(g)};
  }
  static constexpr int pitch_of_step = ring::transposed ? 1 : ring::pitch;

  __device__ void copy_out(index_t g) const {
    T const* const from = m.b[slot(g)];
    int const count = count_of(g);
    if (by_pieces(x.pieces, count)) {
      each_of_group<unit>(x, g, count, [&](T* at, int place) {
        *reinterpret_cast<uint4*>(at) = *reinterpret_cast<uint4 const*>(from + place);
      });
    } else {
      each_of_group<1>(x, g, count, [&](T* at, int place) { *at = from[place]; });
    }
  }

  // ---- the recurrence ----
  // This thread's steps of a group; those past the end are whatever stood there.
  __device__ values steps_of(T const* group) const {
    values made;
    if constexpr (How == staging::direct) {
#pragma unroll
      for (int s = 0; s < steps; ++s) made[s] = group[ring::place(lane, s)];
    } else {
      std::array<uint4, steps / unit> raw;
#pragma unroll
      for (int k = 0; k < steps / unit; ++k) raw[k] = reinterpret_cast<uint4 const*>(group + ring::place(lane, 0))[k];
      made = std::bit_cast<values>(raw);
    }
    return made;
  }

  // From the state before the group to the one after it. Direct, x goes out at once; transposed, into b's place.
  __device__ T advance(index_t g, T state, bool has_state) const {
    int const count = count_of(g);
    T* const own_b = m.b[slot(g)] + ring::place(lane, 0);
    [[maybe_unused]] packed_group<steps> const at = packed_steps(g, count);
    if constexpr (packed) {
      if (p.initial) states_of(g).put_states(at.starts, m.a[slot(g)] + ring::place(lane, 0), own_b, pitch_of_step);
    }
    values const step_a = steps_of(m.a[slot(g)]);
    values step_b = steps_of(m.b[slot(g)]);
    T* to = x.own + g * steps * x.stride;
#pragma unroll
    for (int s = 0; s < steps; ++s) {
      if (s >= count) break;
      bool const is_start = packed ? at.starts_at(s) : s == 0 && !has_state;
      state = is_start ? step_b[s] : multiply_add(step_a[s], state, step_b[s]);
      if constexpr (How == staging::direct) {
        if (lane < lanes) *to = state, to += x.stride;
        if (packed && at.ends_at(s)) own_b[s * pitch_of_step] = state;
      } else {
        step_b[s] = state;
      }
    }
    if constexpr (How == staging::transposed) {
      auto const raw = std::bit_cast<std::array<uint4, steps / unit>>(step_b);
#pragma unroll
      for (int k = 0; k < steps / unit; ++k) reinterpret_cast<uint4*>(m.b[slot(g)] + ring::place(lane, 0))[k] = raw[k];
    }
    if constexpr (packed) {
      if (p.final && lane < lanes) states_of(g).leave_states(at.ends, own_b, pitch_of_step);
    }
    return state;
  }

  __device__ static void synchronise() {
    if constexpr (ring::lanes == warp_size) {
      __syncwarp();
    } else {
      __syncthreads();
    }
  }

  // The state after the last step.
  __device__ T run(T state, bool has_state) const {
    for (int g = 0; g < groups - 1; ++g) copy_in(g);
    for (index_t g = 0; g * steps < time; ++g) {
      asm volatile("cp.async.wait_group %0;" ::"n"(groups - 2) : "memory");
      synchronise();  // all of group g has come, and all are done with the one before, in whose place another comes
      copy_in(g + groups - 1);
      state = advance(g, state, has_state || g > 0);
      if constexpr (How == staging::transposed) {
        synchronise();
        copy_out(g);
      }
    }
    asm volatile("cp.async.wait_group 0;" ::: "memory");
    return state;
  }
};

template <class T, staging How, sequences Of>
__global__ void __launch_bounds__(lane_ring<T, How>::lanes)
    sequential_kernel(__grid_constant__ ssmscan::detail::recurrence_problem<T> const p,
                      __grid_constant__ starts_for<Of> const starts) {
  extern __shared__ __align__(16) unsigned char lane_memory[];
  constexpr int width = lane_ring<T, How>::lanes;
  int const thread = static_cast<int>(threadIdx.x);
  for (index_t first = index_t{blockIdx.x} * width; first < p.size.lanes; first += index_t{gridDim.x} * width) {
    auto const lanes = static_cast<int>(min(index_t{width}, p.size.lanes - first));
    index_t const lane = first + min(thread, lanes - 1);  // threads without a lane look at the last, and write nothing
    sequential_block<T, How, Of> const block{*reinterpret_cast<ring_for<T, How, Of>*>(lane_memory),
                                             p.size.time,
                                             lanes,
                                             thread,
                                             lanes_of_block<T const>::template of<How>(p.a, lane),
                                             lanes_of_block<T const>::template of<How>(p.b, lane),
                                             lanes_of_block<T>::template of<How>(p.x, lane),
                                             p,
                                             lane,
                                             starts};
    if constexpr (Of == sequences::packed) {
      block.run(T(0), true);
    } else {
      bool const has_state = static_cast<bool>(p.initial);
      T const last = block.run(has_state ? p.initial(lane, 0) : T(0), has_state);
      if (p.final && thread < lanes) p.final(lane, 0) = last;
    }
    block.synchronise();
  }
}

template <staging How, sequences Of, class T>
void launch_sequential(cudaStream_t stream, ssmscan::detail::recurrence_problem<T> const& problem,
                       starts_for<Of> const& starts) {
  using ring = ring_for<T, How, Of>;
  constexpr auto* kernel = &sequential_kernel<T, How, Of>;
  constexpr index_t most_blocks = 1 << 20;
  index_t const blocks = std::min(ssmscan::detail::ceil_div(problem.size.lanes, index_t{ring::lanes}), most_blocks);
  launch_with_shared<kernel>(this_device(), stream, {blocks, ring::lanes, sizeof(ring)}, problem, starts);
}

template <sequences Of, class B, class T>
void solve_by_lanes(B& on, ssmscan::detail::recurrence_problem<T> const& problem, starts_for<Of> const& starts) {
  if (problem.size.lanes == 0 || problem.size.time == 0) return;
  index_t const stride = problem.x.time_stride();
  bool const along_time = stride == 1 || stride == -1;
  // A workspace is asked for by the shape, wherever arrays stand.
  bool const many = !along_time && problem.size.lanes >= sequential_segments::lanes_enough;
  auto const memory = on.template scratch<word>(many ? sequential_segments::words_needed<T>(problem.size) : index_t{0});
  if constexpr (std::same_as<B, cuda>) {
    if (along_time) {
      launch_sequential<staging::transposed>(on.stream(), problem, starts);
    } else if (!(many && sequential_segments::solve(on, problem, memory.data(), starts)) &&
               !sequential_columns::solve(on.stream(), problem, starts)) {
      launch_sequential<staging::direct>(on.stream(), problem, starts);
    }
  }
}

template <class B, class T>
void sequential::solve(B& on, affine<T> const&, ssmscan::detail::recurrence_problem<T> const& problem) {
  solve_by_lanes(on, problem, starts_for<sequences::one>{});
}

template <class B, class T>
void sequential::solve(B& on, segmented<affine<T>> const&, ssmscan::detail::recurrence_problem<T> const& problem,
                       ssmscan::detail::starts_by_piece const& starts) {
  solve_by_lanes(on, problem, starts_for<sequences::packed>{starts});
}

}  // namespace ssmscan::device
