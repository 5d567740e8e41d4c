#pragma once
// HiPPO-LegS (Gu et al. 2020): x' = A x + B u keeps x the coefficients of the input's history on scaled Legendre
// polynomials. A is lower triangular and so far from normal that its own eigenvectors are useless in floating point,
// but it is normal plus rank one: with P[n] = sqrt(n + 1/2), S = A + P P^T has S + S^T = -I, hence eigenvalues -1/2 + i
// w and unitary eigenvectors V (Gu, Goel, Re 2022). In that basis A = V (diag(lambda) - p p^*) V^*, p = V^* P, b = V^*
// B. S4D (Gu, Gupta, Goel, Re 2022) drops the rank-one part, or replaces lambda by a formula.
#include <complex>
#include <string_view>
#include <vector>

#include <Eigen/Core>

#include <ssmscan/scan/concepts.hpp>
#include <ssmscan/ssm/export.hpp>
#include <ssmscan/ssm/spectrum.hpp>

namespace ssmscan::ssm {

// A[n,k] = -sqrt(2n+1) sqrt(2k+1) below the diagonal, -(n+1) on it, 0 above.
SSMSCAN_SSM_EXPORT Eigen::MatrixXd hippo_legs_matrix(index_t state_size);
// B[n] = sqrt(2n+1)
SSMSCAN_SSM_EXPORT Eigen::VectorXd hippo_legs_input(index_t state_size);
// P[n] = sqrt(n + 1/2)
SSMSCAN_SSM_EXPORT Eigen::VectorXd hippo_legs_low_rank(index_t state_size);

// A = basis (diag(lambda) - p p^*) basis^*, ordered by ascending imaginary part of lambda. Each eigenvector's phase is
// arbitrary; conj(p) b and |p| do not depend on it. With `half`, `basis` has the kept columns only.
struct normal_plus_low_rank {
  Eigen::VectorXcd lambda;
  Eigen::MatrixXcd basis;
  Eigen::VectorXcd p;
  Eigen::VectorXcd b;
};

// From the Hermitian eigenproblem of -i(S + I/2) in double: rebuilding A errs by about 1e-12 at state_size 64.
// `half` needs an even state_size (an odd one has an unpaired real eigenvalue).
SSMSCAN_SSM_EXPORT normal_plus_low_rank hippo_legs_normal_plus_low_rank(index_t state_size, spectrum kept);

enum class s4d_initialization { lin, inv, real, legs };
inline constexpr s4d_initialization all_s4d_initializations[] = {s4d_initialization::lin, s4d_initialization::inv,
                                                                 s4d_initialization::real, s4d_initialization::legs};
SSMSCAN_SSM_EXPORT std::string_view name_of(s4d_initialization which);

// The N/2 = state_size/2 eigenvalues that stand for N (n = 0..N/2-1), to be read out as 2 Re(.):
//   lin  -1/2 + i pi n      inv  -1/2 + i (N/pi) (N/(2n+1) - 1)      real  -(n+1)      legs  half spectrum of S above
// state_size must be even.
SSMSCAN_SSM_EXPORT std::vector<std::complex<double>> s4d_lambda(s4d_initialization which, index_t state_size);

}  // namespace ssmscan::ssm
