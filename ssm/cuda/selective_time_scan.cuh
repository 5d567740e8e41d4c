#pragma once
// What fused_time keeps of a warp's states, and its scan over the threads of a warp, of two states at once
// (selective_time.cuh says how).
#include <cuda_runtime.h>

namespace ssmscan::device {

// Of values [From, From + Count).
template <int From, int Count, class Real, int Steps>
__device__ Real sum_by_halves(Real const (&values)[Steps]) {
  if constexpr (Count == 1)
    return values[From];
  else
    return sum_by_halves<From, Count / 2>(values) + sum_by_halves<From + Count / 2, Count / 2>(values);
}

// Of a warp and state: what A is kept as, and what the tile before ended with.
template <class Real>
struct alignas(2 * sizeof(Real)) time_state {
  Real rate, carry;
};

// Of a thread, where a scan's round has one before it: made and factor of both, one after the other.
__device__ inline void take_before(float& made, float& factor, int distance) {
  asm volatile(
      "{\n .reg .pred has;\n .reg .f32 made, factor;\n"
      " shfl.sync.up.b32 made|has, %0, %2, 0, 0xffffffff;\n shfl.sync.up.b32 factor, %1, %2, 0, 0xffffffff;\n"
      " @has fma.rn.f32 %0, %1, made, %0;\n @has mul.rn.f32 %1, %1, factor;\n}"
      : "+f"(made), "+f"(factor)
      : "r"(distance));
}
__device__ inline void take_before(double& made, double& factor, int distance) {
  double const made_before = __shfl_up_sync(0xffffffffu, made, distance),
               factor_before = __shfl_up_sync(0xffffffffu, factor, distance);
  if (static_cast<int>(threadIdx.x) % 32 >= distance) made = fma(factor, made_before, made), factor *= factor_before;
}

}  // namespace ssmscan::device
