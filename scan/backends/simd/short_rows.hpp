#pragma once
// Lanes that lie beside one another in memory as rows, a step each, so short that workers share out whole rows and not lanes:
// each draws some rows in order, and tile after tile of their lanes passes from worker to worker, as the states do.
#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdint>

#include <ssmscan/scan/backends/simd/lane_pieces.hpp>

namespace ssmscan::simd {

struct short_rows {
  // Rows of lanes that lie beside one another, so short that a part of each would be read with its neighbours: a
  // processor that reads ahead does not stop at a part's end. Of one a for all steps or lanes nothing is read.
  template <class T>
  static bool are_in(detail::recurrence_problem<T> const& p) {
    auto const one_row = [&](auto const& v) {
      return v.time_stride() == p.size.lanes || v.time_stride() == -p.size.lanes;
    };
    return p.size.lanes > 1 && p.size.time > 1 && is_beside(p.b) && is_beside(p.x) && one_row(p.b) &&
           (is_one_for_all(p.a) || is_for_all_steps(p.a) || (is_beside(p.a) && one_row(p.a))) &&
           p.size.lanes * static_cast<index_t>(sizeof(T)) <= longest_row;
  }

  // How many of `most` workers they are worth.
  template <class T>
  static index_t workers_worth(detail::recurrence_problem<T> const& p, write how, index_t most) {
    index_t const elements = p.size.lanes * p.size.time, row = p.size.lanes * static_cast<index_t>(sizeof(T));
    return std::clamp<index_t>(std::min(elements / rows_share, row / (tiles_a_worker * shares_of(how).narrowest_tile)),
                               1, most);
  }

  // Each worker whole rows, some at a time, drawn in order. Lanes are cut into tiles, so that one worker folds a tile of
  // its rows while another folds the next of the rows before: a tile waits for that of the rows before.
  template <class B, class T>
  static void fold(lanes_functions<T> const& all, B& on, detail::recurrence_problem<T> const& p,
                   lane_shares<T> const& cut, range steps, index_t workers, T* state, write how) {
    if (how == write::past_the_cache && has_small_second_level() && are_worth_bringing(p, cut.lanes()))
      return fold_brought(all, on, p, cut, steps, workers, state);
    row_shares const by = shares_of(how);
    index_t const row = p.size.lanes * static_cast<index_t>(sizeof(T)), time = steps.end - steps.begin;
    // More where they are then as narrow as may be, unless the second-level cache is small: better than some that memory reads on behind.
    index_t const few = tiles_a_worker * workers, narrow = row / by.narrowest_tile;
    index_t const tiles = std::min(
        how == write::past_the_cache && !has_small_second_level() && narrow > few && narrow <= 2 * few ? narrow : few,
        cut.count());
    index_t const most = std::max<index_t>(time / (blocks_a_worker * workers), 1);
    index_t height = std::clamp<index_t>(by.block_bytes / row, 1, most);
    if (how == write::past_the_cache && most >= strip_rows)
      height = std::max<index_t>(height / strip_rows, 1) * strip_rows;
    index_t const count = detail::ceil_div(time, height);
    auto boxes = on.template mailboxes<char>(count * tiles);
    auto const folded = boxes.boxes();
    std::atomic<index_t> next{0};
    on.blocks(workers, [=, &p, &next](index_t) {
      for (index_t k = next++, next_k = k; k < count; k = next_k) {
        index_t const begin = steps.begin + k * height, end = std::min(begin + height, steps.end);
        for (index_t tile = 0; tile < tiles; ++tile) {
          piece_place after{cut.cut(tile + 1, tiles), begin};
          if (tile + 1 == tiles) {  // drawn before it is needed, so that memory can be asked for it
            next_k = next++;
            after = {cut.cut(0, tiles), next_k < count ? steps.begin + next_k * height : no_step};
          }
          if (k > 0) folded.await_soon((k - 1) * tiles + tile);
          fold_piece(all, p, {cut.cut(tile, tiles), cut.cut(tile + 1, tiles)}, {begin, end}, state, how, after);
          folded.publish(k * tiles + tile, 0);
        }
      }
      if (how == write::past_the_cache) all.flush();
    });
  }

