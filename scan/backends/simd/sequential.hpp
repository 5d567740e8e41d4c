#pragma once
// sequential for the affine monoid, in the caller's memory: the definition. Lanes that are neighbours in memory run
// abreast in vectors; the tree is the left fold whatever the layout.
#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdint>

#include <ssmscan/scan/algorithms/sequential.hpp>
#include <ssmscan/scan/backends/serial.hpp>
#include <ssmscan/scan/backends/simd/lane_chunks.hpp>
#include <ssmscan/scan/backends/simd/lane_cuts.hpp>

namespace ssmscan::simd {

struct sequential : ssmscan::sequential {
  using text = ssmscan::sequential;
  template <backend B, class T>
  static void solve(B& on, affine<T> const&, detail::recurrence_problem<T> const& p) {
    solve_by(best<T>().lanes, on, p);
  }
  template <backend B, class T>
  static void solve(B& on, segmented<affine<T>> const&, detail::recurrence_problem<T> const& p) {
    solve_packed_by(best<T>().lanes, on, p, best_write(p));
  }

  // By the functions of one SIMD target, or of a test that counts.
  template <backend B, class T>
  static void solve_by(lanes_functions<T> const& all, B& on, detail::recurrence_problem<T> const& p) {
    solve_by(all, on, p, best_write(p));
  }
  template <backend B, class T>
  static void solve_by(lanes_functions<T> const& all, B& on, detail::recurrence_problem<T> const& p, write how) {
    by_batches(on, p, [&](auto& by, detail::recurrence_problem<T> const& q) { solve_evenly(all, by, q, how); });
  }
  // Of evenly spaced lanes.
  template <backend B, class T>
  static void solve_by(lanes_functions<T> const& all, B& on, detail::recurrence_problem<T> const& p, write how,
                       index_t workers) {
    solve_evenly(all, on, p, how, workers);
  }
  template <backend B, class T>
  static void solve_packed_by(lanes_functions<T> const& all, B& on, detail::recurrence_problem<T> const& p, write how) {
    by_batches(on, p, [&](auto& by, detail::recurrence_problem<T> const& q) { solve_packed_evenly(all, by, q, how); });
  }

 private:
  // Lanes evenly spaced, as of one batch: where batches lie apart (channels beside one another, most often), a worker takes a
  // batch by itself, which is a piece of memory, and those that are left when each has had as many are shared by all.
  template <class B, class T, class Solve>
  static void by_batches(B& on, detail::recurrence_problem<T> const& p, Solve const& solve) {
    if (p.a.is_even() && p.b.is_even() && p.x.is_even()) return solve(on, p);
    index_t const batches = p.size.lanes / p.x.even_lanes(), workers = std::min(batches, workers_for(on, p.size));
    index_t const alone = workers > 1 ? batches / workers * workers : 0;
    on.blocks(alone, [&](index_t batch) {
      serial by;
      solve(by, batch_of(p, batch));
    });
    for (index_t batch = alone; batch < batches; ++batch) solve(on, batch_of(p, batch));
  }
  template <class T>
  static detail::recurrence_problem<T> batch_of(detail::recurrence_problem<T> made, index_t batch) {
    index_t const channels = made.x.even_lanes(), first = batch * channels;
    auto const take = [&]<class V>(detail::lane_view<V>& v) {
      if (!v) return;
      index_t const apart = channels > 1 ? &v(first + 1, 0) - &v(first, 0) : 0;
      v = detail::lane_view<V>({&v(first, 0), {1, channels, made.size.time}, {0, apart, v.time_stride()}});
    };
    take(made.a), take(made.b), take(made.x), take(made.initial), take(made.final);
    made.size.lanes = channels;
    return made;
  }

