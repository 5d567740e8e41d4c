#pragma once
// A system whose matrix is diagonal plus low rank, the form of S4 (Gu, Goel, Re 2022):
//   x' = A x + b u,   y = Re(c x) + d u,   A = diag(lambda) - sum_r p_r p_r^*
// discretised by the bilinear rule. HiPPO's matrices are of this form up to a unitary change of basis (hippo.hpp). With
// a half spectrum each coordinate stands for a conjugate pair, in lambda, p, b and c alike: y = 2 Re(c x), and A
// couples x to its conjugate.
#include <complex>
#include <span>
#include <vector>

#include <ssmscan/ssm/discretize_dense.hpp>
#include <ssmscan/ssm/export.hpp>
#include <ssmscan/ssm/spectrum.hpp>

namespace ssmscan::ssm {

struct dplr_system {
  std::vector<std::complex<double>> lambda{};
  std::vector<std::complex<double>> p{};  // (rank, N)
  std::vector<std::complex<double>> b{};
  std::vector<std::complex<double>> c{};  // the row vector of the recurrence, neither conjugated nor C~
  double d = 0;
  double step = 1;
  spectrum kept = spectrum::half;

  index_t size() const { return static_cast<index_t>(lambda.size()); }
  index_t rank() const { return lambda.empty() ? 0 : static_cast<index_t>(p.size() / lambda.size()); }
  // 2 for a half spectrum, 1 for a full one.
  double read_out_factor() const { return kept == spectrum::half ? 2.0 : 1.0; }
};

inline constexpr index_t greatest_rank = 8;

// Throws std::invalid_argument unless lambda, b, c are of one length N >= 1, p is (rank, N) with 1 <= rank <= 8, all
// are finite, step is positive, and no Re(lambda) is positive: A + A^* is then at most 0, so that |Ab| <= 1; and unless
// the square of every |2/step - lambda|, which a step divides by, is a normal number.
SSMSCAN_SSM_EXPORT void check(dplr_system const& system);

// The same system as matrices, each pair of a half spectrum written out: y = Re(c x) over the whole spectrum.
struct dplr_matrices {
  dense_system<std::complex<double>> continuous;
  Eigen::RowVectorXcd c;
};
SSMSCAN_SSM_EXPORT dplr_matrices matrices_of(dplr_system const& system);

// One step x <- Ab x + Bb u in O(N rank), without Ab. With D = 1 / (2/step - lambda) and M = I + P^* D P (Woodbury):
//   t = (2/step + lambda) x - P (P^* x) + 2 b u
//   x <- D (t - P M^-1 P^* D t)
// With a half spectrum every P^* (.) is a sum over pairs, 2 Re(.). Exact to some 10u of (1 + step ||P||^2) ||x|| + ||Bb u||
// per step.
class dplr_stepper {
 public:
  // Throws as check does, and where M^-1 is not finite.
  SSMSCAN_SSM_EXPORT explicit dplr_stepper(dplr_system const& system);
  SSMSCAN_SSM_EXPORT void step(std::complex<double>* x, double u) const;
  index_t size() const { return static_cast<index_t>(ahead_.size()); }

 private:
  std::complex<double> inner(std::complex<double> sum) const {
    return kept_ == spectrum::half ? std::complex<double>(2 * sum.real()) : sum;
  }
  spectrum kept_;
  index_t rank_;
  std::vector<std::complex<double>> ahead_;    // 2/step + lambda
  std::vector<std::complex<double>> behind_;   // D
  std::vector<std::complex<double>> p_;        // (rank, N)
  std::vector<std::complex<double>> twice_b_;  // 2 b
  std::vector<std::complex<double>> inverse_;  // M^-1, (rank, rank)
};

// C~ = c (I - power Ab^length), the read-out of the truncated generating function: of S4's own with power 1, on the circle
// of detail/circle.hpp with 1/2. A half spectrum's in the same sense as c. By repeated squaring of the dense Ab over the
// reals, and products of the row with what that leaves: 8 N^3 (log2(length / 2N) + 1) fused multiply-adds in SIMD lanes,
// the same bits on every target.
SSMSCAN_SSM_EXPORT std::vector<std::complex<double>> truncated_output(dplr_system const& system, index_t length,
                                                                      double power = 1);

// c = C~ (I - Ab^length)^-1, of a system whose c is the C~ of truncated_output with power 1: 8 N^3 log2(length)
// multiply-adds and a solve. Its error is that of C~ times ||(I - Ab^length)^-1||, the norm of the inverse as Frobenius
// has it: above greatest_gain a rounding of C~ moves c, and the kernel with it, by some 1e-10, and std::invalid_argument
// is thrown.
inline constexpr double greatest_gain = 1e6;
SSMSCAN_SSM_EXPORT std::vector<std::complex<double>> recurrent_output(dplr_system const& system, index_t length);

}  // namespace ssmscan::ssm
