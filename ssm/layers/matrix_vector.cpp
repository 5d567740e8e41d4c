#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include <ssmscan/ssm/simd/targets.hpp>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ssmscan/ssm/layers/matrix_vector.cpp"
#include <hwy/cache_control.h>
#include <hwy/foreach_target.h>  // compiles what follows once for each target

#include <ssmscan/ssm/layers/matrix_vector.hpp>
#include <ssmscan/ssm/simd/exponential-inl.hpp>  // fused

HWY_BEFORE_NAMESPACE();
namespace ssmscan::ssm::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

constexpr index_t partial_sums = 32;  // four vectors of eight: an addition's latency is hidden
using tag = hn::CappedTag<float, 16>;
constexpr index_t width = static_cast<index_t>(hn::MaxLanes(tag()));
constexpr index_t vectors = partial_sums / width;

HWY_INLINE auto load(float const* from) { return hn::LoadU(tag(), from); }
HWY_INLINE auto load(bfloat16 const* from) {  // the upper half of a float
  hn::Rebind<std::uint16_t, tag> const halves;
  hn::RebindToUnsigned<tag> const words;
  auto const bits = hn::LoadU(halves, reinterpret_cast<std::uint16_t const*>(from));
  return hn::BitCast(tag(), hn::ShiftLeft<16>(hn::PromoteTo(words, bits)));
}

// Rows taken side by side, each from its own part of the weight: so many streams come from memory at a time. One stream is
// three quarters of what memory gives a core with vectors of 16 lanes, four are all of it; narrower vectors have no
// registers for the sums of four rows.
constexpr index_t streams = width == 16 ? 4 : 1;

// What comes next of a stream is asked for; beyond the weight's end that does nothing, but the address is counted as a
// number: no pointer may point there.
template <class W>
HWY_INLINE void ask_ahead(W const* row) {
  constexpr std::uintptr_t line = 64, ahead = 2048;  // bytes
  for (std::uintptr_t at = 0; at < partial_sums * sizeof(W); at += line)
    hwy::Prefetch(reinterpret_cast<char const*>(reinterpret_cast<std::uintptr_t>(row) + ahead + at));
}

// sum[v] += row x over the 32 columns at both pointers.
template <class W>
HWY_INLINE void add_products(W const* row, float const* x, hn::Vec<tag> (&sum)[vectors]) {
  for (index_t v = 0; v < vectors; ++v)
    sum[v] = fused(tag(), load(row + v * width), hn::LoadU(tag(), x + v * width), sum[v]);
}

// The upper half of a vector's lanes added to the lower, until one is left.
template <class D>
HWY_INLINE float sum_by_halves([[maybe_unused]] D all, hn::Vec<D> sums) {
#if HWY_TARGET != HWY_SCALAR  // which has one lane, and no halves
  if constexpr (hn::MaxLanes(D()) > 1) {
    hn::Half<D> const half;
    return sum_by_halves(half, hn::Add(hn::LowerHalf(half, sums), hn::UpperHalf(half, sums)));
  }
#endif
  return hn::GetLane(sums);
}
HWY_INLINE float total(hn::Vec<tag> (&sum)[vectors]) {
  for (index_t half = vectors / 2; half > 0; half /= 2)
    for (index_t v = 0; v < half; ++v) sum[v] = hn::Add(sum[v], sum[v + half]);
  return sum_by_halves(tag(), sum[0]);
}

// The same over the `rest` columns that are left, fewer than 32; x has zeros beyond them. Whole vectors of a row are read where
// they are.
template <class W>
HWY_INLINE void add_last_products(W const* row, index_t rest, float const* x, hn::Vec<tag> (&sum)[vectors]) {
  for (index_t v = 0; v < vectors; ++v) {
    index_t const from = v * width, left = std::clamp<index_t>(rest - from, 0, width);
    auto values = hn::Zero(tag());
    if (left == width) {
      values = load(row + from);
    } else if (left > 0) {
      std::array<W, static_cast<std::size_t>(width)> copied{};
      std::copy_n(row + from, left, copied.begin());
      values = load(copied.data());
    }
    sum[v] = fused(tag(), values, hn::LoadU(tag(), x + from), sum[v]);
  }
}

// The rows first + k `apart`, k < Count, each summed as if it were alone.
template <index_t Count, class W>
HWY_INLINE void some_rows(matrix_view<W const> weight, index_t first, index_t apart, float const* x,
                          float const* last_x, float* y) {
  index_t const whole = weight.columns / partial_sums * partial_sums, rest = weight.columns - whole;
  constexpr auto count = static_cast<std::size_t>(Count);
  W const* row[count];
  hn::Vec<tag> sum[count][vectors];
  for (index_t k = 0; k < Count; ++k) {
    row[k] = weight.row(first + k * apart);
    for (index_t v = 0; v < vectors; ++v) sum[k][v] = hn::Zero(tag());
  }
  for (index_t i = 0; i < whole; i += partial_sums) {
    for (index_t k = 0; k < Count; ++k) {
      ask_ahead(row[k] + i);
      add_products(row[k] + i, x + i, sum[k]);
    }
  }
  for (index_t k = 0; k < Count; ++k) {
    if (rest > 0) add_last_products(row[k] + whole, rest, last_x, sum[k]);
    y[first + k * apart] = total(sum[k]);
  }
}

template <class W>
HWY_INLINE void all_rows(matrix_view<W const> weight, float const* x, float* y) {
  index_t const whole = weight.columns / partial_sums * partial_sums;
  std::array<float, partial_sums> last_x{};  // zeros beyond the end change no sum
  std::copy_n(x + whole, weight.columns - whole, last_x.begin());
  index_t const apart = weight.rows / streams;
  for (index_t o = 0; o < apart; ++o) some_rows<streams>(weight, o, apart, x, last_x.data(), y);
  for (index_t o = streams * apart; o < weight.rows; ++o) some_rows<1>(weight, o, 0, x, last_x.data(), y);
}

index_t streams_here() { return streams; }
void of_floats(matrix_view<float const> weight, float const* x, float* y) { all_rows(weight, x, y); }
void of_bfloat16s(matrix_view<bfloat16 const> weight, float const* x, float* y) { all_rows(weight, x, y); }

}  // namespace ssmscan::ssm::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace ssmscan::ssm {

HWY_EXPORT(streams_here);
HWY_EXPORT(of_floats);
HWY_EXPORT(of_bfloat16s);

index_t detail::matrix_vector_streams() { return HWY_DYNAMIC_DISPATCH(streams_here)(); }
void detail::matrix_vector(matrix_view<float const> weight, float const* x, float* y) {
  HWY_DYNAMIC_DISPATCH(of_floats)(weight, x, y);
}
void detail::matrix_vector(matrix_view<bfloat16 const> weight, float const* x, float* y) {
  HWY_DYNAMIC_DISPATCH(of_bfloat16s)(weight, x, y);
}

}  // namespace ssmscan::ssm

#endif