 private:
  // How rows are shared out: what a worker reads of a and of b each in one piece, and the bytes of a row that a tile has at
  // least. The best of 8 to 512 KiB, and of 64 to 1024 bytes (docs/experiments/cpu_simd.md): memory brings lines in pairs, and
  // in cache smaller tiles are handed over too often.
  struct row_shares {
    index_t block_bytes, narrowest_tile;
  };
  static constexpr row_shares shares_of(write how) {
    return how == write::past_the_cache ? row_shares{index_t{1} << 18, 2 * line_bytes}
                                        : row_shares{index_t{1} << 17, 4 * line_bytes};
  }
  // Of a and of b each, rows that are brought at once: a block that is folded, one that comes and what is left of the one before
  // have room in 1 MiB; and the lines of a tile, whose states are in registers where there are 32. The best of 32 to 256 KiB, 4 to
  // 64 lines (docs/experiments/cpu_simd.md).
  static constexpr index_t brought_bytes = index_t{1} << 17, brought_lines = 16;
  // Rows that are shared out pass from cache to cache, and a worker waits for another's tile: worth it from so many elements
  // a worker on, below which one worker is faster alone.
  static constexpr index_t rows_share = index_t{1} << 17, tiles_a_worker = 2, blocks_a_worker = 4,
                           longest_row = index_t{1} << 17;  // bytes

  // Whole lines of x, and so many rows in a block that to pass the states on costs little: of longer rows a tile has whole pages.
  template <class T>
  static bool are_worth_bringing(detail::recurrence_problem<T> const& p, range lanes) {
    constexpr index_t least_rows = 8;
    index_t const row = p.size.lanes * static_cast<index_t>(sizeof(T));
    return to_line(&p.x(lanes.begin, 0)) == 0 && row % line_bytes == 0 && row <= brought_bytes / least_rows;
  }

  // The same past the cache, where what a worker folds next is brought to its second-level cache meanwhile, in the order of memory:
  // blocks of which several find room there, and with each tile so many lines as the tile has. A part of each row that is read from
  // memory comes by the core's own requests only, not by the processor's reading on (brought_rows-inl.hpp).
  template <class B, class T>
  static void fold_brought(lanes_functions<T> const& all, B& on, detail::recurrence_problem<T> const& p,
                           lane_shares<T> const& cut, range steps, index_t workers, T* state) {
    constexpr index_t line = line_bytes / index_t{sizeof(T)};
    index_t const lanes = p.size.lanes, row = lanes * static_cast<index_t>(sizeof(T)), time = steps.end - steps.begin;
    index_t const lines = std::clamp<index_t>(cut.count() / workers, 1, brought_lines);
    index_t const tile_lines = static_cast<index_t>(std::bit_floor(static_cast<std::uint64_t>(lines)));
    index_t const tiles = detail::ceil_div(cut.count(), tile_lines);
    index_t const most = std::max<index_t>(time / (blocks_a_worker * workers), 1);
    index_t const height = std::clamp<index_t>(brought_bytes / row, 1, most), count = detail::ceil_div(time, height);
    index_t const slots = detail::ceil_div(tiles, line_bytes) * line_bytes;
    bool const reads_a = is_beside(p.a) && p.a.time_stride() != 0, down = p.b.time_stride() < 0;
    auto boxes = on.template mailboxes<char>(count * slots);
    auto const folded = boxes.boxes();
    std::atomic<index_t> next{0};
    // All rows, from which pieces are taken without the views' divisions.
    auto const at = [](auto const& v, index_t lane, index_t step) {
      return v.data + lane * v.lane_stride + step * v.time_stride;
    };
    lanes_piece<T> const whole = piece_of(p, cut.lanes(), steps, state, write::past_the_cache);
    on.blocks(workers, [=, &cut, &next](index_t) {
      index_t const first = cut.lanes().begin;
      // Drawn when the one before is folded: nobody draws twice before all others have once, as their blocks wait for it.
      for (index_t k = next++; k < count; k = next++) {
        index_t const begin = k * height, later = begin + workers * height;
        bool const goes_on = later + height <= time;
        lanes_piece<T> made = whole;
        made.time = std::min(height, time - begin), made.starts = whole.starts && k == 0,
        made.order = row_order::from_second_level;
        for (index_t tile = 0; tile < tiles; ++tile) {
          index_t const lane = cut.cut_by(tile, tile_lines) - first,
                        end = (tile + 1 < tiles ? cut.cut_by(tile + 1, tile_lines) : cut.lanes().end) - first;
          index_t const asked = down ? lanes - line - lane * height : lane * height;
          made.lanes = end - lane, made.state = whole.state + lane;
          made.a.data = at(whole.a, lane, begin), made.b.data = at(whole.b, lane, begin);
          made.x = whole.x + lane + begin * whole.x_time_stride;
          made.next_a = goes_on && reads_a ? at(whole.a, asked, later) : nullptr;
          made.next_b = goes_on ? at(whole.b, asked, later) : nullptr;
          if (k > 0) folded.await_soon((k - 1) * slots + tile);
          all.fold(made);
          folded.publish(k * slots + tile, 0);
        }
      }
      all.flush();
    });
  }
};

}  // namespace ssmscan::simd
