#pragma once
// discretize.hpp for a dense A (Eigen): the same rules, stated with matrices. Kept apart so that users of diagonal
// systems need no Eigen. Scalar is double or std::complex<double>.
//   zoh         exp of [A B; 0 0] * step holds Ab above left and Bb above right (Van Loan 1978): no inverse of A needed
//   mamba       exp(step A), step B
//   gbt(alpha)  (I - alpha step A)^-1 [ (I + (1-alpha) step A)  |  step B ]
#include <complex>

#include <Eigen/Dense>

#include <ssmscan/ssm/discretize.hpp>
#include <ssmscan/ssm/export.hpp>

namespace ssmscan::ssm {

template <class Scalar>
struct dense_system {
  Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic> a;
  Eigen::Matrix<Scalar, Eigen::Dynamic, 1> b;
};

SSMSCAN_SSM_EXPORT dense_system<double> discretize(dense_system<double> const& continuous, double step,
                                                   discretization rule);
SSMSCAN_SSM_EXPORT dense_system<std::complex<double>> discretize(dense_system<std::complex<double>> const& continuous,
                                                                 double step, discretization rule);

}  // namespace ssmscan::ssm
