// e^x, e^x - 1, softplus and silu of vectors, for the code of one SIMD target. Only fused multiply-adds, sums, products and
// quotients in a fixed order, so that every target, and every lane, gives the same bits.
//
// e^x: with n the integer next to x / ln 2, r = x - n ln 2 (ln 2 in two parts: the first difference is exact), |r| <= ln 2 / 2,
// e^x = 2^n (1 + r + r^2 q(r)), q the minimax polynomial (Remez; relative error of e^r 2^-28.3 for float, 2^-57.9 for
// double). Errors in u: 0.35 from the second part of ln 2, 1 from the last sum, at most 0.2 from what it adds, so
// |error| <= 2u e^x, where e^x is not subnormal; half the smallest subnormal more where it is. 2^n is multiplied in two
// factors, so that results below the normal numbers are rounded once. NaN gives NaN; infinities what they should.
#if defined(SSMSCAN_SSM_EXPONENTIAL_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef SSMSCAN_SSM_EXPONENTIAL_INL
#undef SSMSCAN_SSM_EXPONENTIAL_INL
#else
#define SSMSCAN_SSM_EXPONENTIAL_INL
#endif

#include <cmath>
#include <cstdint>

#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace ssmscan::ssm::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// a x + c with one rounding. Highway's scalar target rounds twice.
template <class D, class V>
HWY_INLINE V fused(D d, V a, V x, V c) {
#if HWY_TARGET == HWY_SCALAR
  return hn::Set(d, std::fma(hn::GetLane(a), hn::GetLane(x), hn::GetLane(c)));
#else
  static_cast<void>(d);
  return hn::MulAdd(a, x, c);
#endif
}

template <class D, class V, std::size_t N>
HWY_INLINE V polynomial(D d, V x, hn::TFromD<D> const (&coefficient)[N]) {
  V value = hn::Set(d, coefficient[N - 1]);
  for (std::size_t i = N - 1; i-- > 0;) value = fused(d, value, x, hn::Set(d, coefficient[i]));
  return value;
}

template <class T>
struct exponential_constants;
template <>
struct exponential_constants<float> {
  using integer = std::int32_t;
  static constexpr int fraction_bits = 23;
  static constexpr integer exponent_bias = 127;
  static constexpr float magic = 0x1.8p23f;        // added, it leaves the nearest integer in the low bits
  static constexpr float least = -104, most = 89;  // e^x is 0 below and infinite above
  static constexpr float ln2_high = 0x1.62e430p-1f, ln2_low = -0x1.05c610p-29f;
  static constexpr float q[] = {0x1.fffffcp-2f, 0x1.555492p-3f, 0x1.5558f2p-5f, 0x1.1239e2p-7f, 0x1.6a242cp-10f};
  // (2 artanh(s) - 2s) / s^3 in s^2 <= 1/9; relative error of log1p 2^-27.7
  static constexpr float log1p[] = {0x1.5555p-1f, 0x1.99d28p-2f, 0x1.1eb5bap-2f, 0x1.1efa44p-2f};
};
template <>
struct exponential_constants<double> {
  using integer = std::int64_t;
  static constexpr int fraction_bits = 52;
  static constexpr integer exponent_bias = 1023;
  static constexpr double magic = 0x1.8p52;
  static constexpr double least = -746, most = 710;
  static constexpr double ln2_high = 0x1.62e42fefa39efp-1, ln2_low = 0x1.abc9e3b39803fp-56;
  static constexpr double q[] = {0x1.000000000000ap-1,  0x1.55555555554fap-3,  0x1.555555555087dp-5,
                                 0x1.1111111127bdcp-7,  0x1.6c16c1842a0c6p-10, 0x1.a01a012a5a426p-13,
                                 0x1.a0199a0c700fcp-16, 0x1.71df254da5cd1p-19, 0x1.28ad72ca41a01p-22,
                                 0x1.ad7f74af9144cp-26};
  // relative error of log1p 2^-59.4
  static constexpr double log1p[] = {
      0x1.5555555555535p-1, 0x1.99999999a085fp-2, 0x1.249249208473cp-2, 0x1.c71c74200fabdp-3, 0x1.745cb388b410fp-3,
      0x1.3b1de4bece6a4p-3, 0x1.106752faa749dp-3, 0x1.efdee185783f2p-4, 0x1.559632d5b6891p-4, 0x1.5c90202800392p-3};
};
inline constexpr double log2_e = 0x1.71547652b82fep0;

