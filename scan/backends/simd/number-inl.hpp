// Numbers in vectors, for the code of one SIMD target: real, complex by parts, uint32_t mod 2^32; the same operations in
// the same order as arithmetic.hpp, so that every target gives the bits of the scalar text.
#if defined(SSMSCAN_SIMD_NUMBER_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef SSMSCAN_SIMD_NUMBER_INL
#undef SSMSCAN_SIMD_NUMBER_INL
#else
#define SSMSCAN_SIMD_NUMBER_INL
#endif

#include <cmath>
#include <complex>

#include <hwy/highway.h>

#include <ssmscan/scan/backends/simd/chunk.hpp>

HWY_BEFORE_NAMESPACE();
namespace ssmscan::simd::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

template <class T>
using real_of = typename parts_of<T>::real;
template <class T>
inline constexpr std::size_t parts = static_cast<std::size_t>(parts_of<T>::count);

// a x + c with one rounding. Highway's scalar target rounds twice.
template <class D, class V>
HWY_INLINE V fused(D d, V a, V x, V c) {
  using R = hn::TFromD<D>;
  if constexpr (!std::is_floating_point_v<R>) {
    return hn::Add(hn::Mul(a, x), c);
  } else if constexpr (HWY_TARGET == HWY_SCALAR) {
    return hn::Set(d, std::fma(hn::GetLane(a), hn::GetLane(x), hn::GetLane(c)));
  } else {
    return hn::MulAdd(a, x, c);
  }
}
// c - a x and a x - c with one rounding.
template <class D, class V>
HWY_INLINE V fused_from(D d, V a, V x, V c) {
  if constexpr (HWY_TARGET == HWY_SCALAR) {
    return hn::Set(d, std::fma(-hn::GetLane(a), hn::GetLane(x), hn::GetLane(c)));
  } else {
    return hn::NegMulAdd(a, x, c);
  }
}
template <class D, class V>
HWY_INLINE V fused_less(D d, V a, V x, V c) {
  if constexpr (HWY_TARGET == HWY_SCALAR) {
    return hn::Set(d, std::fma(hn::GetLane(a), hn::GetLane(x), -hn::GetLane(c)));
  } else {
    return hn::MulSub(a, x, c);
  }
}

template <class D>
inline constexpr std::size_t lanes_of =
    hn::MaxLanes(D{});  // no target with a width unknown to the compiler is compiled

template <class V, std::size_t Parts>
struct number {
  V part[Parts];
};

// A link of a chain of which only the end is asked for is computed here nevertheless: compilers move such a chain to its
// end, and what it is made of then goes through the stack.
template <class V, std::size_t Parts>
HWY_INLINE void in_place(number<V, Parts>& v) {
#if HWY_ARCH_X86 && HWY_TARGET != HWY_SCALAR && (HWY_COMPILER_GCC || HWY_COMPILER_CLANG)
  for (auto& part : v.part) __asm__("" : "+x"(part.raw));
#else
  static_cast<void>(v);
#endif
}

template <class D, class V>
HWY_INLINE number<V, 1> multiply(D, number<V, 1> const& a, number<V, 1> const& b) {
  return {{hn::Mul(a.part[0], b.part[0])}};
}
template <class D, class V>
HWY_INLINE number<V, 2> multiply(D d, number<V, 2> const& a, number<V, 2> const& b) {
  return {{fused_less(d, a.part[0], b.part[0], hn::Mul(a.part[1], b.part[1])),
           fused(d, a.part[0], b.part[1], hn::Mul(a.part[1], b.part[0]))}};
}
template <class D, class V>
HWY_INLINE number<V, 1> multiply_add(D d, number<V, 1> const& a, number<V, 1> const& b, number<V, 1> const& c) {
  return {{fused(d, a.part[0], b.part[0], c.part[0])}};
}
template <class D, class V>
HWY_INLINE number<V, 2> multiply_add(D d, number<V, 2> const& a, number<V, 2> const& b, number<V, 2> const& c) {
  return {{fused(d, a.part[0], b.part[0], fused_from(d, a.part[1], b.part[1], c.part[0])),
           fused(d, a.part[0], b.part[1], fused(d, a.part[1], b.part[0], c.part[1]))}};
}

// Of one number, by the scalar instructions of the target.
template <class T>
HWY_INLINE T scalar_multiply(T a, T b) {
  if constexpr (is_complex<T>) {
    return T(std::fma(a.real(), b.real(), -(a.imag() * b.imag())), std::fma(a.real(), b.imag(), a.imag() * b.real()));
  } else {
    return static_cast<T>(a * b);
  }
}
template <class T>
HWY_INLINE T scalar_multiply_add(T a, T b, T c) {
  if constexpr (is_complex<T>) {
    return T(std::fma(a.real(), b.real(), std::fma(-a.imag(), b.imag(), c.real())),
             std::fma(a.real(), b.imag(), std::fma(a.imag(), b.real(), c.imag())));
  } else if constexpr (std::is_floating_point_v<T>) {
    return std::fma(a, b, c);
  } else {
    return static_cast<T>(a * b + c);
  }
}

// Vectors of consecutive numbers of type T in memory.
template <class T, class D>
HWY_INLINE auto load_numbers(D d, T const* from) {
  using V = hn::Vec<D>;
  auto const* const reals = reinterpret_cast<real_of<T> const*>(from);
  number<V, parts<T>> v;
  if constexpr (parts<T> == 1) {
    v.part[0] = hn::LoadU(d, reals);
  } else {
    hn::LoadInterleaved2(d, reals, v.part[0], v.part[1]);
  }
  return v;
}
template <class T, class D, class V>
HWY_INLINE void store_numbers(D d, number<V, parts<T>> const& v, T* to) {
  auto* const reals = reinterpret_cast<real_of<T>*>(to);
  if constexpr (parts<T> == 1) {
    hn::StoreU(v.part[0], d, reals);
  } else {
    hn::StoreInterleaved2(v.part[0], v.part[1], d, reals);
  }
}

}  // namespace ssmscan::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
