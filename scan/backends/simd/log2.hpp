#pragma once
// Logarithms and exponentials to base 2 in double, of nothing but operations that are exactly defined, so that they have
// the same bits on every machine and in vectors of every width (log2-inl.hpp, step by step the same). They are as exact as
// heinsen.fused needs for float (u = 2^-53):
//
//   log2_finite   relative error below 2^-45, next to 1 too:  the polynomial's 2^-45.09, and 3.1u of roundings
//   exp2_both     relative errors below 2^-44.5:              the polynomials' 2^-44.9, and 6u
//
// Polynomials: minimax in the relative error of the whole, by Remez's exchange.
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace ssmscan::simd {

struct log2_constants {
  static constexpr std::uint64_t one = 0x3ff0000000000000, exponent = 0xfff0000000000000;
  static constexpr std::uint64_t sqrt_half = 0x3fe6a09e667f3bcc;
  static constexpr std::uint64_t whole = 0x4330000000000000;  // 2^52, whose last bits count
  static constexpr double whole_offset = 0x1p52 + 1023;
  static constexpr double to_integer = 0x1.8p52;  // added, a sum has the integer in its last bits
  // log2 m = s P(s^2), s = (m - 1) / (m + 1), m in [sqrt 1/2, sqrt 2).
  static constexpr double log[] = {0x1.71547652b8251p+1, 0x1.ec709dc53c311p-1, 0x1.2776c293812fbp-1,
                                   0x1.a61a2e9155e91p-2, 0x1.47955fd269790p-2, 0x1.21b0597d18dafp-2};
  // 2^r = even(r^2) + r odd(r^2), |r| <= 1/2; even is exact at 0.
  static constexpr double even[] = {1.0, 0x1.ebfbdff81b634p-3, 0x1.3b2ab724d4863p-7, 0x1.4308969f56958p-13,
                                    0x1.63e7fb4a1d868p-20};
  static constexpr double odd[] = {0x1.62e42fefa3a19p-1, 0x1.c6b08d703ce3cp-5, 0x1.5d87fe9d7bc9cp-10,
                                   0x1.ffcb5402567fap-17, 0x1.b675c00f68e84p-24};
};

// Of a positive v that is neither infinite nor subnormal (in double: every positive float).
inline double log2_finite(double v) {
  using k = log2_constants;
  auto const bits = std::bit_cast<std::uint64_t>(v);
  std::uint64_t const moved = bits + (k::one - k::sqrt_half);  // exponent: of v / m
  double const e = std::bit_cast<double>((moved >> 52) | k::whole) - k::whole_offset;
  double const m = std::bit_cast<double>(bits + k::one - (moved & k::exponent));
  double const s = (m - 1.0) / (m + 1.0), z = s * s;
  double p = k::log[5];
  for (std::size_t j = 5; j-- > 0;) p = std::fma(z, p, k::log[j]);
  return std::fma(s, p, e);
}

struct powers {
  double up, down;
};
// 2^v and 2^-v, |v| <= 1000.
inline powers exp2_both(double v) {
  using k = log2_constants;
  double const shifted = v + k::to_integer;
  std::uint64_t const scale = std::bit_cast<std::uint64_t>(shifted) << 52;
  double const r = v - (shifted - k::to_integer), q = r * r;
  double even = k::even[4], odd = k::odd[4];
  for (std::size_t j = 4; j-- > 0;) even = std::fma(q, even, k::even[j]), odd = std::fma(q, odd, k::odd[j]);
  odd *= r;
  return {std::bit_cast<double>(std::bit_cast<std::uint64_t>(even + odd) + scale),
          std::bit_cast<double>(std::bit_cast<std::uint64_t>(even - odd) - scale)};
}

}  // namespace ssmscan::simd
