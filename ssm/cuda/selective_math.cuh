#pragma once
// The functions of the selective scan on a device, with the errors that its bound presumes (errors_of_a_device);
// tests/cuda/selective_math_test.cu measures those of float over every float.
//
// float. e^v of a decay is 2^(v log2 e) by the special-function unit (ex2.approx: PTX states 2 ulp), with log2(e) multiplied
// into A beforehand: one rounding more in the argument than exp(d A) has. Where the argument has no bound (softplus, silu)
// what rounding x log2(e) to h leaves out, x - h ln 2, corrects 2^h. Results below 2^-126 are flushed to zero.
// Where steps are stored in 16 bits, softplus and silu go without that correction, and softplus with a polynomial of three
// degrees less: what they err by is 2^-17 of the result at most, where y is rounded to 2^-9 (bfloat16) or 2^-12 of itself.
// double: CUDA's library.
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include <ssmscan/scan/backends/cuda/half_floats.cuh>
#include <ssmscan/scan/concepts.hpp>

namespace ssmscan::device {

__device__ inline float exp2_approximate(float x) {
  float made;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(made) : "f"(x));
  return made;
}
__device__ inline float reciprocal_approximate(float x) {
  float made;
  asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(made) : "f"(x));
  return made;
}
// Unlike fminf and fmaxf, NaN where x is.
__device__ inline float least_of(float x, float most) {
  float made;
  asm("min.NaN.f32 %0, %1, %2;" : "=f"(made) : "f"(x), "f"(most));
  return made;
}
__device__ inline float most_of(float x, float least) {
  float made;
  asm("max.NaN.f32 %0, %1, %2;" : "=f"(made) : "f"(x), "f"(least));
  return made;
}

// What A is kept as, and e^(step A) from it.
__device__ inline float decay_rate(float A) { return static_cast<float>(static_cast<double>(A) * 1.4426950408889634); }
__device__ inline double decay_rate(double A) { return A; }
__device__ inline float decay(float step, float rate) { return exp2_approximate(step * rate); }
__device__ inline double decay(double step, double rate) { return exp(step * rate); }

// e^-m for m >= -88: 2^h e^(-m - h ln 2), h = -m log2(e) rounded. NaN where h overflows.
__device__ inline float exp_of_minus(float m) {
  constexpr float log2_e = 0x1.715476p0f, ln2 = 0x1.62e430p-1f, ln2_rest = -0x1.05c610p-29f;
  float const h = m * -log2_e, rest = fmaf(h, -ln2_rest, fmaf(h, -ln2, -m)), power = exp2_approximate(h);
  return fmaf(power, rest, power);
}

template <int Count>
__device__ float polynomial(float const (&of)[Count], float w) {
  float value = of[Count - 1];
#pragma unroll
  for (int i = Count - 2; i >= 0; --i) value = fmaf(value, w, of[i]);
  return value;
}
// log(1 + w) / w for 0 <= w <= 1: minimax (Remez), relative error 2^-27.6.
__device__ inline float log1p_over(float w) {
  constexpr float q[] = {0x1.000000p+0f,  -0x1.ffffbep-2f, 0x1.554c80p-2f,  -0x1.ff0f88p-3f, 0x1.92f696p-3f,
                         -0x1.397562p-3f, 0x1.b25362p-4f,  -0x1.d29ccep-5f, 0x1.453f12p-6f,  -0x1.a93370p-9f};
  return polynomial(q, w);
}

// Above 20, where it is x by definition, w is below half a unit of x: no branch, so that several are in flight at once.
__device__ inline float softplus(float x) {
  float const w = exp_of_minus(least_of(fabsf(x), 104.0f));  // e^-104 is zero in float
  return fmaf(w, log1p_over(w), fmaxf(x, 0.0f));
}
__device__ inline double softplus(double x) { return x > 20 || isnan(x) ? x : fmax(x, 0.0) + log1p(exp(-fabs(x))); }

// e^-x is kept below 2^127: the reciprocal of as much is flushed to zero, as every result below 2^-126 is. fmaxf leaves out NaN,
// which e^-x is where x log2(e) overflows.
__device__ inline float silu(float x) {
  float const w = exp_of_minus(most_of(x, -88.0f));
  return x * reciprocal_approximate(fmaxf(1.0f + w, 1.0f));
}
__device__ inline double silu(double x) { return x / (1 + exp(-x)); }

// The same for steps of 16 bits.
__device__ inline float exp_of_minus_of_16_bits(float m) { return exp2_approximate(m * -0x1.715476p0f); }
__device__ inline float softplus_of_16_bits(float x) {
  constexpr float q[] = {0x1.000000p+0f, -0x1.ffe7bep-2f, 0x1.535ba4p-2f, -0x1.e38f70p-3f,
                         0x1.354dfcp-3f, -0x1.15eb18p-4f, 0x1.de078ap-7f};  // log1p_over's, relative error 2^-19.4
  float const w = exp_of_minus_of_16_bits(fabsf(x));
  return fmaf(w, polynomial(q, w), fmaxf(x, 0.0f));
}
__device__ inline float silu_of_16_bits(float x) {
  return x * reciprocal_approximate(1.0f + exp_of_minus_of_16_bits(x));
}

// d and the gate of steps that are stored as IO; steps of 16 bits are computed with in float.
template <class IO, class Real>
__device__ Real step_of(Real x) {
  static_assert(sizeof(IO) > 2 || sizeof(Real) == sizeof(float));
  if constexpr (sizeof(IO) == 2)
    return softplus_of_16_bits(x);
  else
    return softplus(x);
}
template <class IO, class Real>
__device__ Real gate_of(Real z) {
  static_assert(sizeof(IO) > 2 || sizeof(Real) == sizeof(float));
  if constexpr (sizeof(IO) == 2)
    return silu_of_16_bits(z);
  else
    return silu(z);
}

}  // namespace ssmscan::device
