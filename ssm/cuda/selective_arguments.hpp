#pragma once
// A selective scan as its kernels are given it: plain pointers into device memory, strides in elements.
#include <ssmscan/scan/concepts.hpp>

namespace ssmscan::device {

// A sequence is cut into chunks of time, counted from its first step, which are scanned side by side. Their length depends on
// the lanes (channels x states) of one sequence and on nothing else: a device of a hundred multiprocessors has room for some
// 2^17 lanes at a time, and whatever stands before a chunk has mostly shrunk to nothing after some hundreds of steps, so that
// long chunks cost less, where there are enough of them.
inline constexpr index_t chunk_of(index_t lanes) {
  return lanes >= index_t{1} << 15 ? 8192 : lanes >= index_t{1} << 13 ? 2048 : 4096;
}
inline constexpr index_t whole_sequence = index_t{1} << 62;

// Steps of a tile of the form with states over threads; steps of a thread of fused_time, as many as leave registers for what it
// keeps of each.
inline constexpr int tile_time = 32;
template <class Real>
inline constexpr int time_steps = sizeof(Real) == 8 ? 8 : 16;

// Whether automatic takes fused_time, for float and one sequence in each batch row: the times of both on an H100, in ns, as
// measured (docs/experiments/selective_cuda.md). A warp of fused_time has a channel, 12 of them fit on each of 132
// multiprocessors, more take turns, and a tile is not cut. A block of fused takes the same for each step of a chunk, as long as
// blocks are fewer than multiprocessors.
inline constexpr bool time_is_faster(index_t batch, index_t channels, index_t states, index_t time) {
  constexpr index_t channels_at_once = 12 * 132, tile = 32 * time_steps<float>;
  index_t const turns = (batch * channels + channels_at_once - 1) / channels_at_once;
  index_t const tiles = (time + tile - 1) / tile, chunk = chunk_of(channels * states);
  index_t const step_of_time = 11 + states, step_of_fused = states <= 32 ? 58 : 144;
  return turns <= 2 && turns * tiles * tile * step_of_time < (time < chunk ? time : chunk) * step_of_fused;
}

inline constexpr unsigned long long nowhere = ~0ull;

// (batch, channel, time) with time contiguous, or (batch, group, state, time).
template <class T>
struct rows {
  T* data;
  index_t batch, channel;
};
template <class T>
struct coefficient_rows {
  T const* data;
  index_t batch, group, state;
  index_t channels;  // of a group
};
template <class T>
struct state_rows {
  T* data;
  index_t batch, channel, sequence, state;
};

// IO: what u, delta, z, y, B and C are stored as. Real: what is computed in, and what A, D, the bias and states are.
template <class IO, class Real>
struct fused_arguments {
  rows<IO const> u, delta, z;
  rows<IO> y;
  coefficient_rows<IO> B, C;
  Real const *A, *D, *bias;
  index_t row_of_A;
  state_rows<Real const> initial;
  state_rows<Real> final;
  index_t const *offsets, *begin, *end;
  index_t batch, channels, time, sequences;
  int states;
  bool softplus;
  bool vectors;  // four steps of any row are aligned to their size
  bool pieces;   // any row is aligned to 16 bytes
  // What a slot enters with, and what it multiplies that by: (slot, batch, channel, state) each.
  index_t chunk, slots;
  Real *enter, *shrink;
  unsigned long long* poisoned;  // (batch, channel, state, sequence): from when on a state is not finite, or nowhere
};

}  // namespace ssmscan::device