  template <backend B, class T>
  static void solve_evenly(lanes_functions<T> const& all, B& on, detail::recurrence_problem<T> const& p, write how) {
    index_t workers = workers_for(on, p.size);
    if (are_short_rows(p)) {
      index_t const elements = p.size.lanes * p.size.time, row = p.size.lanes * static_cast<index_t>(sizeof(T));
      workers = std::clamp<index_t>(
          std::min(elements / rows_share, row / (tiles_a_worker * shares_of(how).narrowest_tile)), 1, workers);
    } else if (p.size.lanes >= lanes_together) {
      workers = std::clamp<index_t>(p.size.lanes * p.size.time * static_cast<index_t>(sizeof(T)) / lanes_share_bytes, 1,
                                    workers);
    }
    solve_evenly(all, on, p, how, workers);
  }
  template <backend B, class T>
  static void solve_evenly(lanes_functions<T> const& all, B& on, detail::recurrence_problem<T> const& given, write how,
                           index_t workers) {
    constexpr index_t few = 16;  // on the stack, as memory costs a short call more than its steps do
    constexpr index_t line = line_bytes / index_t{sizeof(T)};
    index_t const lanes = given.size.lanes;
    rows_by_lines<T> const cut_rows(given, how);
    auto const rows_a = on.template scratch<T>(cut_rows.repeats_a() ? lanes + line : 0);
    detail::recurrence_problem<T> const p = cut_rows.repeats_a() ? cut_rows.with_a(given, rows_a.data()) : given;
    T states_of_few[static_cast<std::size_t>(few + line)];
    auto const states = on.template scratch<T>(lanes > few ? lanes + 2 * line : 0);
    // Those of the rows' first lanes begin a line, too.
    T* const state =
        lanes > few ? states.data() + (to_line(states.data()) + line - cut_rows.lanes.begin) % line : states_of_few;
    for (index_t lane = 0; lane < lanes; ++lane) state[lane] = p.initial ? p.initial(lane, 0) : T(0);

    auto const apart = [&](range some, range when) { fold(all, p, some, when, state, write::through_the_cache); };
    cut_rows.begin(apart, state);
    lane_shares<T> const cut(p, cut_rows.lanes);
    workers = std::min(workers, cut.count());
    bool shared = false;
    if constexpr (ordered_backend<B>) shared = workers > 1 && cut.even() && are_short_rows(p);
    if (shared) {
      if constexpr (ordered_backend<B>) by_rows(all, on, p, cut, cut_rows.steps, workers, state, how);
    } else {
      by_lanes(all, on, p, cut, cut_rows.steps, workers, state, how);
    }
    cut_rows.end(apart, state);
    if (p.final)
      for (index_t lane = 0; lane < lanes; ++lane) p.final(lane, 0) = state[lane];
  }

  // Sequences do not wait for one another. Rows: one sequence after another, each worker those that begin in its share of the
  // time, unless one is so long that others would have less. Else each worker a share of the lanes, and of lanes that are not
  // neighbours some from the first sequence to the last.
  template <backend B, class T>
  static void solve_packed_evenly(lanes_functions<T> const& all, B& on, detail::recurrence_problem<T> const& p,
                                  write how) {
    index_t const lanes = p.size.lanes, time = p.size.time, most = workers_for(on, p.size);
    auto const begin_of = [&](index_t share) {
      return std::ranges::lower_bound(p.offsets, detail::share_begin(time, most, share)) - p.offsets.begin();
    };
    index_t longest = 0;
    for (index_t share = 0; share < most; ++share)
      longest = std::max(longest, offset_of(p, begin_of(share + 1)) - offset_of(p, begin_of(share)));
    lane_shares<T> const cut(p, {0, lanes});
    bool const are_rows = cut.even() && lanes > 1 && is_beside(p.x);
    bool const by_time =
        longest <= time / most / 4 * 5 && (are_rows || cut.count() < most);  // a quarter more than its share
    index_t const workers = by_time ? most : std::min(most, cut.count());
    constexpr index_t line = line_bytes / index_t{sizeof(T)};
    index_t const row = by_time ? detail::ceil_div(lanes, line) * line : lanes;  // so far apart are two workers' states
    auto const states = on.template scratch<T>((by_time ? workers : 1) * sequences_at_once<T> * row);
    T* const memory = states.data();
    on.blocks(workers, [=, &p, &cut](index_t worker) {
      range const some = by_time ? range{0, lanes} : range{cut.cut(worker, workers), cut.cut(worker + 1, workers)};
      index_t const first = by_time ? begin_of(worker) : 0, end = by_time ? begin_of(worker + 1) : sequences_of(p);
      index_t const together = are_rows ? some.end - some.begin : cut.even() ? lanes_abreast<T> : 1;
      for (index_t lane = some.begin; lane < some.end; lane += together)
        fold_packed(all, p, {lane, std::min(lane + together, some.end)}, first, end,
                    {memory + (by_time ? worker * sequences_at_once<T> * row : 0), row}, how);
      if (how == write::past_the_cache) all.flush();
    });
  }

