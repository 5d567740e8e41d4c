#pragma once
// Some lanes of a problem at some steps, as one call takes them (lanes.hpp).
#include <cstdint>

#include <ssmscan/scan/backends/simd/lane_chunks.hpp>
#include <ssmscan/scan/backends/simd/lane_cuts.hpp>
#include <ssmscan/scan/backends/simd/lanes.hpp>
#include <ssmscan/scan/detail/recurrence_problem.hpp>

namespace ssmscan::simd {

struct piece_place {
  index_t lane, step;
};
inline constexpr index_t no_step = -1;

// Of lanes that are evenly spaced.
template <class T>
lanes_piece<T> piece_of(detail::recurrence_problem<T> const& p, range lanes, range steps, T* state, write how) {
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

// Lanes, evenly spaced, at steps, of packed ones at all of a sequence: x, and the states after them, by those before them.
// `next`: where the worker goes on.
template <class T>
void fold_piece(lanes_functions<T> const& all, detail::recurrence_problem<T> const& p, range lanes, range steps,
                T* state, write how, piece_place next = {0, no_step}) {
  if (lanes.end <= lanes.begin) return;
  lanes_piece<T> made = piece_of(p, lanes, steps, state, how);
  if (next.step != no_step) made.next_a = &p.a(next.lane, next.step), made.next_b = &p.b(next.lane, next.step);
  all.fold(made);
}

}  // namespace ssmscan::simd
