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

// Re(.) or, for a half spectrum, 2 Re(.) of the sum above, each tap by itself: an exponential, a sine and a cosine for each
// tap and eigenvalue, in double. The form below is held against this one. Work: state size x length. Throws
// std::invalid_argument as discretize(system) does, on a length below 1, and where a phase l |Im w| reaches 2^31 before a^l
// is 0 or infinite in double.
SSMSCAN_SSM_EXPORT std::vector<double> diagonal_kernel_by_taps(diagonal_system const& system, index_t length);

// The same as a product of matrices: a^l = a^(m i) a^j with l = m i + j and m about sqrt(length), so that only N (m + length /
// m) powers are formed, in double, and the rest is two multiply-adds for each tap and eigenvalue, in vectors of T
// (diagonal_sums.hpp). No error grows with l here either. Same bits on every SIMD target. T: float or double. Throws as the form
// above does.
template <class T = double>
SSMSCAN_SSM_EXPORT std::vector<T> diagonal_kernel(diagonal_system const& system, index_t length);

// Throws where both forms do for this length.
SSMSCAN_SSM_EXPORT void need_diagonal_kernel_length(diagonal_system const& system, index_t length);

// |computed K[l] - exact K[l] of the doubles a, b that discretize(system) gives| <= bound[l], of both forms. First order in
// the roundings, with (1 + 2^-20) for the rest. Per term, relative to |a|^l, u = 2^-53 and u_T the roundoff of T: w's own error,
// l times; each of two powers 12u; the products with c and b 2 sqrt(5) u; for float, two factors rounded, 2 u_T; the sum of 2N
// products 2N u_T; and the distance of the stored a from the exact one, l |a|^(l-1) times discretization_error. Infinite where
// terms may overflow in T (unstable systems).
template <class T = double>
SSMSCAN_SSM_EXPORT std::vector<double> diagonal_kernel_bound(diagonal_system const& system, index_t length);

}  // namespace ssmscan::ssm
