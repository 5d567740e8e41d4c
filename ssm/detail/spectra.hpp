#pragma once
// What Eigen's eigenvalue solvers say of a dense matrix, made in one place: each of them takes a compiler
// ten seconds.
#include <Eigen/Core>

#include <ssmscan/ssm/export.hpp>

namespace ssmscan::ssm::detail {

// max |eigenvalue| of a square matrix.
SSMSCAN_SSM_EXPORT double spectral_radius(Eigen::MatrixXd const& matrix);

// ||M||_2, the greatest singular value: the square root of M^* M's greatest eigenvalue, relative error about n u.
SSMSCAN_SSM_EXPORT double operator_norm(Eigen::MatrixXd const& matrix);
SSMSCAN_SSM_EXPORT double operator_norm(Eigen::MatrixXcd const& matrix);

}  // namespace ssmscan::ssm::detail
