#pragma once
// The two 16-bit floating-point types that arrays are stored in, by their bits. Widening to float is exact; narrowing
// rounds to nearest, ties to even, keeps infinities and signed zeros, and gives a NaN for a NaN.
#include <bit>
#include <cstdint>

namespace ssmscan {

// As arrays hold them.
struct bfloat16 {
  std::uint16_t bits;
};
struct float16 {
  std::uint16_t bits;
};
static_assert(sizeof(bfloat16) == 2 && sizeof(float16) == 2);

// bfloat16: the upper half of a float.
inline float from_bfloat16(std::uint16_t bits) { return std::bit_cast<float>(std::uint32_t{bits} << 16); }

inline std::uint16_t to_bfloat16(float value) {
  std::uint32_t const bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return static_cast<std::uint16_t>((bits >> 16) | 0x40u);  // quiet NaN
  return static_cast<std::uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

// binary16: 1 sign, 5 exponent (bias 15) and 10 fraction bits. A fraction moved to a float's place and scaled by
// 2^(127 - 15) is the value, subnormal or not.
inline float from_half(std::uint16_t bits) {
  std::uint32_t const sign = std::uint32_t{bits & 0x8000u} << 16, magnitude = bits & 0x7fffu;
  if (magnitude >= 0x7c00u) return std::bit_cast<float>(sign | 0x7f800000u | ((magnitude & 0x3ffu) << 13));
  float const scaled = std::bit_cast<float>(magnitude << 13) * 0x1p112f;
  return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(scaled));
}

inline std::uint16_t to_half(float value) {
  std::uint32_t const bits = std::bit_cast<std::uint32_t>(value);
  std::uint16_t const sign = static_cast<std::uint16_t>((bits >> 16) & 0x8000u);
  std::uint32_t const magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return static_cast<std::uint16_t>(sign | 0x7e00u);
  if (magnitude >= 0x477ff000u) return static_cast<std::uint16_t>(sign | 0x7c00u);  // 65520 and above round to infinity
  if (magnitude < 0x38800000u) {  // below 2^-14: adding 1/2 puts units of 2^-24 at the fraction's end
    float const shifted = std::bit_cast<float>(magnitude) + 0.5f;
    return static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(shifted) - 0x3f000000u));
  }
  std::uint32_t const rounded = magnitude + 0xfffu + ((magnitude >> 13) & 1u);
  return static_cast<std::uint16_t>(sign | ((rounded - 0x38000000u) >> 13));
}

template <class T>
T widen(T value) {
  return value;
}
inline float widen(bfloat16 value) { return from_bfloat16(value.bits); }
inline bfloat16 narrow(float value) { return {to_bfloat16(value)}; }

}  // namespace ssmscan
