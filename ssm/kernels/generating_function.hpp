#pragma once
// The kernel from its generating function (Gu, Goel, Re 2022; the Annotated S4, part 2), dense: at the roots of unity w =
// e^{-2 pi i k/L}, with C~ = C (I - Ab^L),
//   K^(w) = sum_{l < L} C Ab^l Bb w^l = C~ (I - w Ab)^-1 Bb
// and K is the inverse discrete Fourier transform of K^. By an explicit inverse (an LU solve) at each root: N^3 L. The
// step between the definition (naive.hpp) and the diagonal plus low-rank form (dplr.hpp), and nothing else.
#include <complex>
#include <vector>

#include <ssmscan/ssm/discretize_dense.hpp>
#include <ssmscan/ssm/export.hpp>

namespace ssmscan::ssm {

// Re(C Ab^l Bb), 0 <= l < length, for any discrete system with no eigenvalue of Ab at a root of unity. Throws
// std::invalid_argument on shapes that do not agree and on a length below 1.
SSMSCAN_SSM_EXPORT std::vector<double> generating_function_kernel(dense_system<std::complex<double>> const& discrete,
                                                                  Eigen::RowVectorXcd const& c, index_t length);

}  // namespace ssmscan::ssm
