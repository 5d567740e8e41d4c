#pragma once
// sequential for the affine monoid, in the caller's memory: the definition. Lanes that are neighbours in memory run
// abreast in vectors; the tree is the left fold whatever the layout.
#include <atomic>

#include <ssmscan/scan/algorithms/sequential.hpp>
#include <ssmscan/scan/backends/simd/lane_chunks.hpp>

namespace ssmscan::simd {

struct sequential : ssmscan::sequential {
  using text = ssmscan::sequential;
  template <backend B, class T>
  static void solve(B& on, affine<T> const&, detail::recurrence_problem<T> const& p) {
    solve_by(best<T>().lanes, on, p);
  }

  // By the functions of one SIMD target, or of a test that counts.
  template <backend B, class T>
  static void solve_by(lanes_functions<T> const& all, B& on, detail::recurrence_problem<T> const& p) {
    solve_by(all, on, p, best_write(p));
  }
  template <backend B, class T>
  static void solve_by(lanes_functions<T> const& all, B& on, detail::recurrence_problem<T> const& p, write how) {
    index_t workers = workers_for(on, p.size);
    if (are_short_rows(p)) {
      index_t const elements = p.size.lanes * p.size.time, row = p.size.lanes * static_cast<index_t>(sizeof(T));
      workers =
          std::clamp<index_t>(std::min(elements / rows_share, row / (tiles_a_worker * narrowest_tile)), 1, workers);
    }
    solve_by(all, on, p, how, workers);
  }
  template <backend B, class T>
  static void solve_by(lanes_functions<T> const& all, B& on, detail::recurrence_problem<T> const& p, write how,
                       index_t workers) {
    constexpr index_t few = 16;  // on the stack, as memory costs a short call more than its steps do
    index_t const lanes = p.size.lanes;
    T states_of_few[few];
    auto const states = on.template scratch<T>(lanes > few ? lanes : 0);
    T* const state = lanes > few ? states.data() : states_of_few;
    for (index_t lane = 0; lane < lanes; ++lane) state[lane] = p.initial ? p.initial(lane, 0) : T(0);

    lane_shares<T> const cut(p);
    workers = std::min(workers, cut.count());
    if constexpr (ordered_backend<B>)
      if (workers > 1 && cut.even() && are_short_rows(p)) return by_rows(all, on, p, cut, workers, state, how);
    by_lanes(all, on, p, cut, workers, state, how);
  }

 private:
  // Where lanes are cut: at lines of memory of x where they lie beside one another, else anywhere.
  template <class T>
  class lane_shares {
   public:
    explicit lane_shares(detail::recurrence_problem<T> const& p)
        : lanes_(p.size.lanes), even_(p.a.is_even() && p.b.is_even() && p.x.is_even()) {
      if (!even_) return;
      step_ = line_bytes / static_cast<index_t>(sizeof(T));
      auto const address = reinterpret_cast<std::uintptr_t>(&p.x(0, 0));
      past_a_line_ = static_cast<index_t>(address % line_bytes / sizeof(T));
    }
    bool even() const { return even_; }
    index_t count() const { return detail::ceil_div(lanes_, step_); }  // at most
    // The first lane of share `i` of n; lanes where i = n.
    index_t cut(index_t i, index_t n) const {
      index_t const steps = detail::share_begin(count(), n, i);
      return i == 0 ? 0 : i == n ? lanes_ : std::min(steps * step_ - past_a_line_, lanes_);
    }

   private:
    index_t lanes_, step_ = 1, past_a_line_ = 0;
    bool even_;
  };

  // Of a and of b each: what a worker reads in one piece. The best of 8 to 256 KiB (docs/experiments/cpu_simd.md).
  static constexpr index_t block_bytes = index_t{1} << 17;
  // Rows that are shared out pass from cache to cache, and a worker waits for another's tile: worth it from so many elements
  // a worker on, and for tiles of so many bytes of a row, below which one worker is faster alone.
  static constexpr index_t rows_share = index_t{1} << 17, narrowest_tile = 256, tiles_a_worker = 2;

