#pragma once
// The kernel from its generating function (Gu, Goel, Re 2022; the Annotated S4, part 2), dense: on the circle |z| = r, r^L =
// 1/2, at z = r e^{-2 pi i k/L}, with C~ = C (I - r^L Ab^L),
//   K^(z) = sum_{l < L} C Ab^l Bb z^l = C~ (I - z Ab)^-1 Bb
// and r^l K[l] is the inverse discrete Fourier transform of K^. (The published form has r = 1, where I - Ab^L and I - z Ab
// have no inverse for an eigenvalue on a root of unity: detail/circle.hpp.) By an explicit inverse (an LU solve) at each
// root: N^3 L. The step between the definition (naive.hpp) and the diagonal plus low-rank form (dplr.hpp), and nothing else.
#include <complex>
#include <vector>

#include <ssmscan/ssm/discretize_dense.hpp>
#include <ssmscan/ssm/export.hpp>

namespace ssmscan::ssm {

// Re(C Ab^l Bb), 0 <= l < length, for any discrete system of one input with |eigenvalues of Ab| <= 1. Throws
// std::invalid_argument on shapes that do not agree, on numbers that are not finite and on a length below 1.
SSMSCAN_SSM_EXPORT std::vector<double> generating_function_kernel(dense_system<std::complex<double>> const& discrete,
                                                                  Eigen::RowVectorXcd const& c, index_t length);

}  // namespace ssmscan::ssm
