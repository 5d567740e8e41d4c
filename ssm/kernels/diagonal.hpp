#pragma once
// The S4D kernel (Gu, Gupta, Goel, Re 2022): for a diagonal system the taps are a Vandermonde product,
//   K[l] = sum_n c[n] input[n] b[n] a[n]^l,      a^l = e^{l w},  w = log a,
// so each tap is found alone, in any order, with an error that does not grow like a chain of l products. What would
// grow is the phase l Im w: an error of one unit in the last place of w is l units in the phase. So w = step * lambda
// (zoh) is kept exactly, as the unevaluated sum of two doubles, and l w is formed with its rounding error, which turns
// the result at the end.
#include <complex>
#include <vector>

#include <ssmscan/ssm/diagonal_system.hpp>
#include <ssmscan/ssm/export.hpp>

namespace ssmscan::ssm {

// Re(.) or, for a half spectrum, 2 Re(.) of the sum above. Work: state size x length; both parts of l w below 2^31.
// Throws std::invalid_argument as discretize(system) does, and on a length below 1.
SSMSCAN_SSM_EXPORT std::vector<double> diagonal_kernel(diagonal_system const& system, index_t length);

// |computed K[l] - exact K[l] of the doubles a, b that system.discretize() gives| <= bound[l]. First order in u with
// (1 + 2^-20) for the rest. Per term, relative to |a|^l: w's own error, l times (log_error); e^{l w}: exp, sincos,
// their product and the turn 8u; products with c, b: 2 sqrt(5) u; and the distance of the stored a from the exact one,
// l |a|^(l-1) times discretization_error. The sum over N terms adds N u of the sum of moduli.
SSMSCAN_SSM_EXPORT std::vector<double> diagonal_kernel_bound(diagonal_system const& system, index_t length);

}  // namespace ssmscan::ssm