  struct place {
    index_t lane, step;
  };
  static constexpr index_t nowhere = -1;  // a step

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

  // Lanes that are walked along some at once take a quarter of the time of one by one: a worker is worth it from so many
  // bytes of x on.
  static constexpr index_t lanes_share_bytes = index_t{3} << 15;

  // Rows of lanes that lie beside one another, so short that a part of each would be read with its neighbours: a
  // processor that reads ahead does not stop at a part's end. Of one a for all steps or lanes nothing is read.
  template <class T>
  static bool are_short_rows(detail::recurrence_problem<T> const& p) {
    auto const one_row = [&](auto const& v) {
      return v.time_stride() == p.size.lanes || v.time_stride() == -p.size.lanes;
    };
    return p.size.lanes > 1 && p.size.time > 1 && is_beside(p.b) && is_beside(p.x) && one_row(p.b) &&
           (is_one_for_all(p.a) || is_for_all_steps(p.a) || (is_beside(p.a) && one_row(p.a))) &&
           p.size.lanes * static_cast<index_t>(sizeof(T)) <= longest_row;
  }

  // Each worker a share of the lanes, from the first step to the last.
  template <class B, class T>
  static void by_lanes(lanes_functions<T> const& all, B& on, detail::recurrence_problem<T> const& p,
                       lane_shares<T> const& cut, range steps, index_t workers, T* state, write how) {
    on.blocks(workers, [=, &p](index_t worker) {
      index_t const begin = cut.cut(worker, workers), end = cut.cut(worker + 1, workers);
      for (index_t lane = begin; lane < end; lane += cut.even() ? end - begin : 1)
        fold(all, p, {lane, cut.even() ? end : lane + 1}, steps, state, how);
      if (how == write::past_the_cache) all.flush();
    });
  }

