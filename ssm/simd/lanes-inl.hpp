// Vectors of T by their plain arithmetic, for the code of one SIMD target; one lane where there are no vectors, with the C
// library's fused multiply-add, so that every target gives the same bits.
#if defined(SSMSCAN_SSM_LANES_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef SSMSCAN_SSM_LANES_INL
#undef SSMSCAN_SSM_LANES_INL
#else
#define SSMSCAN_SSM_LANES_INL
#endif

#include <cmath>
#include <type_traits>

#include <hwy/highway.h>

#include <ssmscan/scan/concepts.hpp>

HWY_BEFORE_NAMESPACE();
namespace ssmscan::ssm::detail::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR

template <class T, int most = 0>
struct lanes {
  using vector = T;
  static index_t count() { return 1; }
  static T load(T const* from) { return *from; }
  static T all(T x) { return x; }
  static T fma(T a, T b, T c) { return std::fma(a, b, c); }    // a b + c
  static T fms(T a, T b, T c) { return std::fma(a, b, -c); }   // a b - c
  static T nfma(T a, T b, T c) { return std::fma(-a, b, c); }  // c - a b
  static T mul(T a, T b) { return a * b; }
  static T add(T a, T b) { return a + b; }
  static T sub(T a, T b) { return a - b; }
  static T div(T a, T b) { return a / b; }
  static void store(T x, T* to) { *to = x; }
  static void store_pairs(T re, T im, T* to) { to[0] = re, to[1] = im; }
};

#else

// most: the greatest number of lanes, a power of two; 0: as many as there are.
template <class T, int most = 0>
struct lanes {
  using tag = std::conditional_t<most == 0, hn::ScalableTag<T>, hn::CappedTag<T, most == 0 ? 1 : most>>;
  using vector = hn::Vec<tag>;
  static index_t count() { return static_cast<index_t>(hn::Lanes(tag())); }
  static vector load(T const* from) { return hn::LoadU(tag(), from); }
  static vector all(T x) { return hn::Set(tag(), x); }
  static vector fma(vector a, vector b, vector c) { return hn::MulAdd(a, b, c); }
  static vector fms(vector a, vector b, vector c) { return hn::MulSub(a, b, c); }
  static vector nfma(vector a, vector b, vector c) { return hn::NegMulAdd(a, b, c); }
  static vector mul(vector a, vector b) { return hn::Mul(a, b); }
  static vector add(vector a, vector b) { return hn::Add(a, b); }
  static vector sub(vector a, vector b) { return hn::Sub(a, b); }
  static vector div(vector a, vector b) { return hn::Div(a, b); }
  static void store(vector x, T* to) { hn::StoreU(x, tag(), to); }
  static void store_pairs(vector re, vector im, T* to) { hn::StoreInterleaved2(re, im, tag(), to); }
};

#endif

}  // namespace ssmscan::ssm::detail::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
