#pragma once
// sequential for the affine monoid, in the caller's memory: the definition. Lanes that are neighbours in memory run
// abreast in vectors; the tree is the left fold whatever the layout.
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
    extent const size = p.size;
    bool const even = p.a.is_even() && p.b.is_even() && p.x.is_even();
    index_t const workers = std::min(workers_for(on, size), size.lanes);
    // Shares of whole lines of memory, where lanes lie beside one another.
    constexpr index_t bytes = 64, most_beside = bytes / sizeof(T) > 1 ? bytes / sizeof(T) : 1;
    index_t const groups = even ? detail::ceil_div(size.lanes, most_beside) : size.lanes;
    index_t const lanes_of_group = even ? most_beside : 1;
    index_t const past_a_line = static_cast<index_t>(reinterpret_cast<std::uintptr_t>(&p.x(0, 0)) % bytes / sizeof(T));
    constexpr index_t few = 16;  // on the stack, as memory costs a short call more than its steps do
    T states_of_few[few];
    auto const states = on.template scratch<T>(size.lanes > few ? size.lanes : 0);
    T* const state = size.lanes > few ? states.data() : states_of_few;
    write const how = best_write(p);
    index_t const shares = std::min(workers, groups);
    on.blocks(shares, [=, &p](index_t worker) {
      auto const cut = [=](index_t w) {
        if (w == shares) return size.lanes;
        index_t const lane = (groups / shares * w + std::min(w, groups % shares)) * lanes_of_group;
        return w == 0 ? 0 : std::min(even ? lane - past_a_line : lane, size.lanes);
      };
      index_t const step = even ? std::max<index_t>(cut(worker + 1) - cut(worker), 1) : 1;
      for (index_t lane = cut(worker); lane < cut(worker + 1); lane += step) run(all, p, lane, step, state, how);
    });
  }

 private:
  // Lanes [first, first + lanes), evenly spaced.
  template <class T>
  static void run(lanes_functions<T> const& all, detail::recurrence_problem<T> const& p, index_t first, index_t lanes,
                  T* state, write how) {
    bool const starts = !p.initial;
    for (index_t lane = first; lane < first + lanes; ++lane) state[lane] = starts ? T(0) : p.initial(lane, 0);
    auto const apart = [&](auto const& v) { return lanes > 1 ? &v(first + 1, 0) - &v(first, 0) : index_t{1}; };
    auto const along = [&](auto const& v) { return p.size.time > 1 ? v.time_stride() : index_t{0}; };
    index_t const row = along(p.x);
    constexpr index_t line = 64, vector = 16;
    bool const whole_lines = reinterpret_cast<std::uintptr_t>(&p.x(first, 0)) % vector == 0 &&
                             row * static_cast<index_t>(sizeof(T)) % line == 0 && lanes > 1 && apart(p.x) == 1;
    all.fold({{&p.a(first, 0), apart(p.a), along(p.a)},
              {&p.b(first, 0), apart(p.b), along(p.b)},
              &p.x(first, 0),
              apart(p.x),
              row,
              lanes,
              p.size.time,
              state + first,
              starts,
              whole_lines ? how : write::through_the_cache});
    if (p.final)
      for (index_t lane = first; lane < first + lanes; ++lane) p.final(lane, 0) = state[lane];
  }
};

}  // namespace ssmscan::simd
