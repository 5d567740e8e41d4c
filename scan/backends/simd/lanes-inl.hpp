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
      x[t * p.x_time_stride] = state =
          scalar_multiply_add(a[t * p.a.time_stride], state, b[t * p.b.time_stride]);
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

// As many lanes as a vector has, `Vectors` vectors abreast so that their chains overlap.
template <std::size_t Vectors, class T>
void fold_neighbours(lanes_piece<T> const& p, index_t first) {
  hn::ScalableTag<real_of<T>> const d;
  using D = decltype(d);
  constexpr auto width = static_cast<index_t>(lanes_of<std::remove_const_t<D>>);
  number<hn::Vec<std::remove_const_t<D>>, parts<T>> state[Vectors];
  for (std::size_t v = 0; v < Vectors; ++v)
    state[v] = load_numbers<T>(d, p.state + first + static_cast<index_t>(v) * width);
  for (index_t t = 0; t < p.time; ++t) {
    T const* const a = p.a.data + t * p.a.time_stride + first * p.a.lane_stride;
    T const* const b = p.b.data + t * p.b.time_stride + first * p.b.lane_stride;
    T* const x = p.x + t * p.x_time_stride + first;
    for (std::size_t v = 0; v < Vectors; ++v) {
      index_t const at = static_cast<index_t>(v) * width;
      auto const next_b = load_lanes<T>(d, b + at * p.b.lane_stride, p.b.lane_stride);
      state[v] = p.starts && t == 0
                     ? next_b
                     : multiply_add(d, load_lanes<T>(d, a + at * p.a.lane_stride, p.a.lane_stride), state[v], next_b);
      if constexpr (parts<T> == 1) {
        if (p.how == write::past_the_cache) {
          hn::Stream(state[v].part[0], d, x + at);
          continue;
        }
      }
      store_numbers<T>(d, state[v], x + at);
    }
  }
  for (std::size_t v = 0; v < Vectors; ++v)
    store_numbers<T>(d, state[v], p.state + first + static_cast<index_t>(v) * width);
}

template <class T>
void fold(lanes_piece<T> const& p) {
  hn::ScalableTag<real_of<T>> const d;
  constexpr auto width = static_cast<index_t>(lanes_of<std::remove_const_t<decltype(d)>>);
  constexpr index_t abreast = 8;
  auto const beside = [](index_t stride) { return stride == 1 || stride == 0; };
  index_t lane = 0;
  if (p.x_lane_stride == 1 && beside(p.a.lane_stride) && beside(p.b.lane_stride)) {
    for (; lane + abreast * width <= p.lanes; lane += abreast * width) fold_neighbours<abreast>(p, lane);
    for (; lane + width <= p.lanes; lane += width) fold_neighbours<1>(p, lane);
  }
  for (; lane < p.lanes; ++lane) fold_one(p, lane);
  if (p.how == write::past_the_cache) hwy::FlushStream();
}

}  // namespace ssmscan::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
