// The left fold of lanes.hpp for one SIMD target.
#if defined(SSMSCAN_SIMD_LANES_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef SSMSCAN_SIMD_LANES_INL
#undef SSMSCAN_SIMD_LANES_INL
#else
#define SSMSCAN_SIMD_LANES_INL
#endif

#include <hwy/cache_control.h>

#include <ssmscan/scan/backends/simd/abreast-inl.hpp>
#include <ssmscan/scan/backends/simd/brought_rows-inl.hpp>
#include <ssmscan/scan/backends/simd/strips-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace ssmscan::simd::HWY_NAMESPACE {

// Numbers at `from` of neighbouring lanes, or one for all.
template <class T, class D>
HWY_INLINE auto load_lanes(D d, T const* from, index_t lane_stride) {
  if (lane_stride == 1) return load_numbers<T>(d, from);
  number<hn::Vec<D>, parts<T>> v;
  auto const* const reals = reinterpret_cast<real_of<T> const*>(from);
  for (std::size_t part = 0; part < parts<T>; ++part) v.part[part] = hn::Set(d, reals[part]);
  return v;
}

template <class T, class D, class V>
HWY_INLINE void write_lanes(D d, number<V, parts<T>> const& v, T* to, write how) {
  if constexpr (parts<T> == 1)
    if (how == write::past_the_cache) return hn::Stream(v.part[0], d, reinterpret_cast<real_of<T>*>(to));
  store_numbers<T>(d, v, to);
}

// first: x = b; plain: neither a nor b is one for all lanes; one_a: a is.
enum class step : std::uint8_t { first, plain, one_a, general };

// Numbers of a row that comes later, for which memory is asked. Null: none.
template <class T>
struct asked_row {
  T const *a = nullptr, *b = nullptr;
};

// Lanes [begin, end), whole vectors of D, at one step; a, b and x point at lane 0.
template <step Step, class D, class T>
HWY_INLINE void fold_lanes(lanes_piece<T> const& p, T const* a, T const* b, T* x, index_t begin, index_t end, write how,
                           asked_row<T> const& later = {}) {
  D const d;
  constexpr index_t line = line_bytes / sizeof(T);
  constexpr bool is_general = Step == step::general, b_beside = Step == step::plain || Step == step::one_a;
  index_t const a_stride = is_general ? p.a.lane_stride : Step == step::one_a ? 0 : 1;
  index_t const b_stride = b_beside ? 1 : p.b.lane_stride;
  // The way in which rows follow one another: some processors read on by themselves in the way in which they are asked.
  constexpr auto width = static_cast<index_t>(lanes_of<D>);
  bool const down = p.x_time_stride < 0;
  index_t const on = down ? -width : width;
  index_t lane = down ? end - width : begin;
  for (index_t left = end - begin; left > 0; left -= width, lane += on) {
    auto state = load_lanes<T>(d, b + lane * b_stride, b_stride);
    if constexpr (Step != step::first)
      state =
          multiply_add(d, load_lanes<T>(d, a + lane * a_stride, a_stride), load_numbers<T>(d, p.state + lane), state);
    if (b_beside && later.b != nullptr)
      for (index_t i = lane; i < lane + width; i += line) {
        if constexpr (Step == step::plain) ask_into_the_second_level(later.a + i);
        ask_into_the_second_level(later.b + i);
      }
    store_numbers<T>(d, state, p.state + lane);
    write_lanes<T>(d, state, x + lane, how);
  }
}

