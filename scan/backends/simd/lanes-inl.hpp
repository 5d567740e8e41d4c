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

// Lanes [lane, lane + Vectors vectors) at steps [begin, end), the states in registers; `ahead`: rows to ask for.
template <std::size_t Vectors, class T>
HWY_INLINE void fold_steps(lanes_piece<T> const& p, index_t lane, index_t begin, index_t end, index_t ahead) {
  hn::ScalableTag<real_of<T>> const d;
  using D = std::remove_const_t<decltype(d)>;
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
    for (std::size_t v = 0; v < Vectors; ++v) {
      states[v] = multiply_add(d, load_lanes<T>(d, a + at(v) * p.a.lane_stride, p.a.lane_stride), states[v],
                               load_lanes<T>(d, b + at(v) * p.b.lane_stride, p.b.lane_stride));
      write_lanes<T>(d, states[v], x + at(v), p.how);
    }
  }
  for (std::size_t v = 0; v < Vectors; ++v) store_numbers<T>(d, states[v], p.state + at(v));
}

// Rows in the order of memory, so that it is read and written in long pieces: one at a time where a piece is all of a
// row, and a few abreast where it is a part of each, which the processor's own prefetching does not follow. Asked for
// ahead in any case; the states stay in the first-level cache.
template <class T>
void fold_rows(lanes_piece<T> const& p, index_t lanes) {
  hn::ScalableTag<real_of<T>> const d;
  constexpr auto width = static_cast<index_t>(lanes_of<std::remove_const_t<decltype(d)>>);
  constexpr index_t ahead_bytes = 4096, line = 64 / sizeof(T);
  constexpr std::size_t vectors = line > width ? static_cast<std::size_t>(line / width) : 1;
  index_t const ahead = std::max<index_t>(ahead_bytes / (lanes * static_cast<index_t>(sizeof(T))), 1);
  index_t const abreast = p.x_time_stride == lanes ? 1 : 8;
  index_t begin = 0;
  if (p.starts && p.time > 0) {
    for (index_t lane = 0; lane < lanes; lane += width) {
      auto const first = load_lanes<T>(d, p.b.data + lane * p.b.lane_stride, p.b.lane_stride);
      store_numbers<T>(d, first, p.state + lane);
      write_lanes<T>(d, first, p.x + lane, p.how);
    }
    begin = 1;
  }
  constexpr auto group = static_cast<index_t>(vectors) * width;
  for (; begin < p.time; begin += abreast) {
    index_t const end = std::min(begin + abreast, p.time);
    index_t lane = 0;
    for (; lane + group <= lanes; lane += group) fold_steps<vectors>(p, lane, begin, end, ahead);
    for (; lane < lanes; lane += width) fold_steps<1>(p, lane, begin, end, ahead);
  }
}

template <class T>
void fold(lanes_piece<T> const& p) {
  constexpr auto width = static_cast<index_t>(lanes_of<hn::ScalableTag<real_of<T>>>);
  auto const beside = [](index_t stride) { return stride == 1 || stride == 0; };
  index_t lane = 0;
  if (p.x_lane_stride == 1 && beside(p.a.lane_stride) && beside(p.b.lane_stride)) {
    lane = p.lanes / width * width;
    if (lane > 0) fold_rows(p, lane);
  }
  for (; lane < p.lanes; ++lane) fold_one(p, lane);
  if (p.how == write::past_the_cache) hwy::FlushStream();
}

}  // namespace ssmscan::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
