#include <Eigen/Eigenvalues>

#include <ssmscan/ssm/detail/spectra.hpp>

namespace ssmscan::ssm::detail {

double spectral_radius(Eigen::MatrixXd const& matrix) {
  // Where eigenvalues coincide (LagT: all of them) the solver's err by a root of u.
  if (matrix.isLowerTriangular(0.0) || matrix.isUpperTriangular(0.0)) return matrix.diagonal().cwiseAbs().maxCoeff();
  return Eigen::EigenSolver<Eigen::MatrixXd>(matrix, false).eigenvalues().cwiseAbs().maxCoeff();
}

double operator_norm(Eigen::MatrixXd const& matrix) { return matrix.operatorNorm(); }
double operator_norm(Eigen::MatrixXcd const& matrix) { return matrix.operatorNorm(); }

}  // namespace ssmscan::ssm::detail
