#pragma once
// With l = 64 i + j, what a state x that enters chunk i adds to y is Re(f c a a^j x), and what the chunk's inputs add to the
// state that leaves it is b sum_j a^(63-j) u[j]: products of matrices with the one table of a^j, j < 64. So the kernel (x = b
// a^(64 i - 1)) and both halves of the scan are the same loops: a thread has 4 x 4 values of y, or 2 states of 4 chunks.
#include <ssmscan/scan/concepts.hpp>
#include <ssmscan/ssm/cuda/diagonal_launch.hpp>

namespace ssmscan::device::detail {

inline constexpr int threads = 256, quads_of_chunk = chunk_time / 4;
inline constexpr int chunk_row = tile_chunks + 4;  // a state's row of chunks in shared memory
inline constexpr int taps_before = 4;

template <class T>
struct alignas(16) quad {
  T of[4];
};
struct complex_double {
  double re, im;
};
__device__ inline complex_double times(complex_double p, complex_double q) {
  return {fma(p.re, q.re, -(p.im * q.im)), fma(p.re, q.im, p.im * q.re)};
}

// a^l, as kernels/diagonal.cpp has it.
__device__ inline complex_double power(pole const& w, double l) {
  double const exponent = l * w.log_re, phase = l * w.log_im;
  double const exponent_rest = fma(l, w.log_re, -exponent) + l * w.log_re_rest;
  double const phase_rest = fma(l, w.log_im, -phase) + l * w.log_im_rest;
  double const modulus = exp(exponent) * (1 + exponent_rest);
  double sine, cosine;
  sincos(phase, &sine, &cosine);
  double const shrink = phase_rest * phase_rest / 2;
  return {modulus * (cosine - (phase_rest * sine + shrink * cosine)),
          modulus * (sine + (phase_rest * cosine - shrink * sine))};
}

// Quads of rows of 64 values lie in turn, so that neighbouring rows' are in different banks: row r's quad q.
__device__ inline int place_of(int row, int q, int turn) { return row * chunk_time + (q + turn) % quads_of_chunk * 4; }

template <class T, int States>
struct tile_memory {
  T signal[tile_chunks * chunk_time];  // quads turned by chunk / 4
  T powers[2][States * chunk_time];    // quads turned by state
  T states[2][States * chunk_row];     // of a chunk: what it adds, then what it reads out
  T taps[taps_before + chunk_time];

  __device__ quad<T> const& signal_at(int chunk, int q) const {
    return *reinterpret_cast<quad<T> const*>(signal + place_of(chunk, q, chunk / 4));
  }
  __device__ quad<T> const& power_at(int part, int n, int q) const {
    return *reinterpret_cast<quad<T> const*>(powers[part] + place_of(n, q, n));
  }
  // The table's rows from state `first` on.
  __device__ void load_powers(T const* table, index_t padded, index_t first) {
    for (int i = threadIdx.x; i < 2 * States * quads_of_chunk; i += threads) {
      int const part = i / (States * quads_of_chunk), n = i / quads_of_chunk % States, q = i % quads_of_chunk;
      *reinterpret_cast<quad<T>*>(powers[part] + place_of(n, q, n)) =
          *reinterpret_cast<quad<T> const*>(table + ((part * padded + first + n) * chunk_time + q * 4));
    }
  }
};

// A thread's part of y: 4 steps of 4 chunks. Warps that have many taps before them share a scheduler with those that have few.
struct output_place {
  int q, chunk;
  __device__ output_place() {
    int const warp = threadIdx.x / 32, lane = threadIdx.x % 32, pair = warp < 4 ? warp : 11 - warp;
    q = 2 * pair + lane / 16, chunk = lane % 16 * 4;
  }
};

template <class T, int States>
__device__ void read_states(tile_memory<T, States> const& m, output_place at, T (&y)[4][4]) {
#pragma unroll 4
  for (int n = 0; n < States; ++n) {
    quad<T> const re = m.power_at(0, n, at.q), im = m.power_at(1, n, at.q);
    quad<T> const x_re = *reinterpret_cast<quad<T> const*>(m.states[0] + n * chunk_row + at.chunk);
    quad<T> const x_im = *reinterpret_cast<quad<T> const*>(m.states[1] + n * chunk_row + at.chunk);
#pragma unroll
    for (int r = 0; r < 4; ++r)
#pragma unroll
      for (int i = 0; i < 4; ++i) y[r][i] = fma(-im.of[i], x_im.of[r], fma(re.of[i], x_re.of[r], y[r][i]));
  }
}

template <class T, int States>
__device__ void apply_taps(tile_memory<T, States> const& m, output_place at, T (&y)[4][4]) {
  auto const taps = [&](int q) { return *reinterpret_cast<quad<T> const*>(m.taps + 4 * q); };
  for (int q = 0; q < at.q; ++q) {
    quad<T> const low = taps(at.q - q), high = taps(at.q - q + 1);
#pragma unroll
    for (int r = 0; r < 4; ++r) {
      quad<T> const u = m.signal_at(at.chunk + r, q);
#pragma unroll
      for (int j = 0; j < 4; ++j)
#pragma unroll
        for (int i = 0; i < 4; ++i) y[r][i] = fma(i >= j ? high.of[i - j] : low.of[4 + i - j], u.of[j], y[r][i]);
    }
  }
  quad<T> const own = taps(1);
#pragma unroll
  for (int r = 0; r < 4; ++r) {
    quad<T> const u = m.signal_at(at.chunk + r, at.q);
#pragma unroll
    for (int j = 0; j < 4; ++j)  // no tap is multiplied by a later input, which may not be finite
#pragma unroll
      for (int i = j; i < 4; ++i) y[r][i] = fma(own.of[i - j], u.of[j], y[r][i]);
  }
}

template <class T>
__device__ void store_four(T* row, index_t t, index_t length, index_t stride, bool vectors, T const (&values)[4]) {
  if (vectors && t + 4 <= length) {
    *reinterpret_cast<quad<T>*>(row + t) = {values[0], values[1], values[2], values[3]};
    return;
  }
#pragma unroll
  for (int i = 0; i < 4; ++i)
    if (t + i < length) row[(t + i) * stride] = values[i];
}

}  // namespace ssmscan::device::detail
