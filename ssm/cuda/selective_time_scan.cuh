#pragma once
// What fused_time keeps of a warp's states; its walks over a thread's steps and its scan over the threads of a warp, of two states at
// once (selective_time.cuh says how).
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

// Two states: what the walks have of each of a thread's steps, and where they are.
template <class Real, int Steps>
struct walked_pair {
  Real a[2][Steps], b[2][Steps], x[2], rates[2];
};

// The second walk along two states, from x on, beside the first one along the next two: B_of(s, piece) and C_of(s, piece) are a
// thread's steps of B and C of state s, in pieces of some steps. Where there is no odd state its C is not asked for.
template <bool Second, bool First, int Pieces, class Real, int Steps, class OfB, class OfC>
__device__ void walk(walked_pair<Real, Steps>& w, Real const (&d)[Steps], Real const (&input)[Steps], Real (&y)[Steps],
                     OfB B_of, OfC C_of, bool has_odd = true) {
  using piece_of = decltype(B_of(0, 0));
  constexpr int steps = Steps / Pieces;
  Real from[2];
#pragma unroll
  for (int piece = 0; piece < Pieces; ++piece) {
    piece_of B_values[2], C_values[2];
#pragma unroll
    for (int s = 0; s < 2; ++s) {
      if constexpr (First) B_values[s] = B_of(s, piece);
      if constexpr (Second) C_values[s] = C_of(s, piece);
    }
#pragma unroll
    for (int j = 0; j < steps; ++j) {
      int const i = piece * steps + j;
#pragma unroll
      for (int s = 0; s < 2; ++s) {
        if constexpr (Second) {
          w.x[s] = fma(w.a[s][i], w.x[s], w.b[s][i]);
          if (s == 0 || has_odd) y[i] = fma(Real(C_values[s].wide(j)), w.x[s], y[i]);
        }
        if constexpr (First) {
          w.a[s][i] = decay(d[i], w.rates[s]), w.b[s][i] = input[i] * Real(B_values[s].wide(j));
          from[s] = i == 0 ? w.b[s][i] : fma(w.a[s][i], from[s], w.b[s][i]);
        }
      }
    }
  }
  if constexpr (First) w.x[0] = from[0], w.x[1] = from[1];
}

// The scan of two states over the threads of a warp. Of a pair of threads the even one takes the first state of both, the odd one the
// second; first and second are the pair's sums of d, in their order.
template <class Real>
struct pair_scan {
  Real first, first_factor, factor, made;
  bool is_odd;

  // x of both states from nothing, and the rate of the state that this thread takes. beside(k) goes on beside the rounds.
  template <class Beside>
  __device__ pair_scan(Real const (&x)[2], Real rate, Real first_sum, Real second_sum, bool odd, Beside beside)
      : is_odd(odd) {
    Real const given = __shfl_xor_sync(0xffffffffu, is_odd ? x[0] : x[1], 1);
    first = is_odd ? given : x[0];
    Real const second = is_odd ? x[1] : given;
    first_factor = decay(first_sum, rate);
    Real const second_factor = decay(second_sum, rate);
    factor = first_factor * second_factor, made = fma(second_factor, first, second);
#pragma unroll
    for (int k = 2; k < 32; k *= 2) {
      take_before(made, factor, k);
      beside(k);
    }
  }
  // With what the tile before ended with; threads 30 and 31 have then what this one ends with.
  __device__ void add(Real carry) { made = fma(factor, carry, made); }
  // What this thread's steps of both states begin with.
  __device__ void begin(Real carry, int lane, Real (&x)[2]) const {
    Real const before = __shfl_up_sync(0xffffffffu, made, 2);
    Real const at_first = lane < 2 ? carry : before, at_second = fma(first_factor, at_first, first);
    Real const got = __shfl_xor_sync(0xffffffffu, is_odd ? at_first : at_second, 1);
    x[0] = is_odd ? got : at_first, x[1] = is_odd ? at_second : got;
  }
};

}  // namespace ssmscan::device
