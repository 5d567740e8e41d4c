// Vectors of real or complex numbers by the same names, for the code of one SIMD target. Of complex ones the real parts are a
// vector, and the imaginary parts another. Nothing is rescaled, and NaN comes of NaN, as in ssm/detail/selective_plan.hpp.
#if defined(SSMSCAN_SSM_NUMBERS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef SSMSCAN_SSM_NUMBERS_INL
#undef SSMSCAN_SSM_NUMBERS_INL
#else
#define SSMSCAN_SSM_NUMBERS_INL
#endif

#include <complex>
#include <limits>

#include <hwy/highway.h>

#include <ssmscan/scan/arithmetic.hpp>
#include <ssmscan/ssm/simd/exponential-inl.hpp>
#include <ssmscan/ssm/simd/sine_cosine-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace ssmscan::ssm::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class V>
struct complex_vector {
  V re, im;
};

// Vectors of N, T or std::complex<T>, by the lanes of D, in memory: of each part a vector, `apart` T's from the one before.
template <class N, class D>
struct numbers {
  using T = hn::TFromD<D>;
  using vector = hn::Vec<D>;
  static constexpr index_t parts = 1;
  static vector load(T const* from, index_t) { return hn::LoadU(D(), from); }
  static void store(vector x, T* to, index_t) { hn::StoreU(x, D(), to); }
  static vector beside(N const* from) { return hn::LoadU(D(), from); }  // as they stand in an array of N
  static vector all(N x) { return hn::Set(D(), x); }
  static vector zero() { return hn::Zero(D()); }
  static void put(N x, T* to, index_t) { *to = x; }  // one lane's
};
template <class T, class D>
struct numbers<std::complex<T>, D> {
  using vector = complex_vector<hn::Vec<D>>;
  static constexpr index_t parts = 2;
  static vector load(T const* from, index_t apart) { return {hn::LoadU(D(), from), hn::LoadU(D(), from + apart)}; }
  static void store(vector x, T* to, index_t apart) { hn::StoreU(x.re, D(), to), hn::StoreU(x.im, D(), to + apart); }
  static vector beside(std::complex<T> const* from) {
    vector x;
    hn::LoadInterleaved2(D(), reinterpret_cast<T const*>(from), x.re, x.im);
    return x;
  }
  static vector all(std::complex<T> x) { return {hn::Set(D(), x.real()), hn::Set(D(), x.imag())}; }
  static vector zero() { return {hn::Zero(D()), hn::Zero(D())}; }
  static void put(std::complex<T> x, T* to, index_t apart) { to[0] = x.real(), to[apart] = x.imag(); }
};

// c - a x with one rounding.
template <class D, class V>
HWY_INLINE V less(D d, V a, V x, V c) {
#if HWY_TARGET == HWY_SCALAR
  return hn::Set(d, std::fma(-hn::GetLane(a), hn::GetLane(x), hn::GetLane(c)));
#else
  static_cast<void>(d);
  return hn::NegMulAdd(a, x, c);
#endif
}

template <class D, class V>
HWY_INLINE V times(D, V a, V b) {
  return hn::Mul(a, b);
}
template <class D, class V>
HWY_INLINE complex_vector<V> times(D, V a, complex_vector<V> b) {
  return {hn::Mul(a, b.re), hn::Mul(a, b.im)};
}
// Error at most 2u |a| |b| (Jeannerod, Kornerup, Louvet, Muller 2017).
template <class D, class V>
HWY_INLINE complex_vector<V> times(D d, complex_vector<V> a, complex_vector<V> b) {
  return {less(d, a.im, b.im, hn::Mul(a.re, b.re)), fused(d, a.re, b.im, hn::Mul(a.im, b.re))};
}
// a x + c.
template <class D, class V>
HWY_INLINE complex_vector<V> fused(D d, complex_vector<V> a, complex_vector<V> x, complex_vector<V> c) {
  return {fused(d, a.re, x.re, less(d, a.im, x.im, c.re)), fused(d, a.re, x.im, fused(d, a.im, x.re, c.im))};
}
// sum + Re(c x).
template <class D, class V>
HWY_INLINE V read_out(D d, V c, V x, V sum) {
  return fused(d, c, x, sum);
}
template <class D, class V>
HWY_INLINE V read_out(D d, complex_vector<V> c, complex_vector<V> x, V sum) {
  return fused(d, c.re, x.re, less(d, c.im, x.im, sum));
}