  // Each worker whole rows, some at a time, drawn in order. Lanes are cut into tiles, so that one worker folds a tile of
  // its rows while another folds the next of the rows before: a tile waits for that of the rows before.
  template <class B, class T>
  static void by_rows(lanes_functions<T> const& all, B& on, detail::recurrence_problem<T> const& p,
                      lane_shares<T> const& cut, range steps, index_t workers, T* state, write how) {
    if (how == write::past_the_cache && has_small_second_level() && are_worth_bringing(p, cut.lanes()))
      return by_brought_rows(all, on, p, cut, steps, workers, state);
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
          place after{cut.cut(tile + 1, tiles), begin};
          if (tile + 1 == tiles) {  // drawn before it is needed, so that memory can be asked for it
            next_k = next++;
            after = {cut.cut(0, tiles), next_k < count ? steps.begin + next_k * height : nowhere};
          }
          if (k > 0) folded.await_soon((k - 1) * tiles + tile);
          fold(all, p, {cut.cut(tile, tiles), cut.cut(tile + 1, tiles)}, {begin, end}, state, how, after);
          folded.publish(k * tiles + tile, 0);
        }
      }
      if (how == write::past_the_cache) all.flush();
    });
  }

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
  static void by_brought_rows(lanes_functions<T> const& all, B& on, detail::recurrence_problem<T> const& p,
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

  // States that enter and leave some sequences: lane beside lane, sequences `row` apart. Where a caller has a lane's beside one
  // another, all of a line of them are taken at once.
  template <class T>
  struct packed_states {
    T* of_lane_0;
    index_t row;
    T* at(index_t lane, index_t k) const { return of_lane_0 + k * row + lane; }
  };
  template <class T>
  static constexpr index_t sequences_at_once = line_bytes / index_t{sizeof(T)};

  // Lanes, evenly spaced, of sequences [first, end). What is read and written of a lane's states lies apart from its neighbour's, so
  // that memory brings it only where it is asked for.
  template <class T>
  static void fold_packed(lanes_functions<T> const& all, detail::recurrence_problem<T> const& p, range lanes,
                          index_t first, index_t end, packed_states<T> const& states, write how) {
    constexpr index_t ahead = 16;  // lanes
    constexpr int to_read = 0, to_write = 1;
    for (; first < end; first += sequences_at_once<T>) {
      index_t const count = std::min(sequences_at_once<T>, end - first);
      for (index_t lane = lanes.begin; lane < lanes.end; ++lane) {
        if (p.initial)
          __builtin_prefetch(&p.initial(std::min(lane + ahead, lanes.end - 1), first + count - 1), to_read);
        for (index_t k = 0; k < count; ++k) *states.at(lane, k) = p.initial ? p.initial(lane, first + k) : T(0);
      }
      for (index_t k = 0; k < count; ++k) {
        range const steps{offset_of(p, first + k), offset_of(p, first + k + 1)};
        if (steps.begin == steps.end) continue;
        bool const goes_on = first + k + 1 < end && steps.end < p.size.time;
        fold(all, p, lanes, steps, states.at(0, k), how, {lanes.begin, goes_on ? steps.end : nowhere});
      }
      for (index_t lane = lanes.begin; p.final && lane < lanes.end; ++lane) {
        __builtin_prefetch(&p.final(std::min(lane + ahead, lanes.end - 1), first + count - 1), to_write);
        for (index_t k = 0; k < count; ++k)
          if (!p.is_empty(first + k)) p.final(lane, first + k) = *states.at(lane, k);
      }
    }
  }
  template <class T>
  static index_t sequences_of(detail::recurrence_problem<T> const& p) {
    return static_cast<index_t>(p.offsets.size()) - 1;
  }
  template <class T>
  static index_t offset_of(detail::recurrence_problem<T> const& p, index_t k) {
    return p.offsets[static_cast<std::size_t>(k)];
  }

  // Lanes, evenly spaced, at steps, of packed ones at all of a sequence: x, and the states after them, by those before them. `next`: where the worker goes on.
  template <class T>
  static void fold(lanes_functions<T> const& all, detail::recurrence_problem<T> const& p, range lanes, range steps,
                   T* state, write how, place next = {0, nowhere}) {
    if (lanes.end <= lanes.begin) return;
    lanes_piece<T> made = piece_of(p, lanes, steps, state, how);
    if (next.step != nowhere) made.next_a = &p.a(next.lane, next.step), made.next_b = &p.b(next.lane, next.step);
    all.fold(made);
  }
  template <class T>
  static lanes_piece<T> piece_of(detail::recurrence_problem<T> const& p, range lanes, range steps, T* state,
                                 write how) {
    index_t const first = lanes.begin, count = lanes.end - lanes.begin;
    auto const apart = [&](auto const& v) { return count > 1 ? &v(first + 1, 0) - &v(first, 0) : index_t{1}; };
    auto const along = [&](auto const& v) { return p.size.time > 1 ? v.time_stride() : index_t{0}; };
    T* const x = &p.x(first, steps.begin);
    index_t const row = along(p.x);
    bool const whole_lines = reinterpret_cast<std::uintptr_t>(x) % narrow_bytes == 0 &&
                             row * static_cast<index_t>(sizeof(T)) % line_bytes == 0 && count > 1 && apart(p.x) == 1;
    return {.a = {&p.a(first, steps.begin), apart(p.a), along(p.a)},
            .b = {&p.b(first, steps.begin), apart(p.b), along(p.b)},
            .x = x,
            .x_lane_stride = apart(p.x),
            .x_time_stride = row,
            .lanes = count,
            .time = steps.end - steps.begin,
            .state = state + first,
            .starts = (steps.begin == 0 || !p.offsets.empty()) && !p.initial,
            .how = whole_lines ? how : write::through_the_cache,
            .order = has_small_second_level() ? row_order::row_by_row : row_order::by_strips};
  }
};

}  // namespace ssmscan::simd
