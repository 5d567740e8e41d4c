#pragma once
// How exact the functions of a mathematics library are: relative errors in u, an ulp being at most 2u. The bounds of what
// takes logarithms presume them; tests sample them.
#include <ssmscan/scan/concepts.hpp>

namespace ssmscan::reference {

struct math_library {
  double exp, log, sine, log1p, atan2;  // sine: and cosine
  double products = 0;                  // roundings that a step costs where coefficients are multiplied besides
};

// glibc 2.28 and later state at most 0.82 ulp for logf, 0.502 for expf, 0.52 for log and exp, 0.55 for sin and cos, 1 ulp
// for log1p and atan2 (the last four: of double); all but the last two with a margin.
inline constexpr math_library c_library{.exp = 1.1, .log = 2, .sine = 1.1, .log1p = 2, .atan2 = 2};

// The CUDA C++ Programming Guide states at most 1 ulp for exp and log (float: 1 too), log1p, 2 for sin, cos and atan2,
// from the correctly rounded value: half an ulp more from the exact one.
inline constexpr math_library cuda_library{.exp = 3, .log = 3, .sine = 5, .log1p = 3, .atan2 = 5};

// Of log_formula::in_runs. On a device (scan/backends/cuda/heinsen_steps.cuh): its logarithm's relative error is below 2^-42.5 (2^11 u), its
// exponential's below 2^-49; a sum of 20 logarithms of at most 405 in all errs by 8100 u more, which is put to the latter.
// On the CPU (scan/backends/simd/log2.hpp): 2^-45 (2^8 u), 2^-44.5 (360 u), and of 16 logarithms of at most 852 by 16 * 512 u
// in a logarithm to base 2, 5700 u. Its runs are joined as affine maps, a rounding of each product.
inline constexpr math_library fused_library{
    .exp = 0x1p14, .log = 0x1p11, .sine = 0, .log1p = 0, .atan2 = 0, .products = 1};

// Of the tuned semi_log on the CPU, which derives them: scan/backends/simd/semi_log.hpp.
inline constexpr math_library own_semi_log_library{.exp = 1.5, .log = 2.5, .sine = 0, .log1p = 0, .atan2 = 0};

// Whose logarithms an algorithm takes, by what its info says, where the platform's library is `platform`.
constexpr math_library const& library_of(log_formula formula, math_library const& platform = c_library) {
  return formula == log_formula::in_runs ? fused_library : platform;
}

}  // namespace ssmscan::reference
