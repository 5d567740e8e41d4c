#include <Eigen/Eigenvalues>

#include <ssmscan/ssm/detail/spectra.hpp>

namespace ssmscan::ssm::detail {

double spectral_radius(Eigen::MatrixXd const& matrix) {
  return Eigen::EigenSolver<Eigen::MatrixXd>(matrix, false).eigenvalues().cwiseAbs().maxCoeff();
}

double operator_norm(Eigen::MatrixXd const& matrix) { return matrix.operatorNorm(); }
double operator_norm(Eigen::MatrixXcd const& matrix) { return matrix.operatorNorm(); }

}  // namespace ssmscan::ssm::detail
