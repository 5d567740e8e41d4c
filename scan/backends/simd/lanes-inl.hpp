// The left fold of lanes.hpp for one SIMD target.
#if defined(SSMSCAN_SIMD_LANES_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef SSMSCAN_SIMD_LANES_INL
#undef SSMSCAN_SIMD_LANES_INL
#else
#define SSMSCAN_SIMD_LANES_INL
#endif

#include <hwy/cache_control.h>

#include <ssmscan/scan/backends/simd/lanes.hpp>
#include <ssmscan/scan/backends/simd/number-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace ssmscan::simd::HWY_NAMESPACE {

// One lane, at the pace of the multiply-add's latency.
template <class T>
void fold_one(lanes_piece<T> const& p, index_t lane) {
  T const *a = p.a.data + lane * p.a.lane_stride, *b = p.b.data + lane * p.b.lane_stride;
  T* x = p.x + lane * p.x_lane_stride;
  T state = p.state[lane];
  index_t t = 0;
  if (p.starts && p.time > 0) *x = state = *b, t = 1;
  if (p.a.time_stride == 1 && p.b.time_stride == 1 && p.x_time_stride == 1) {
    for (; t < p.time; ++t) x[t] = state = scalar_multiply_add(a[t], state, b[t]);
  } else {
    for (; t < p.time; ++t)
      x[t * p.x_time_stride] = state = scalar_multiply_add(a[t * p.a.time_stride], state, b[t * p.b.time_stride]);
  }
  p.state[lane] = state;
}

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

// Lanes [lane, lane + Vectors vectors of D) at steps [begin, end), the states in registers; `ahead`: rows to ask for.
template <class D, std::size_t Vectors, class T>
HWY_INLINE void fold_steps(lanes_piece<T> const& p, index_t lane, index_t begin, index_t end, index_t ahead,
                           write how) {
  D const d;
  constexpr auto width = static_cast<index_t>(lanes_of<D>);
  number<hn::Vec<D>, parts<T>> states[Vectors];
  auto const at = [lane](std::size_t v) { return lane + static_cast<index_t>(v) * width; };
  for (std::size_t v = 0; v < Vectors; ++v) states[v] = load_numbers<T>(d, p.state + at(v));
  for (index_t t = begin; t < end; ++t) {
    T const *const a = p.a.data + t * p.a.time_stride, *const b = p.b.data + t * p.b.time_stride;
    T* const x = p.x + t * p.x_time_stride;
    if (t + ahead < p.time) {
      hwy::Prefetch(a + ahead * p.a.time_stride + lane * p.a.lane_stride);
      hwy::Prefetch(b + ahead * p.b.time_stride + lane * p.b.lane_stride);
    }
    bool const first = p.starts && t == 0;
    for (std::size_t v = 0; v < Vectors; ++v) {
      auto const own_b = load_lanes<T>(d, b + at(v) * p.b.lane_stride, p.b.lane_stride);
      states[v] =
          first ? own_b
                : multiply_add(d, load_lanes<T>(d, a + at(v) * p.a.lane_stride, p.a.lane_stride), states[v], own_b);
      write_lanes<T>(d, states[v], x + at(v), how);
    }
  }
  for (std::size_t v = 0; v < Vectors; ++v) store_numbers<T>(d, states[v], p.state + at(v));
}

// Rows in the order of memory, so that it is read and written in long pieces: one at a time where a piece is all of a
// row, and a few abreast where it is a part of each, which the processor's own prefetching does not follow. Asked for
// ahead in any case; the states stay in the first-level cache. The lines of x that lie in a row as a whole are taken one
// by one, what is before and after them by vectors of 16 bytes. The lanes that are done.
template <class T>
index_t fold_rows(lanes_piece<T> const& p) {
  using D = hn::ScalableTag<real_of<T>>;
  using Narrow = hn::CappedTag<real_of<T>, HWY_MAX(16 / sizeof(real_of<T>), std::size_t{1})>;
  constexpr index_t ahead_bytes = 8192, size = sizeof(T), line = 64 / size,
                    narrow = static_cast<index_t>(lanes_of<Narrow>);
  constexpr std::size_t vectors = HWY_MAX(static_cast<std::size_t>(line) / lanes_of<D>, std::size_t{1});
  constexpr auto group = static_cast<index_t>(vectors * lanes_of<D>);
  index_t const lanes = p.lanes / narrow * narrow;
  index_t const to_line = static_cast<index_t>((64 - reinterpret_cast<std::uintptr_t>(p.x) % 64) % 64) / size;
  index_t const head = std::min(to_line / narrow * narrow, lanes), tail = head + (lanes - head) / group * group;
  index_t const ahead = std::max<index_t>(ahead_bytes / (p.lanes * size), 1);
  bool const whole_row = p.x_time_stride == p.lanes;
  index_t const abreast = whole_row ? 1 : 8;
  // What a row leaves of a line, the next row completes at once, or another worker at another time.
  write const at_the_ends = whole_row && lanes == p.lanes ? p.how : write::through_the_cache;
  for (index_t begin = 0; begin < p.time; begin += abreast) {
    index_t const end = std::min(begin + abreast, p.time);
    for (index_t lane = 0; lane < head; lane += narrow) fold_steps<Narrow, 1>(p, lane, begin, end, ahead, at_the_ends);
    for (index_t lane = head; lane < tail; lane += group) fold_steps<D, vectors>(p, lane, begin, end, ahead, p.how);
    for (index_t lane = tail; lane < lanes; lane += narrow)
      fold_steps<Narrow, 1>(p, lane, begin, end, ahead, at_the_ends);
  }
  return lanes;
}

template <class T>
void fold(lanes_piece<T> const& p) {
  auto const beside = [](index_t stride) { return stride == 1 || stride == 0; };
  index_t lane = 0;
  if (p.lanes > 1 && p.x_lane_stride == 1 && beside(p.a.lane_stride) && beside(p.b.lane_stride)) lane = fold_rows(p);
  for (; lane < p.lanes; ++lane) fold_one(p, lane);
  if (p.how == write::past_the_cache) hwy::FlushStream();
}

}  // namespace ssmscan::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
