#pragma once
// discretize.hpp for a dense A (Eigen) and several inputs: the same rules, stated with matrices. Kept apart so that users of
// diagonal systems need no Eigen. Scalar is double or std::complex<double>.
//   zoh         exp of [A B; 0 0] * step holds Ab above left and Bb above right (Van Loan 1978): no inverse of A needed
//   mamba       exp(step A), step B
//   gbt(alpha)  (I - alpha step A)^-1 [ (I + (1-alpha) step A)  |  step B ]
// C and D of y = C x + D u stay what they are under every rule here: y[t] reads x[t], which u[t] has driven
// (docs/control_theory.md; linear_system.hpp takes all four).
#include <complex>

#include <Eigen/Dense>

#include <ssmscan/ssm/discretize.hpp>
#include <ssmscan/ssm/export.hpp>

namespace ssmscan::ssm {

template <class Scalar>
struct dense_system {
  Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic> a;  // (N, N)
  Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic> b;  // (N, inputs): a column where there is one input
};

// Work: N^3 and N^2 inputs, some twenty times as much for an exponential. Throws std::invalid_argument unless A is (N, N) and
// B (N, inputs), N and inputs at least 1, all finite, step is positive, the result is finite, and I - alpha step A is regular
// beyond the rounding of its entries: with rows and columns scaled to make |I| + |alpha step A| at most 1, its inverse is below
// 1 / (N u).
SSMSCAN_SSM_EXPORT dense_system<double> discretize(dense_system<double> const& continuous, double step,
                                                   discretization rule);
SSMSCAN_SSM_EXPORT dense_system<std::complex<double>> discretize(dense_system<std::complex<double>> const& continuous,
                                                                 double step, discretization rule);

}  // namespace ssmscan::ssm
