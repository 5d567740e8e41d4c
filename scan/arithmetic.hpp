#pragma once
// The two operations of the recurrence, a*b and a*b + c, for every dtype, written so that no compiler contraction can
// change their bits: each fused multiply-add is spelled out, and no bare product meets a bare sum. And a + b, a - b.
//
// Complex numbers are computed by parts, here and in whatever else runs on a device: nvcc 13.0 accepts the operators +, -,
// *, += of std::complex and its conversions between types in device code, and drops them without a word.
#include <cmath>
#include <complex>
#include <concepts>
#include <cstdint>

#include <ssmscan/scan/concepts.hpp>

namespace ssmscan {

template <class T>
inline constexpr bool is_complex = false;
template <class T>
inline constexpr bool is_complex<std::complex<T>> = true;

// The dtypes of the public call, by the names used in benchmark names, tables and files.
template <class T>
inline constexpr std::string_view dtype_name = "";
template <>
inline constexpr std::string_view dtype_name<float> = "f32";
template <>
inline constexpr std::string_view dtype_name<double> = "f64";
template <>
inline constexpr std::string_view dtype_name<std::complex<float>> = "c64";
template <>
inline constexpr std::string_view dtype_name<std::complex<double>> = "c128";
template <>
inline constexpr std::string_view dtype_name<std::uint32_t> = "u32";

// a * b. Real: one rounding. uint32_t: mod 2^32. Complex: error at most 2u|a||b| (Jeannerod, Kornerup, Louvet, Muller
// 2017).
template <class T>
SSMSCAN_HOST_DEVICE constexpr T multiply(T a, T b) {
  if constexpr (is_complex<T>) {
    return T(std::fma(a.real(), b.real(), -(a.imag() * b.imag())), std::fma(a.real(), b.imag(), a.imag() * b.real()));
  } else {
    return static_cast<T>(a * b);
  }
}

// a * b + c. Real: one rounding. uint32_t: mod 2^32. Complex: two fused multiply-adds per part.
template <class T>
SSMSCAN_HOST_DEVICE constexpr T multiply_add(T a, T b, T c) {
  if constexpr (is_complex<T>) {
    return T(std::fma(a.real(), b.real(), std::fma(-a.imag(), b.imag(), c.real())),
             std::fma(a.real(), b.imag(), std::fma(a.imag(), b.real(), c.imag())));
  } else if constexpr (std::floating_point<T>) {
    return std::fma(a, b, c);
  } else {
    return static_cast<T>(a * b + c);
  }
}

template <class T>
SSMSCAN_HOST_DEVICE constexpr T add(T const& a, T const& b) {
  if constexpr (is_complex<T>) {
    return T(a.real() + b.real(), a.imag() + b.imag());
  } else {
    return static_cast<T>(a + b);
  }
}
template <class T>
SSMSCAN_HOST_DEVICE constexpr T subtract(T const& a, T const& b) {
  if constexpr (is_complex<T>) {
    return T(a.real() - b.real(), a.imag() - b.imag());
  } else {
    return static_cast<T>(a - b);
  }
}

}  // namespace ssmscan
