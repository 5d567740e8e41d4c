#pragma once
// Which SIMD targets our code is compiled for; included before any header of Highway. All have fused multiply-add, and the
// scalar one, which runs anywhere, asks the C library for it: so all give the same bits.
#define HWY_BROKEN_EMU128 1  // the scalar target for every compiler: its fused multiply-add is ours
#if defined(__x86_64__)
#define HWY_BASELINE_TARGETS HWY_SCALAR
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL)
#elif defined(__aarch64__)  // vectors whose length the compiler does not know can be in no structure
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128)
#endif
