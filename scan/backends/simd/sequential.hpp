#pragma once
// sequential for the affine monoid, in the caller's memory: the definition. Lanes that are neighbours in memory run
// abreast in vectors; the tree is the left fold whatever the layout.
#include <algorithm>

#include <ssmscan/scan/algorithms/sequential.hpp>
#include <ssmscan/scan/backends/serial.hpp>
#include <ssmscan/scan/backends/simd/lane_chunks.hpp>
#include <ssmscan/scan/backends/simd/lane_cuts.hpp>
#include <ssmscan/scan/backends/simd/lane_pieces.hpp>
#include <ssmscan/scan/backends/simd/short_rows.hpp>

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
    if (short_rows::are_in(p)) {
      workers = short_rows::workers_worth(p, how, workers);
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

    auto const apart = [&](range some, range when) { fold_piece(all, p, some, when, state, write::through_the_cache); };
    cut_rows.begin(apart, state);
    lane_shares<T> const cut(p, cut_rows.lanes);
    workers = std::min(workers, cut.count());
    bool shared = false;
    if constexpr (ordered_backend<B>) shared = workers > 1 && cut.even() && short_rows::are_in(p);
    if (shared) {
      if constexpr (ordered_backend<B>) short_rows::fold(all, on, p, cut, cut_rows.steps, workers, state, how);
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

  // Lanes that are walked along some at once take a quarter of the time of one by one: a worker is worth it from so many
  // bytes of x on.
  static constexpr index_t lanes_share_bytes = index_t{3} << 15;

  // Each worker a share of the lanes, from the first step to the last.
  template <class B, class T>
  static void by_lanes(lanes_functions<T> const& all, B& on, detail::recurrence_problem<T> const& p,
                       lane_shares<T> const& cut, range steps, index_t workers, T* state, write how) {
    on.blocks(workers, [=, &p](index_t worker) {
      index_t const begin = cut.cut(worker, workers), end = cut.cut(worker + 1, workers);
      for (index_t lane = begin; lane < end; lane += cut.even() ? end - begin : 1)
        fold_piece(all, p, {lane, cut.even() ? end : lane + 1}, steps, state, how);
      if (how == write::past_the_cache) all.flush();
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
        fold_piece(all, p, lanes, steps, states.at(0, k), how, {lanes.begin, goes_on ? steps.end : no_step});
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
};

}  // namespace ssmscan::simd
