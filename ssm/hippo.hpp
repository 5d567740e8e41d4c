#pragma once
// HiPPO (Gu et al. 2020; Gu, Johnson, Timalsina, Rudra, Re 2022): x' = A x + B u keeps x the coefficients of the input's
// history on orthonormal functions.
//   legs  Legendre polynomials on [0, t], with x' = (A x + B u) / t (the time-invariant x' = A x + B u sees an
//         exponentially fading past)
//   legt  Legendre polynomials on the window [t-1, t]
//   lagt  Laguerre functions: an exponentially fading past
//   fout  1, sqrt(2) cos 2 pi m s, sqrt(2) sin 2 pi m s on the window [t-1, t]; an odd state size, or the last cosine lacks
//         its sine and leaves a pole at 0
// A is so far from normal that its own eigenvectors are useless in floating point, but it is normal plus low rank: S = A +
// P P^T has S + S^T = -I (legs) or 0 (the others), hence eigenvalues -1/2 + i w or i w and unitary eigenvectors V (Gu,
// Goel, Re 2022). In that basis A = V (diag(lambda) - p p^*) V^*, p = V^* P, b = V^* B. S4D (Gu, Gupta, Goel, Re 2022)
// drops the low-rank part, or replaces lambda by a formula.
#include <complex>
#include <string_view>
#include <vector>

#include <Eigen/Core>

#include <ssmscan/scan/concepts.hpp>
#include <ssmscan/ssm/export.hpp>
#include <ssmscan/ssm/spectrum.hpp>

namespace ssmscan::ssm {

enum class hippo { legs, legt, lagt, fout };
inline constexpr hippo all_hippos[] = {hippo::legs, hippo::legt, hippo::lagt, hippo::fout};
SSMSCAN_SSM_EXPORT std::string_view name_of(hippo which);

// With r[n] = sqrt(2n+1), and g = (1, sqrt 2, 0, sqrt 2, 0, ...):
//          A[n,k]                                                                        B[n]
//   legs   -r[n] r[k] for n > k, -(n+1) for n = k, 0 for n < k                           r[n]
//   legt   -r[n] r[k] for n >= k, -(-1)^(n-k) r[n] r[k] for n < k                        r[n]
//   lagt   -1 for n > k, -1/2 for n = k, 0 for n < k                                     1
//   fout   -2 g[n] g[k], and for odd m: 2 pi (m+1)/2 added at [m+1, m], taken at [m, m+1]   2 g[n]
SSMSCAN_SSM_EXPORT Eigen::MatrixXd hippo_matrix(hippo which, index_t state_size);
SSMSCAN_SSM_EXPORT Eigen::VectorXd hippo_input(hippo which, index_t state_size);
// P, a column for each rank: legs sqrt(n + 1/2); legt r[n] on odd n, and on even n; lagt sqrt(1/2); fout sqrt(2) g.
SSMSCAN_SSM_EXPORT Eigen::MatrixXd hippo_low_rank(hippo which, index_t state_size);

// A = basis (diag(lambda) - p p^*) basis^*, ordered by ascending imaginary part of lambda. Each eigenvector's phase is
// arbitrary; conj(p) b and |p| do not depend on it. With `half`, `basis` has the kept columns only.
struct normal_plus_low_rank {
  Eigen::VectorXcd lambda;
  Eigen::MatrixXcd basis;
  Eigen::MatrixXcd p;  // a column for each rank
  Eigen::VectorXcd b;
};

// From the Hermitian eigenproblem of -i times the skew part of S in double: rebuilding A errs by about 1e-12 at state_size
// 64. `half` needs an even state_size (an odd one has an unpaired real eigenvalue), and not fout (always one at 0).
SSMSCAN_SSM_EXPORT normal_plus_low_rank hippo_normal_plus_low_rank(hippo which, index_t state_size, spectrum kept);

enum class s4d_initialization { lin, inv, real, legs };
inline constexpr s4d_initialization all_s4d_initializations[] = {s4d_initialization::lin, s4d_initialization::inv,
                                                                 s4d_initialization::real, s4d_initialization::legs};
SSMSCAN_SSM_EXPORT std::string_view name_of(s4d_initialization which);

// The N/2 = state_size/2 eigenvalues that stand for N (n = 0..N/2-1), to be read out as 2 Re(.):
//   lin  -1/2 + i pi n      inv  -1/2 + i (N/pi) (N/(2n+1) - 1)      real  -(n+1)      legs  half spectrum of S above
// state_size must be even.
SSMSCAN_SSM_EXPORT std::vector<std::complex<double>> s4d_lambda(s4d_initialization which, index_t state_size);

}  // namespace ssmscan::ssm
