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

// Slots (selective_slots.cuh) of a call: of one sequence as many as it has chunks, of packed ones as many as any offsets may need.
// A slot without a chunk costs more than it does: where a grid has more blocks than there are places, multiprocessors are
// filled one after the other, and blocks that leave at once take the places that others could have had to themselves.
inline constexpr index_t slots_of(index_t time, index_t sequences, index_t chunk, bool are_packed) {
  index_t const chunks = time / chunk + (time % chunk > 0 ? 1 : 0);
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

inline constexpr index_t multiprocessors_of_rule = 132;  // an H100's, whose times these are
inline constexpr index_t in_whole(index_t count, index_t each) { return (count + each - 1) / each; }

// What a tile of each channel of so many sections (channels of one group, in a batch row) takes, in ns: with four channels a
// block 2200 + 410 N on multiprocessors with three blocks, 9/12 of it with two, 7/12 with one; with twelve 2200 + 340 N; with six
// 26/24 of that with two, 17/24 with one. More blocks take turns.
inline constexpr index_t time_block_takes(time_block block, index_t sections, index_t channels, index_t states) {
  index_t const blocks = in_whole(sections * in_whole(channels, channels_of(block)), multiprocessors_of_rule);
  constexpr index_t of_four[3] = {0, 7, 9}, of_six[2] = {0, 17};
  switch (block) {
    case time_block::four:
      return (2200 + 410 * states) * (12 * (blocks / 3) + of_four[blocks % 3]) / 12;
    case time_block::six:
      return (2200 + 340 * states) * (26 * (blocks / 2) + of_six[blocks % 2]) / 24;
    default:
      return (2200 + 340 * states) * blocks;
  }
}
struct time_choice {
  time_block block;
  index_t takes;
};
// On whole rows: the fastest of those whose rows fit in shared memory.
inline constexpr time_choice time_whole_block(index_t sections, index_t channels, index_t states, index_t step_bytes,
                                              index_t shared_bytes = most_shared_bytes) {
  time_choice best{time_block::four, time_block_takes(time_block::four, sections, channels, states)};
  for (time_block const block : {time_block::six, time_block::twelve}) {
    index_t const each = (shared_bytes + reserved_shared_bytes) / blocks_at_once(block) - reserved_shared_bytes;
    index_t const takes = time_block_takes(block, sections, channels, states);
    if (time_whole_bytes(block, states, step_bytes, tiles_at_once(block)) <= each && takes < best.takes)
      best = {block, takes};
  }
  return best;
}

// Whether automatic takes fused_time, for float arithmetic and one sequence in each batch row, whose steps have so many bytes:
// what both take on an H100 of 132 multiprocessors, in ns without what a launch costs, fitted to 60 runs of up to 4096 channels
// and those of blocks of six and twelve (docs/experiments/selective_cuda.md, "Which form").
//
// fused_time: with one warp a channel as above. With two warps two tiles take 11/12 of a tile of three blocks of four channels
// (one block on each: 8/12), with four four take 10/12. A tile that is not whole takes as long as two.
// fused: a step of a block takes 58 or, by how states lie over threads, 70 or 144; each block more on a multiprocessor adds
// 4/10. A sequence of more than one chunk walks back from each chunk's end before, as long as 600 steps take.
inline constexpr index_t fused_block_channels(index_t states) {
  return states <= 8 ? 64 : states <= 16 ? 32 : states <= 32 ? 16 : 32;
}
inline constexpr bool time_is_faster(index_t batch, index_t channels, index_t states, index_t time,
                                     index_t step_bytes) {
  constexpr index_t multiprocessors = multiprocessors_of_rule, tile = 32 * time_steps<float>, walk_back = 600;
  constexpr index_t most_blocks = 3;
  constexpr index_t twelfths[3][most_blocks] = {{}, {0, 8, 11}, {0, 10, 20}};  // two warps a channel, four

  int const parts = time_parts_of<float>(batch, channels, time);
  index_t const tiles = in_whole(in_whole(time, tile) + (time % tile > 0 ? 1 : 0), parts);
  auto const takes = [&]() -> index_t {
    if (parts == 1)
      return time % tile == 0 && states % 2 == 0 ? time_whole_block(batch, channels, states, step_bytes).takes
                                                 : time_block_takes(time_block::four, batch, channels, states);
    index_t const blocks = in_whole(batch * in_whole(channels, time_block_channels(parts)), multiprocessors);
    index_t const turns = 12 * (blocks / most_blocks) + twelfths[parts / 2][blocks % most_blocks];
    return (2200 + 410 * states) * turns / 12;
  };

  index_t const chunk = chunk_of(channels * states), step_takes = states <= 8 ? 70 : states <= 32 ? 58 : 144;
  index_t const blocks =
      in_whole(batch * in_whole(channels, fused_block_channels(states)) * in_whole(time, chunk), multiprocessors);
  index_t const steps = (time < chunk ? time : chunk) * (6 + 4 * blocks) / 10 + (time > chunk ? walk_back : 0);
  return tiles * takes() < steps * step_takes;
}

// fused on whole tiles of 16 states, in float arithmetic: whether threads take eight states each, where they take four else. A
// block has twice the channels then in as many threads, and half as many blocks fit on a multiprocessor; so a step takes less
// where multiprocessors are full. In fortieths of what it takes with four blocks of fours on each, by how many blocks one has.
inline constexpr bool eight_are_faster(index_t channels, index_t chunks) {
  constexpr index_t eights = 64, fours = eights / 2, of_fours[4] = {0, 14, 22, 31}, of_eights[2] = {0, 24};
  auto const blocks = [&](index_t block) { return in_whole(channels / block * chunks, multiprocessors_of_rule); };
  index_t const four = blocks(fours) / 4 * 40 + of_fours[blocks(fours) % 4];
  return channels % eights == 0 && blocks(eights) / 2 * 37 + of_eights[blocks(eights) % 2] < four;
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
