// log2.hpp in vectors, for the code of one SIMD target: the same operations in the same order, so the same bits.
#if defined(SSMSCAN_SIMD_LOG2_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef SSMSCAN_SIMD_LOG2_INL
#undef SSMSCAN_SIMD_LOG2_INL
#else
#define SSMSCAN_SIMD_LOG2_INL
#endif

#include <ssmscan/scan/backends/simd/log2.hpp>
#include <ssmscan/scan/backends/simd/number-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace ssmscan::simd::HWY_NAMESPACE {

// N vectors abreast, each step of all before the next: they wait for one another's latencies.
template <std::size_t N, class D>
HWY_INLINE void log2_finite(D d, hn::Vec<D> (&v)[N]) {
  using k = log2_constants;
  using V = hn::Vec<D>;
  hn::RebindToUnsigned<D> const du;
  V e[N], s[N], z[N], p[N];
  auto const one = hn::Set(d, 1.0);
  for (std::size_t i = 0; i < N; ++i) {
    auto const bits = hn::BitCast(du, v[i]);
    auto const moved = hn::Add(bits, hn::Set(du, k::one - k::sqrt_half));
    e[i] =
        hn::Sub(hn::BitCast(d, hn::Or(hn::ShiftRight<52>(moved), hn::Set(du, k::whole))), hn::Set(d, k::whole_offset));
    auto const m =
        hn::BitCast(d, hn::Sub(hn::Add(bits, hn::Set(du, k::one)), hn::And(moved, hn::Set(du, k::exponent))));
    s[i] = hn::Div(hn::Sub(m, one), hn::Add(m, one));
  }
  for (std::size_t i = 0; i < N; ++i) z[i] = hn::Mul(s[i], s[i]), p[i] = hn::Set(d, k::log[5]);
  for (std::size_t j = 5; j-- > 0;)
    for (std::size_t i = 0; i < N; ++i) p[i] = fused(d, z[i], p[i], hn::Set(d, k::log[j]));
  for (std::size_t i = 0; i < N; ++i) v[i] = fused(d, s[i], p[i], e[i]);
}

template <std::size_t N, class D>
HWY_INLINE void exp2_both(D d, hn::Vec<D> const (&v)[N], hn::Vec<D> (&up)[N], hn::Vec<D> (&down)[N]) {
  using k = log2_constants;
  using V = hn::Vec<D>;
  hn::RebindToUnsigned<D> const du;
  auto const to_integer = hn::Set(d, k::to_integer);
  V shifted[N], r[N], q[N], even[N], odd[N];
  for (std::size_t i = 0; i < N; ++i) shifted[i] = hn::Add(v[i], to_integer);
  for (std::size_t i = 0; i < N; ++i) r[i] = hn::Sub(v[i], hn::Sub(shifted[i], to_integer));
  for (std::size_t i = 0; i < N; ++i)
    q[i] = hn::Mul(r[i], r[i]), even[i] = hn::Set(d, k::even[4]), odd[i] = hn::Set(d, k::odd[4]);
  for (std::size_t j = 4; j-- > 0;) {
    for (std::size_t i = 0; i < N; ++i) even[i] = fused(d, q[i], even[i], hn::Set(d, k::even[j]));
    for (std::size_t i = 0; i < N; ++i) odd[i] = fused(d, q[i], odd[i], hn::Set(d, k::odd[j]));
  }
  for (std::size_t i = 0; i < N; ++i) odd[i] = hn::Mul(r[i], odd[i]);
  for (std::size_t i = 0; i < N; ++i) {
    auto const scale = hn::ShiftLeft<52>(hn::BitCast(du, shifted[i]));
    up[i] = hn::BitCast(d, hn::Add(hn::BitCast(du, hn::Add(even[i], odd[i])), scale));
    down[i] = hn::BitCast(d, hn::Sub(hn::BitCast(du, hn::Sub(even[i], odd[i])), scale));
  }
}

}  // namespace ssmscan::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
