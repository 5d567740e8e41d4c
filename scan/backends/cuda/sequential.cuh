#pragma once
// A warp takes 32 neighbouring lanes, a thread each. A step waits for the one before it, but not its a and b: groups of
// steps are copied into a ring in shared memory, several groups ahead, so that the few warps that there are keep as much of
// memory in flight as many would. Where channels are contiguous each thread copies its own lane's values, and 32
// neighbours' are one line of memory. Where time is contiguous the warp copies each lane's part of a group together, and x
// goes back the same way: a transposition in shared memory.
#include <ssmscan/scan/backends/cuda.cuh>
#include <ssmscan/scan/backends/cuda/look_back_tile.cuh>
#include <ssmscan/scan/backends/cuda/sequential.hpp>
#include <ssmscan/scan/backends/cuda/staging.cuh>

namespace ssmscan::device {

enum class staging { direct, transposed };

template <class T, staging How>
struct lane_ring {
  static constexpr bool transposed = How == staging::transposed;
  // 16 KiB of a and as many of b: six warps of a multiprocessor fill its shared memory, and three would keep its share of
  // memory busy. Transposed, a group is a line of 128 bytes of each lane.
  static constexpr int steps = (transposed ? 128 : 64) / static_cast<int>(sizeof(T)), groups = transposed ? 4 : 8;
  static constexpr int pitch = steps + 1;  // odd: the threads of a warp meet all banks
  static constexpr int length = transposed ? warp_size * pitch : steps * warp_size;

  T a[groups][length], b[groups][length];

  __device__ static int place(int lane, int step) { return transposed ? lane * pitch + step : step * warp_size + lane; }
};

template <class T, staging How>
struct sequential_warp {
  using ring = lane_ring<T, How>;
  static constexpr int steps = ring::steps, groups = ring::groups;

  ring& m;
  index_t time;
  int lanes, lane;      // of this warp; of this thread
  T const *a, *b;       // of this thread's lane
  T* x;
  index_t a_stride, b_stride, x_stride;

  __device__ void copy_in(index_t g) const {
    index_t const begin = g * steps;
    int const slot = static_cast<int>(g % groups), count = static_cast<int>(min(index_t{steps}, time - begin));
    if (count > 0) {
      copy_in(m.a[slot], a, a_stride, begin, count);
      copy_in(m.b[slot], b, b_stride, begin, count);
    }
    asm volatile("cp.async.commit_group;" ::: "memory");  // an empty one too: groups are counted
  }

  __device__ void copy_in(T* to, T const* from, index_t stride, index_t begin, int count) const {
    if constexpr (How == staging::direct) {
      from += begin * stride;
#pragma unroll
      for (int s = 0; s < steps; ++s)
        if (s < count && lane < lanes) copy_element(to + ring::place(lane, s), from), from += stride;
    } else {
      each_of_group(from, stride, begin, count, [&](T const* at, int place) { copy_element(to + place, at); });
    }
  }

  // Transposed: f(address, place) for each element of a group, neighbouring threads on neighbouring steps.
  template <class Pointer, class F>
  __device__ void each_of_group(Pointer of_lane, index_t stride, index_t begin, int count, F const& f) const {
    constexpr int together = warp_size / steps;  // lanes at a time
    int const step = lane % steps;
    index_t const offset = (begin + step) * stride;
#pragma unroll 8
    for (int k = 0; k < warp_size; k += together) {
      int const of = k + lane / steps;
      auto const base = reinterpret_cast<Pointer>(
          __shfl_sync(all_lanes, reinterpret_cast<unsigned long long>(of_lane), of));
      if (of < lanes && step < count) f(base + offset, ring::place(of, step));
    }
  }

