#pragma once
// A selective scan as its kernels are given it: plain pointers into device memory, strides in elements.
#include <ssmscan/scan/concepts.hpp>

namespace ssmscan::device {

inline constexpr index_t in_whole(index_t count, index_t each) { return (count + each - 1) / each; }

// A sequence is cut into chunks of time, counted from its first step, which are scanned side by side. Their length depends on
// the lanes (channels x states) of one sequence and on nothing else: a device of a hundred multiprocessors has room for some
// 2^17 lanes at a time, and whatever stands before a chunk has mostly shrunk to nothing after some hundreds of steps, so that
// long chunks cost less, where there are enough of them.
inline constexpr index_t chunk_of(index_t lanes) {
  return lanes >= index_t{1} << 15 ? 8192 : lanes >= index_t{1} << 13 ? 2048 : 4096;
}
inline constexpr index_t whole_sequence = index_t{1} << 62;

// Slots (selective_slots.cuh) of a call: of one sequence as many as it has chunks, of packed ones as many as any offsets may need.
// A slot without a chunk costs more than it does: where a grid has more blocks than there are places, multiprocessors are
// filled one after the other, and blocks that leave at once take the places that others could have had to themselves.
inline constexpr index_t slots_of(index_t time, index_t sequences, index_t chunk, bool are_packed) {
  index_t const chunks = in_whole(time, chunk);
  return are_packed ? time / chunk + sequences : chunks > 0 ? chunks : 1;
}

// Steps of a tile of the form with states over threads; steps of a thread of fused_time, as many as leave registers for what it
// keeps of each.
inline constexpr int tile_time = 32;
template <class Real>
inline constexpr int time_steps = sizeof(Real) == 8 ? 8 : 16;

// fused_time's warps for a channel, each with a tile of its own: more where multiprocessors would have no warps, and there are
// so many tiles. No bit depends on it.
template <class Real>
inline constexpr int time_parts_of(index_t batch, index_t channels, index_t time) {
  constexpr index_t multiprocessors = 132, tile = 32 * time_steps<Real>;
  index_t const rows = batch * channels;
  if (sizeof(Real) < 8 && rows <= 2 * multiprocessors && time > 2 * tile) return 4;
  return rows <= 4 * multiprocessors && time > tile ? 2 : 1;
}
inline constexpr index_t time_block_channels(int parts) { return parts == 1 ? 4 : 2; }

// A block of fused_time with one warp a channel: of four channels, three of them on each multiprocessor (selective_time.cuh);
// on whole rows of float arithmetic of six, two on each, or of twelve, one on each, with rows of B and C of one or two tiles
// (selective_time_whole.cuh). No bit depends on it.
enum class time_block { four, six, twelve };
inline constexpr index_t most_shared_bytes = 227 << 10, reserved_shared_bytes = 1 << 10;  // of a block, and for it
inline constexpr index_t channels_of(time_block block) {
  return block == time_block::four ? 4 : block == time_block::six ? 6 : 12;
}
inline constexpr int blocks_at_once(time_block block) {
  return block == time_block::four ? 3 : block == time_block::six ? 2 : 1;
}
inline constexpr int tiles_at_once(time_block block) { return block == time_block::six ? 1 : 2; }
inline constexpr int most_tiles_at_once = 4;  // of a block of twelve, where so many fit
// Of a block of six or twelve: rows of B and C, rows of channels (u, delta, z), states of channels (of time_state<float>).
inline constexpr index_t time_whole_bytes(time_block block, index_t states, index_t step_bytes, int tiles) {
  index_t const channels = channels_of(block);
  return 32 * time_steps<float> * step_bytes * (2 * states * tiles + 3 * channels) +
         2 * index_t{sizeof(float)} * states * channels;
}

// Channels of a block of fused, with four states a thread (eight, from 33 states on).
inline constexpr index_t fused_block_channels(index_t states) {
  return states <= 8 ? 64 : states <= 16 ? 32 : states <= 32 ? 16 : 32;
}

// fused_time brings rows in pieces of 16 bytes. B and C, where any rows or sequences begin elsewhere, are first copied into the
// workspace, (batch, group, state) rows of each: there step t of sequence k, which begins at step a, lies t - a after `copied_from`,
// a multiple of a piece's steps and no earlier than the end of the pieces of sequence k - 1.
inline constexpr index_t piece_bytes = 16;
inline constexpr index_t copied_from(index_t a, index_t sequence, index_t piece_steps) {
  return (a / piece_steps + sequence) * piece_steps;
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
  IO* copied;    // fused_time: where B and C are copied to, or nullptr
  // What a slot enters with, and what it multiplies that by: (slot, batch, channel, state) each.
  index_t chunk, slots;
  Real *enter, *shrink;
  unsigned long long* poisoned;  // (batch, channel, state, sequence): from when on a state is not finite, or nowhere
};

}  // namespace ssmscan::device