  // Rows of lanes that lie beside one another, so short that a part of each would be read with its neighbours: a
  // processor that reads ahead does not stop at a part's end.
  template <class T>
  static bool are_short_rows(detail::recurrence_problem<T> const& p) {
    auto const beside = [&](auto const& v) { return &v(1, 0) - &v(0, 0) == 1; };
    auto const one_row = [&](auto const& v) {
      return v.time_stride() == p.size.lanes || v.time_stride() == -p.size.lanes;
    };
    return p.size.lanes > 1 && p.size.time > 1 && beside(p.a) && beside(p.b) && beside(p.x) && one_row(p.a) &&
           one_row(p.b) && p.size.lanes * static_cast<index_t>(sizeof(T)) <= block_bytes;
  }

  // Each worker a share of the lanes, from the first step to the last.
  template <class B, class T>
  static void by_lanes(lanes_functions<T> const& all, B& on, detail::recurrence_problem<T> const& p,
                       lane_shares<T> const& cut, index_t workers, T* state, write how) {
    on.blocks(workers, [=, &p](index_t worker) {
      index_t const begin = cut.cut(worker, workers), end = cut.cut(worker + 1, workers);
      for (index_t lane = begin; lane < end; lane += cut.even() ? end - begin : 1)
        fold(all, p, {lane, cut.even() ? end : lane + 1}, {0, p.size.time}, state, how);
      if (how == write::past_the_cache) all.flush();
      if (p.final)
        for (index_t lane = begin; lane < end; ++lane) p.final(lane, 0) = state[lane];
    });
  }

  // Each worker whole rows, some at a time, drawn in order. Lanes are cut into tiles, so that one worker folds a tile of
  // its rows while another folds the next of the rows before: a tile waits for that of the rows before.
  template <class B, class T>
  static void by_rows(lanes_functions<T> const& all, B& on, detail::recurrence_problem<T> const& p,
                      lane_shares<T> const& cut, index_t workers, T* state, write how) {
    index_t const lanes = p.size.lanes, tiles = std::min(tiles_a_worker * workers, cut.count());
    index_t const height = std::max<index_t>(block_bytes / (lanes * static_cast<index_t>(sizeof(T))), 1);
    index_t const count = detail::ceil_div(p.size.time, height);
    auto boxes = on.template mailboxes<char>(count * tiles);
    auto const folded = boxes.boxes();
    std::atomic<index_t> next{0};
    on.blocks(workers, [=, &p, &next](index_t) {
      for (index_t k = next++; k < count; k = next++) {
        index_t const begin = k * height, end = std::min(begin + height, p.size.time);
        for (index_t tile = 0; tile < tiles; ++tile) {
          if (k > 0) folded.await_soon((k - 1) * tiles + tile);
          fold(all, p, {cut.cut(tile, tiles), cut.cut(tile + 1, tiles)}, {begin, end}, state, how);
          folded.publish(k * tiles + tile, 0);
        }
      }
      if (how == write::past_the_cache) all.flush();
    });
    if (p.final)
      for (index_t lane = 0; lane < lanes; ++lane) p.final(lane, 0) = state[lane];
  }

  struct range {
    index_t begin, end;
  };
  // Lanes, evenly spaced, at steps: x, and the states after them, by those before them.
  template <class T>
  static void fold(lanes_functions<T> const& all, detail::recurrence_problem<T> const& p, range lanes, range steps,
                   T* state, write how) {
    index_t const first = lanes.begin, count = lanes.end - lanes.begin;
    if (count <= 0) return;
    auto const apart = [&](auto const& v) { return count > 1 ? &v(first + 1, 0) - &v(first, 0) : index_t{1}; };
    auto const along = [&](auto const& v) { return p.size.time > 1 ? v.time_stride() : index_t{0}; };
    T* const x = &p.x(first, steps.begin);
    index_t const row = along(p.x);
    bool const whole_lines = reinterpret_cast<std::uintptr_t>(x) % narrow_bytes == 0 &&
                             row * static_cast<index_t>(sizeof(T)) % line_bytes == 0 && count > 1 && apart(p.x) == 1;
    all.fold({{&p.a(first, steps.begin), apart(p.a), along(p.a)},
              {&p.b(first, steps.begin), apart(p.b), along(p.b)},
              x,
              apart(p.x),
              row,
              count,
              steps.end - steps.begin,
              state + first,
              steps.begin == 0 && !p.initial,
              whole_lines ? how : write::through_the_cache});
  }
};

}  // namespace ssmscan::simd
