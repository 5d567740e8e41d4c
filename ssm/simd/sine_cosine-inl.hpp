// sin x and cos x of vectors, for the code of one SIMD target. As in exponential-inl.hpp, a fixed order of operations: every
// target, and every lane, gives the same bits.
//
// With n the integer next to 2 x / pi, r = x - n pi/2 with pi/2 in three parts, |r| <= pi/4 (1 + 2^-13), and z = r^2,
//   sin r = r + r z s(z)      cos r = 1 + z c(z)      s, c minimax (Remez): relative errors of sin r and of cos r - 1
//                                                     2^-27.9 and 2^-30.0 for float, 2^-57.8 and 2^-60.8 for double
// and n says which of them, with which sign, sin x and cos x are. Errors in u, the last place of [0.5, 1):
//   r       The first difference is exact: x and n times the first part are whole multiples of 2^-24 (2^-53), and it is below 1.
//           The second rounds once. The third, where |x| <= most, adds less than 2^-39.6 (2^-83.6), and errs by no more than
//           that. So the error is 1.1u |r| where |r| > 2^-12 (2^-27), else 2u |r|: what the three parts leave of n pi/2, 2^-67
//           (2^-138), is nothing beside r, which is 2^-27.9 (2^-60.5) at least where n is not 0.
//   sin r   1.1 |r cot r|, 1 from the last sum, 3 of what it adds, at most 0.11 sin r, the polynomial's 0.1: 2.3u sin r. Below
//           2^-12 2, and 0.2 from the sum, which adds 2^-26 r. Never above 1.4u: 0.61 and 0.5 and 0.24 and 0.05 at pi/4.
//   cos r   1.1 |r sin r|, at most 0.62, 0.5 from the last sum, 2 of z c(z), which is at most 0.3: 1.72u, so 2.45u cos r.
//   cos x - 1   As cos r - 1: 2.2 of r squared, 1 its rounding, 1.2 of c, 1 the product, 5.4u of it; below 2^-12, where c is -1/2
//           but for 0.1u, 4 and 1. Else the difference of cos x and 1: where cos x is a sine, 1.4 and 0.25 in 0.29 at pi/4 and
//           less in more elsewhere; where it is near -1, 1.72 and 1 in 1.7. So 6u of itself.
// So sin x and cos x are within 2.5u of themselves, cos x within 1.8u, both together within 2.3u (1.4 and 1.72), cos x - 1 within
// 6u of itself. Beyond most, and for what is not a number, lanes are the C library's: within 2u, as glibc documents.
#if defined(SSMSCAN_SSM_SINE_COSINE_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef SSMSCAN_SSM_SINE_COSINE_INL
#undef SSMSCAN_SSM_SINE_COSINE_INL
#else
#define SSMSCAN_SSM_SINE_COSINE_INL
#endif

#include <cmath>

#include <hwy/highway.h>

#include <ssmscan/ssm/simd/exponential-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace ssmscan::ssm::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class T>
struct circle_constants;
template <>
struct circle_constants<float> {
  static constexpr float most = 1024;
  static constexpr float half_pi[] = {0x1.921fb6p0f, -0x1.777a5cp-25f, -0x1.ee59dap-50f};
  static constexpr float sine[] = {-0x1.555546p-3f, 0x1.110778p-7f, -0x1.9953fep-13f};
  static constexpr float cosine[] = {-0.5f, 0x1.55554ep-5f, -0x1.6c0e3p-10f, 0x1.9a63eap-16f};
};
template <>
struct circle_constants<double> {
  static constexpr double most = 0x1p26;
  static constexpr double half_pi[] = {0x1.921fb54442d18p0, 0x1.1a62633145c07p-54, -0x1.f1976b7ed8fbcp-110};
  static constexpr double sine[] = {-0x1.5555555555548p-3, 0x1.111111110f73p-7,    -0x1.a01a019be9214p-13,
                                    0x1.71de35552b063p-19, -0x1.ae5e4b839130dp-26, 0x1.5d8b5575ce50ep-33};
  static constexpr double cosine[] = {-0.5,
                                      0x1.5555555555552p-5,
                                      -0x1.6c16c16c15f1fp-10,
                                      0x1.a01a019dffe0dp-16,
                                      -0x1.27e4f8f55043bp-22,
                                      0x1.1eea875ccb57cp-29,
                                      -0x1.8ffca61ab922ep-37};
};
inline constexpr double two_over_pi = 0x1.45f306dc9c883p-1;

template <class V>
struct circle_point {
  V sine, cosine, cosine_less_one;
};

// The lanes beyond `most`.
template <class D, class V>
HWY_NOINLINE void circle_from_afar(D d, V x, circle_point<V>& point) {
  using T = hn::TFromD<D>;
  constexpr std::size_t lanes = hn::MaxLanes(D());
  HWY_ALIGN T at[lanes], sine[lanes], cosine[lanes], less_one[lanes];
  hn::Store(x, d, at), hn::Store(point.sine, d, sine);
  hn::Store(point.cosine, d, cosine), hn::Store(point.cosine_less_one, d, less_one);
  for (std::size_t i = 0; i < hn::Lanes(d); ++i) {
    if (std::abs(at[i]) <= circle_constants<T>::most) continue;
    T const half_sine = std::sin(at[i] / 2);
    sine[i] = std::sin(at[i]), cosine[i] = std::cos(at[i]), less_one[i] = -2 * half_sine * half_sine;
  }
  point = {hn::Load(d, sine), hn::Load(d, cosine), hn::Load(d, less_one)};
}

template <class D, class V>
HWY_INLINE circle_point<V> circle(D d, V x) {
  using T = hn::TFromD<D>;
  using constants = circle_constants<T>;
  hn::RebindToSigned<D> const di;
  constexpr int to_sign = static_cast<int>(sizeof(T)) * 8 - 2;  // of the bit above the lowest
  V const magic = hn::Set(d, exponential_constants<T>::magic), one = hn::Set(d, T(1));
  V const n_bits = fused(d, x, hn::Set(d, T(two_over_pi)), magic);
  V const minus_n = hn::Sub(magic, n_bits);
  V r = x;
  for (T const part : constants::half_pi) r = fused(d, minus_n, hn::Set(d, part), r);
  V const z = hn::Mul(r, r), c = polynomial(d, z, constants::cosine);
  V const sine = fused(d, hn::Mul(r, z), polynomial(d, z, constants::sine), r), cosine = fused(d, z, c, one);

  auto const n = hn::BitCast(di, n_bits), n_and_1 = hn::Add(n, hn::Set(di, 1));
  auto const is_odd = hn::RebindMask(d, hn::TestBit(n, hn::Set(di, 1)));
  auto const is_whole = hn::RebindMask(d, hn::Eq(hn::And(n, hn::Set(di, 3)), hn::Zero(di)));  // turns
  auto const signed_as = [&](V value, auto integer) HWY_ATTR {
    return hn::Xor(value, hn::And(hn::BitCast(d, hn::ShiftLeft<to_sign>(integer)), hn::SignBit(d)));
  };
  circle_point<V> point;
  point.sine = signed_as(hn::IfThenElse(is_odd, cosine, sine), n);
  point.cosine = signed_as(hn::IfThenElse(is_odd, sine, cosine), n_and_1);
  point.cosine_less_one = hn::IfThenElse(is_whole, hn::Mul(z, c), hn::Sub(point.cosine, one));
  if (HWY_UNLIKELY(!hn::AllTrue(d, hn::Le(hn::Abs(x), hn::Set(d, constants::most))))) circle_from_afar(d, x, point);
  return point;
}

}  // namespace ssmscan::ssm::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