  // From x, the state before the group; the state after it.
  __device__ T advance(index_t g, T state, bool has_state) const {
    index_t const begin = g * steps;
    int const slot = static_cast<int>(g % groups), count = static_cast<int>(min(index_t{steps}, time - begin));
    T const* const from_a = m.a[slot];
    T* const from_b = m.b[slot];
    T step_a[steps], step_b[steps];
#pragma unroll
    for (int s = 0; s < steps; ++s) step_a[s] = from_a[ring::place(lane, s)], step_b[s] = from_b[ring::place(lane, s)];
    T* to = x + begin * x_stride;
#pragma unroll
    for (int s = 0; s < steps; ++s) {
      if (s >= count) break;
      state = s == 0 && !has_state ? step_b[0] : multiply_add(step_a[s], state, step_b[s]);
      if constexpr (How == staging::direct) {
        if (lane < lanes) *to = state, to += x_stride;
      } else {
        from_b[ring::place(lane, s)] = state;
      }
    }
    return state;
  }

  __device__ void copy_out(index_t g) const {
    index_t const begin = g * steps;
    T const* const from = m.b[g % groups];
    int const count = static_cast<int>(min(index_t{steps}, time - begin));
    each_of_group(x, x_stride, begin, count, [&](T* at, int place) { *at = from[place]; });
  }

  // The state after the last step.
  __device__ T run(T state, bool has_state) const {
    for (int g = 0; g < groups - 1; ++g) copy_in(g);
    for (index_t g = 0; g * steps < time; ++g) {
      copy_in(g + groups - 1);
      asm volatile("cp.async.wait_group %0;" ::"n"(groups - 1) : "memory");
      if constexpr (How == staging::transposed) __syncwarp();
      state = advance(g, state, has_state || g > 0);
      if constexpr (How == staging::transposed) {
        __syncwarp();
        copy_out(g);
        __syncwarp();
      }
    }
    asm volatile("cp.async.wait_group 0;" ::: "memory");
    return state;
  }
};

template <class T, staging How>
__global__ void __launch_bounds__(warp_size)
    sequential_kernel(__grid_constant__ ssmscan::detail::recurrence_problem<T> const p) {
  __shared__ __align__(16) unsigned char memory[sizeof(lane_ring<T, How>)];
  int const thread = static_cast<int>(threadIdx.x);
  for (index_t first = index_t{blockIdx.x} * warp_size; first < p.size.lanes; first += index_t{gridDim.x} * warp_size) {
    auto const lanes = static_cast<int>(min(index_t{warp_size}, p.size.lanes - first));
    index_t const lane = first + min(thread, lanes - 1);  // threads without a lane look at the last, and write nothing
    sequential_warp<T, How> const warp{*reinterpret_cast<lane_ring<T, How>*>(memory),
                                       p.size.time,
                                       lanes,
                                       thread,
                                       &p.a(lane, 0),
                                       &p.b(lane, 0),
                                       &p.x(lane, 0),
                                       p.a.time_stride(),
                                       p.b.time_stride(),
                                       p.x.time_stride()};
    bool const has_state = static_cast<bool>(p.initial);
    T const last = warp.run(has_state ? p.initial(lane, 0) : T(0), has_state);
    if (p.final && thread < lanes) p.final(lane, 0) = last;
    __syncwarp();
  }
}

template <class B, class T>
void sequential::solve(B& on, affine<T> const&, ssmscan::detail::recurrence_problem<T> const& problem) {
  if (problem.size.lanes == 0 || problem.size.time == 0) return;
  if constexpr (std::same_as<B, cuda>) {
    index_t const stride = problem.x.time_stride();
    bool const time_is_contiguous = stride == 1 || stride == -1;
    auto* const kernel =
        time_is_contiguous ? &sequential_kernel<T, staging::transposed> : &sequential_kernel<T, staging::direct>;
    constexpr index_t most_blocks = 1 << 20;
    launch(on.stream(), {std::min(ssmscan::detail::ceil_div(problem.size.lanes, warp_size), most_blocks), warp_size},
           kernel, problem);
  }
}

}  // namespace ssmscan::device