template <class D, class V>
HWY_INLINE V one_plus(D d, V x) {
  return hn::Add(hn::Set(d, hn::TFromD<D>(1)), x);
}
template <class D, class V>
HWY_INLINE complex_vector<V> one_plus(D d, complex_vector<V> x) {
  return {one_plus(d, x.re), x.im};
}
template <class D, class V>
HWY_INLINE V one_less(D d, V x) {
  return hn::Sub(hn::Set(d, hn::TFromD<D>(1)), x);
}
template <class D, class V>
HWY_INLINE complex_vector<V> one_less(D d, complex_vector<V> x) {
  return {one_less(d, x.re), hn::Neg(x.im)};
}

// What divides by w, once for several that are divided. Complex: (z conj(w)) (1 / |w|^2), at most 6u: the product 2u, |w|^2
// 2u, its inverse and the product with it u each.
template <class V>
struct divisor {
  V w;
};
template <class V>
struct divisor<complex_vector<V>> {
  complex_vector<V> conjugate;
  V inverse_square;
};
template <class D, class V>
HWY_INLINE divisor<V> divisor_of(D, V w) {
  return {w};
}
template <class D, class V>
HWY_INLINE divisor<complex_vector<V>> divisor_of(D d, complex_vector<V> w) {
  V const square = fused(d, w.re, w.re, hn::Mul(w.im, w.im));
  return {{w.re, hn::Neg(w.im)}, hn::Div(hn::Set(d, hn::TFromD<D>(1)), square)};
}
template <class D, class V>
HWY_INLINE V over(D, V z, divisor<V> w) {
  return hn::Div(z, w.w);
}
template <class D, class V>
HWY_INLINE complex_vector<V> over(D d, complex_vector<V> z, divisor<complex_vector<V>> w) {
  return times(d, w.inverse_square, times(d, z, w.conjugate));
}
template <class D, class V>
HWY_INLINE complex_vector<V> over(D d, V z, divisor<complex_vector<V>> w) {
  return times(d, w.inverse_square, times(d, z, w.conjugate));
}
// y = (e^v - 1) / A of v = x A, but where A is 0, or complex and so small that 1 / |A|^2 is no number: there it is x, to within
// a rounding where v is one at most.
template <class D, class V>
HWY_INLINE V or_its_limit(D d, V A, V, V x, V y) {
  return hn::IfThenElse(hn::Eq(A, hn::Zero(d)), x, y);
}
template <class D, class V>
HWY_INLINE complex_vector<V> or_its_limit(D d, complex_vector<V> A, complex_vector<V> v, V x, complex_vector<V> y) {
  using T = hn::TFromD<D>;
  constexpr T least = sizeof(T) == 4 ? T(0x1p-60) : T(0x1p-500);  // its square is normal by a few binary places
  V const size = hn::Max(hn::Abs(A.re), hn::Abs(A.im)), rounding = hn::Set(d, std::numeric_limits<T>::epsilon() / 4);
  auto const is_limit = hn::And(hn::Lt(size, hn::Set(d, least)),
                                hn::And(hn::Le(hn::Abs(v.re), rounding), hn::Le(hn::Abs(v.im), rounding)));
  return {hn::IfThenElse(is_limit, x, y.re), hn::IfThenZeroElse(is_limit, y.im)};
}

template <class D, class V>
HWY_INLINE complex_vector<V> exp(D d, complex_vector<V> x) {
  V const growth = exp(d, x.re);
  circle_point<V> const turn = circle(d, x.im);
  return {hn::Mul(growth, turn.cosine), hn::Mul(growth, turn.sine)};
}
// e^x - 1 beside e^x: its real part is (e^re - 1) cos im + (cos im - 1). Error at most 8u of |e^re - 1|, |cos im - 1| and |e^re
// sin im| together: the first 5 and cos im's 1.8 and the sum's 1; the second 6 and the sum's 1; the third 2 + 2.5 + 1.
template <class D, class V>
HWY_INLINE complex_vector<V> expm1(D d, complex_vector<V> x, complex_vector<V>& e) {
  V growth;
  V const grown = expm1(d, x.re, growth);
  circle_point<V> const turn = circle(d, x.im);
  e = {hn::Mul(growth, turn.cosine), hn::Mul(growth, turn.sine)};
  return {fused(d, grown, turn.cosine, turn.cosine_less_one), e.im};
}

}  // namespace ssmscan::ssm::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