template <class V>
struct reduced {
  V grown;        // e^r - 1
  V scale;        // 2^n where |n| <= 1, what it then is used for
  V n;            // the integer
  V first, rest;  // 2^n as a product
};

// 2^k of the integer k that `magic` was added to, modulo the bits that the shift drops.
template <class D, class I>
HWY_INLINE hn::Vec<D> power_of_two(D d, I integer) {
  using constants = exponential_constants<hn::TFromD<D>>;
  hn::RebindToSigned<D> const di;
  auto const bias = hn::Set(di, constants::exponent_bias << constants::fraction_bits);
  return hn::BitCast(d, hn::Add(hn::ShiftLeft<constants::fraction_bits>(integer), bias));
}

template <class D, class V>
HWY_INLINE reduced<V> reduce(D d, V x) {
  using T = hn::TFromD<D>;
  using constants = exponential_constants<T>;
  hn::RebindToSigned<D> const di;
  V const magic = hn::Set(d, constants::magic);
  V const clamped = hn::Min(hn::Max(x, hn::Set(d, constants::least)), hn::Set(d, constants::most));
  V const n_bits = fused(d, clamped, hn::Set(d, T(log2_e)), magic);
  V const half_bits = fused(d, clamped, hn::Set(d, T(log2_e / 2)), magic);
  V const minus_n = hn::Sub(magic, n_bits);
  V r = fused(d, minus_n, hn::Set(d, constants::ln2_high), clamped);
  r = fused(d, minus_n, hn::Set(d, constants::ln2_low), r);
  V const grown = fused(d, hn::Mul(r, r), polynomial(d, r, constants::q), r);
  auto const n = hn::BitCast(di, n_bits), half = hn::BitCast(di, half_bits);
  return {grown, power_of_two(d, n), minus_n, power_of_two(d, half), power_of_two(d, hn::Sub(n, half))};
}

template <class D, class V>
HWY_INLINE V from_reduced(D d, V x, reduced<V> const& e) {
  V const value = hn::Mul(hn::Mul(hn::Add(e.grown, hn::Set(d, hn::TFromD<D>(1))), e.first), e.rest);
  return hn::IfThenElse(hn::IsNaN(x), x, value);
}

template <class D, class V>
HWY_INLINE V exp(D d, V x) {
  return from_reduced(d, x, reduce(d, x));
}

// e^x - 1 beside e^x. For |n| <= 1 it is 2^n (e^r - 1) + (2^n - 1), whose terms cancel by no more than a third; beyond, e^x
// itself is at most 0.36 or at least 2.8. Error at most 5u |e^x - 1|.
template <class D, class V>
HWY_INLINE V expm1(D d, V x, V& e) {
  using T = hn::TFromD<D>;
  V const one = hn::Set(d, T(1));
  reduced<V> const parts = reduce(d, x);
  e = from_reduced(d, x, parts);
  V const near = fused(d, parts.scale, parts.grown, hn::Sub(parts.scale, one));
  V const value = hn::IfThenElse(hn::Le(hn::Abs(parts.n), one), near, hn::Sub(e, one));
  return hn::IfThenElse(hn::IsNaN(x), x, value);
}

// log(1 + e^x): x above 20, as PyTorch has it; else max(x, 0) + log1p(e^-|x|), log1p(w) = 2 artanh(w / (2 + w)).
// Error at most 8u: 2u of e^x, 2u of the quotient, 2u of the series, 1u of the sum.
template <class D, class V>
HWY_INLINE V softplus(D d, V x) {
  using T = hn::TFromD<D>;
  V const w = exp(d, hn::Neg(hn::Abs(x)));
  V const s = hn::Div(w, hn::Add(w, hn::Set(d, T(2))));
  V const z = hn::Mul(s, s);
  V const series = fused(d, hn::Mul(s, z), polynomial(d, z, exponential_constants<T>::log1p), hn::Add(s, s));
  V const value = hn::Add(hn::Max(x, hn::Zero(d)), series);
  return hn::IfThenElse(hn::Gt(x, hn::Set(d, T(20))), x, value);
}

// x / (1 + e^-x). Error at most 4u.
template <class D, class V>
HWY_INLINE V silu(D d, V x) {
  return hn::Div(x, hn::Add(hn::Set(d, hn::TFromD<D>(1)), exp(d, hn::Neg(x))));
}

}  // namespace ssmscan::ssm::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
