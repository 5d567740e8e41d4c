#pragma once
// What the fused forms take, by the shape alone: which of them `automatic` chooses, and their blocks. Times are ns on an H200, without
// what any launch costs: fitted to 520 runs of bench_selective_forms, looked at on others
// (docs/experiments/selective_cuda.md, "Which form, on an H200").
#include <ssmscan/ssm/cuda/selective_arguments.hpp>

namespace ssmscan::device {

inline constexpr index_t multiprocessors_of_rule = 132;  // that card's

// fused on whole tiles of 16 states, in float arithmetic: whether threads take eight states each, where they take four else. A
// block has twice the channels then in as many threads, and half as many blocks fit on a multiprocessor; so a step takes less
// where multiprocessors are full. In fortieths of what it takes with four blocks of fours on each, by how many blocks one has.
inline constexpr bool eight_are_faster(index_t channels, index_t chunks) {
  constexpr index_t eights = 64, fours = eights / 2, of_fours[4] = {0, 14, 22, 31}, of_eights[2] = {0, 24};
  auto const blocks = [&](index_t block) { return in_whole(channels / block * chunks, multiprocessors_of_rule); };
  index_t const four = blocks(fours) / 4 * 40 + of_fours[blocks(fours) % 4];
  return channels % eights == 0 && blocks(eights) / 2 * 37 + of_eights[blocks(eights) % 2] < four;
}

// A step of fused, on a multiprocessor that has so many blocks: those that run at once have their latencies side by side
// (`first`), and each block has what it asks of the pipes (`each`).
struct fused_pace {
  index_t block_channels, at_once, first, each;
  constexpr index_t step(index_t blocks) const { return first * in_whole(blocks, at_once) + each * blocks; }
};
// Rows that are not whole tiles are looked at step by step; those that do not begin at four steps are also read so: a block's
// u, delta and z of each channel, B and C of each state, of 16 bits put together from words.
inline constexpr fused_pace fused_pace_of(index_t channels, index_t chunks, index_t states, index_t time,
                                          index_t step_bytes) {
  constexpr index_t quad = 4, looked_at_first = 12, looked_at_each = 3;
  index_t const block = fused_block_channels(states);
  bool const is_whole =
      time % tile_time == 0 && channels % block == 0 && (states == 8 || states == 16 || states == 32 || states == 64);
  if (is_whole && states == 16 && eight_are_faster(channels, chunks)) return {2 * block, 2, 27, 42};
  fused_pace made = states <= 8    ? fused_pace{block, 3, 26, 25}
                    : states <= 32 ? fused_pace{block, 4, 21, 23}
                                   : fused_pace{block, 2, 56, 66};
  if (time % quad > 0) {
    index_t const rows = 3 * block + 2 * states, tenths = step_bytes > 2 ? 10 : 16;
    made.first += rows * 12 * tenths / 1000, made.each += rows * 9 * tenths / 1000;
  } else if (!is_whole) {
    made.first += looked_at_first, made.each += looked_at_each;
  }
  return made;
}

// A sequence of more than one chunk walks back from each chunk's end before, as long as 600 steps take with softplus(N(0, 1) - 2)
// and A from -1 on, and has three launches more.
inline constexpr index_t fused_takes(index_t batch, index_t channels, index_t states, index_t time,
                                     index_t step_bytes) {
  constexpr index_t walk_back = 600, more_launches = 12000, first_loose_rows = 2500;
  index_t const chunk = chunk_of(channels * states), full = time / chunk, rest = time % chunk,
                chunks = in_whole(time, chunk);
  fused_pace const pace = fused_pace_of(channels, batch * chunks, states, time, step_bytes);
  auto const step = [&](index_t of_chunks) {
    return pace.step(in_whole(batch * in_whole(channels, pace.block_channels) * of_chunks, multiprocessors_of_rule));
  };
  index_t const takes = chunk * step(full) + rest * (step(chunks) - step(full)) + (time % 4 > 0 ? first_loose_rows : 0);
  return time > chunk ? takes + walk_back * step(chunks - 1) + more_launches : takes;
}

// What a tile of each channel takes in fused_time, of so many blocks on a multiprocessor: by fours three of them at once, two in 19/24
// of their time and one in 14/24; by twelve one at once; by six two at once, in 25/24 of a block's of twelve, or one in 20/24. More
// take turns.
inline constexpr index_t time_tile_takes(time_block block, index_t blocks, index_t states, index_t step_bytes,
                                         index_t of_loose_rows = 0) {
  bool const narrow = step_bytes == 2;
  constexpr index_t of_four[3] = {0, 14, 19}, of_six[2] = {0, 20};
  index_t const four = (2200 + 410 * states) * (narrow ? 22 : 24) / 24 + of_loose_rows,
                twelve = narrow ? 900 + 325 * states : 1700 + 310 * states;
  switch (block) {
    case time_block::four:
      return four * (24 * (blocks / 3) + of_four[blocks % 3]) / 24;
    case time_block::six:
      return twelve * (25 * (blocks / 2) + of_six[blocks % 2]) / 24;
    default:
      return twelve * blocks;
  }
}
struct time_choice {
  time_block block;
  index_t takes, turns;  // of a tile; of blocks
};
inline constexpr time_choice time_choice_of(time_block block, index_t sections, index_t channels, index_t states,
                                            index_t step_bytes, index_t of_loose_rows = 0) {
  index_t const blocks = in_whole(sections * in_whole(channels, channels_of(block)), multiprocessors_of_rule);
  return {block, time_tile_takes(block, blocks, states, step_bytes, of_loose_rows),
          in_whole(blocks, blocks_at_once(block))};
}
// On whole rows, of so many sections (channels of one group, in a batch row): the fastest of those whose rows fit in shared memory.
inline constexpr time_choice time_whole_block(index_t sections, index_t channels, index_t states, index_t step_bytes,
                                              index_t shared_bytes = most_shared_bytes) {
  time_choice best = time_choice_of(time_block::four, sections, channels, states, step_bytes);
  for (time_block const block : {time_block::six, time_block::twelve}) {
    index_t const each = (shared_bytes + reserved_shared_bytes) / blocks_at_once(block) - reserved_shared_bytes;
    time_choice const by = time_choice_of(block, sections, channels, states, step_bytes);
    if (time_whole_bytes(block, states, step_bytes, tiles_at_once(block)) <= each && by.takes < best.takes) best = by;
  }
  return best;
}

// Two warps a channel take 11/12 of what three blocks of four channels take for two tiles (one block on each multiprocessor: 8/12), four
// 10/12 for four. Rows that do not begin at 16 bytes come in words, and B and C are copied by a kernel before; of others that are
// not whole tiles the last is looked at.
inline constexpr index_t fused_time_takes(index_t batch, index_t channels, index_t states, index_t time,
                                          index_t step_bytes) {
  constexpr index_t tile = 32 * time_steps<float>, most_blocks = 3, each_turn = 1500, copying = 2000;
  constexpr index_t twelfths[3][most_blocks] = {{}, {0, 8, 11}, {0, 10, 20}};  // two warps a channel, four
  bool const is_whole = time % tile == 0, is_copied = time * step_bytes % piece_bytes > 0;
  index_t const of_loose_rows = is_copied ? 3000 : is_whole ? 0 : 800;
  int const parts = time_parts_of<float>(batch, channels, time);
  index_t const tiles = in_whole(in_whole(time, tile), parts), before = is_copied ? copying : 0;
  if (parts == 1) {
    time_choice const by = is_whole && states % 2 == 0
                               ? time_whole_block(batch, channels, states, step_bytes)
                               : time_choice_of(time_block::four, batch, channels, states, step_bytes, of_loose_rows);
    return tiles * by.takes + each_turn * by.turns + before;
  }
  index_t const blocks = in_whole(batch * in_whole(channels, time_block_channels(parts)), multiprocessors_of_rule);
  index_t const of_twelve = 12 * (blocks / most_blocks) + twelfths[parts / 2][blocks % most_blocks];
  return tiles * (2200 + 410 * states + of_loose_rows) * of_twelve / 12 + each_turn * in_whole(blocks, most_blocks) +
         before;
}

// Whether automatic takes fused_time, for float arithmetic and one sequence in each batch row, whose steps have so many bytes.
inline constexpr bool time_is_faster(index_t batch, index_t channels, index_t states, index_t time,
                                     index_t step_bytes) {
  return fused_time_takes(batch, channels, states, time, step_bytes) <
         fused_takes(batch, channels, states, time, step_bytes);
}

}  // namespace ssmscan::device
