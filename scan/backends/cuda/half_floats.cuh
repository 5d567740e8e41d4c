#pragma once
// Storage to arithmetic and back (rounded to nearest, ties to even), by the device's conversions; on the host by ours, which
// agree but for the payload of a NaN.
#include <type_traits>

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <ssmscan/scan/concepts.hpp>
#include <ssmscan/scan/half_floats.hpp>

namespace ssmscan::device {

template <class T>
SSMSCAN_HOST_DEVICE T widened(T x) {
  return x;
}
SSMSCAN_HOST_DEVICE inline float widened(bfloat16 x) {
#if defined(__CUDA_ARCH__)
  return __uint_as_float(std::uint32_t{x.bits} << 16);
#else
  return from_bfloat16(x.bits);
#endif
}
SSMSCAN_HOST_DEVICE inline float widened(float16 x) {
#if defined(__CUDA_ARCH__)
  return __half2float(__ushort_as_half(x.bits));
#else
  return from_half(x.bits);
#endif
}

template <class Stored, class Real>
SSMSCAN_HOST_DEVICE Stored narrowed(Real x) {
  if constexpr (std::is_same_v<Stored, bfloat16>) {
#if defined(__CUDA_ARCH__)
    return {__bfloat16_as_ushort(__float2bfloat16_rn(x))};
#else
    return {to_bfloat16(x)};
#endif
  } else if constexpr (std::is_same_v<Stored, float16>) {
#if defined(__CUDA_ARCH__)
    return {__half_as_ushort(__float2half_rn(x))};
#else
    return {to_half(x)};
#endif
  } else {
    return x;
  }
}

}  // namespace ssmscan::device