// Row by row, so that memory is read and written in long pieces; the states stay in the first-level cache. The lines of x
// that lie in a row as a whole are taken as such, what is before and after them by vectors of 16 bytes. The lanes that are
// done.
template <class T>
index_t fold_rows(lanes_piece<T> const& given) {
  using D = hn::ScalableTag<real_of<T>>;
  using Narrow = hn::CappedTag<real_of<T>, narrow_bytes / sizeof(real_of<T>)>;
  // How far ahead of its reading a row asks for: the best of 4 to 32 KiB; of a part of each row, so many rows at most, as what is
  // asked for lies apart, and row by row no more than so many bytes (docs/experiments/cpu_simd.md).
  constexpr index_t ahead_bytes = 8192, ahead_bytes_of_parts = 2048, most_parts_ahead = 16, size = sizeof(T),
                    line = line_bytes / size, narrow = static_cast<index_t>(lanes_of<Narrow>);
  lanes_piece<T> const p = given;  // a copy that no store can reach, so that its numbers stay in registers
  constexpr auto group = static_cast<index_t>(lanes_of<D>) > line ? static_cast<index_t>(lanes_of<D>) : line;
  index_t const lanes = p.lanes / narrow * narrow;
  index_t const head = std::min(to_line(p.x) / narrow * narrow, lanes), tail = head + (lanes - head) / group * group;
  bool const is_part = p.x_time_stride > p.lanes || p.x_time_stride < -p.lanes;
  index_t const bytes_ahead = is_part && p.order == row_order::row_by_row ? ahead_bytes_of_parts : ahead_bytes;
  index_t const rows_ahead = std::max<index_t>(bytes_ahead / (p.lanes * size), 1);
  index_t const ahead = is_part ? std::min(rows_ahead, most_parts_ahead) : rows_ahead;
  bool const whole_row = p.x_time_stride == p.lanes || p.x_time_stride == -p.lanes;
  // What a row leaves of a line, the next row completes at once, or another worker at another time.
  write const at_the_ends = whole_row && lanes == p.lanes ? p.how : write::through_the_cache;
  auto const row_asked_at = [&](index_t t) {
    index_t const later = t + ahead, behind = later - p.time;
    if (behind < 0) return asked_row<T>{p.a.data + later * p.a.time_stride, p.b.data + later * p.b.time_stride};
    if (p.next_a == nullptr) return asked_row<T>{};
    return asked_row<T>{p.next_a + behind * p.a.time_stride, p.next_b + behind * p.b.time_stride};
  };
  auto const ends = [&]<step Step>(std::integral_constant<step, Step>, index_t t) HWY_ATTR {
    T const *const a = p.a.data + t * p.a.time_stride, *const b = p.b.data + t * p.b.time_stride;
    T* const x = p.x + t * p.x_time_stride;
    fold_lanes<Step, Narrow>(p, a, b, x, 0, head, at_the_ends);
    fold_lanes<Step, Narrow>(p, a, b, x, tail, lanes, at_the_ends);
  };
  auto const row = [&]<step Step>(std::integral_constant<step, Step> how, index_t t) HWY_ATTR
      __attribute__((always_inline)) {
    T const *const a = p.a.data + t * p.a.time_stride, *const b = p.b.data + t * p.b.time_stride;
    T* const x = p.x + t * p.x_time_stride;
    bool const evenly = (Step == step::plain || Step == step::one_a) && p.how == write::past_the_cache;
    asked_row<T> const later = row_asked_at(t);
    if (later.b != nullptr && !evenly)
      for (index_t lane = 0; lane < lanes; lane += line)
        hwy::Prefetch(later.a + lane * p.a.lane_stride), hwy::Prefetch(later.b + lane * p.b.lane_stride);
    if (p.how == write::past_the_cache) {
      fold_lanes<Step, D>(p, a, b, x, head, tail, write::past_the_cache, later);
    } else {
      fold_lanes<Step, D>(p, a, b, x, head, tail, write::through_the_cache);
    }
    ends(how, t);
  };
  index_t t = 0;
  if (p.starts && p.time > 0) row(std::integral_constant<step, step::first>{}, t++);
  auto const rows = [&]<step Step>(std::integral_constant<step, Step> how) HWY_ATTR __attribute__((always_inline)) {
#if HWY_TARGET != HWY_SCALAR
    constexpr auto of_a = Step == step::plain ? coefficients::each_its_own : coefficients::one_for_all;
    // Complex numbers are put together in the buffer before they are whole lines.
    bool const comes_back_soon = p.order == row_order::by_strips && is_part && p.lanes >= strip_lines * line &&
                                 p.lanes * size < same_place_bytes;
    bool const by_strips = parts<T> > 1 || comes_back_soon;
    if (p.how == write::past_the_cache && by_strips && to_line(p.x + head) == 0 && p.time - t >= strip_rows) {
      strip_folder<of_a, T> strips(p);
      for (; p.time - t >= strip_rows; t += strip_rows) {
        strips.fold(head, tail, t);
        for (index_t i = t; i < t + strip_rows; ++i) ends(how, i);
      }
      strips.write_all();
    }
#endif
    for (; t < p.time; ++t) row(how, t);
  };
  if (p.b.lane_stride != 1) {
    for (; t < p.time; ++t) row(std::integral_constant<step, step::general>{}, t);
  } else if (p.a.lane_stride == 1) {
    rows(std::integral_constant<step, step::plain>{});
  } else {
    rows(std::integral_constant<step, step::one_a>{});
  }
  return lanes;
}

// Whether rows are folded with their states in registers: all of a row at once, or some of it where all there is stays in
// the second-level cache, as what is beside it comes from memory too.
template <class T>
bool is_for_registers(lanes_piece<T> const& p) {
  constexpr index_t in_second_level = index_t{1} << 19;
  constexpr auto whole_row = static_cast<index_t>(most_vectors<T> * lanes_of<hn::ScalableTag<real_of<T>>>);
  return p.b.lane_stride == 1 && p.how == write::through_the_cache &&
         (p.lanes <= whole_row || p.lanes * p.time * static_cast<index_t>(sizeof(T)) <= in_second_level);
}

template <class T>
void fold(lanes_piece<T> const& p) {
  if (p.time <= 0) return;
  if (p.order == row_order::from_second_level) {
    if (fold_brought(p)) return;
    lanes_piece<T> by_rows = p;  // which ask in another way
    by_rows.next_a = by_rows.next_b = nullptr, by_rows.order = row_order::row_by_row;
    return fold(by_rows);
  }
  auto const beside = [](index_t stride) { return stride == 1 || stride == 0; };
  index_t lane = 0;
  if (p.lanes > 1) {
    if (p.x_lane_stride != 1 || !beside(p.a.lane_stride) || !beside(p.b.lane_stride)) {
      lane = fold_along(p);
    } else if (is_for_registers(p)) {
      lane =
          p.a.lane_stride == 1 ? fold_beside<coefficients::each_its_own>(p) : fold_beside<coefficients::one_for_all>(p);
    } else {
      lane = fold_rows(p);
    }
  }
  fold_any(p, lane, p.lanes);
}

}  // namespace ssmscan::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
