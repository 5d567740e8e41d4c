#pragma once
// discretize.hpp for a dense A (Eigen): the same two rules, stated with matrices. Kept apart so that users of diagonal
// systems need no Eigen. Scalar is double or std::complex<double>.
//   zoh       exp of [A B; 0 0] * step holds Ab above left and Bb above right (Van Loan 1978): no inverse of A is
//   needed bilinear  (I - step A/2)^-1 [ (I + step A/2)  |  step B ]
#include <Eigen/Dense>
#include <unsupported/Eigen/MatrixFunctions>

#include <ssmscan/ssm/discretize.hpp>

namespace ssmscan::ssm {

template <class Scalar>
struct dense_system {
  Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic> a;
  Eigen::Matrix<Scalar, Eigen::Dynamic, 1> b;
};

template <class Scalar>
dense_system<Scalar> discretize(dense_system<Scalar> const& continuous, double step, discretization rule) {
  using matrix = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic>;
  auto const& [a, b] = continuous;
  Eigen::Index const n = a.rows();
  matrix const identity = matrix::Identity(n, n);
  if (rule == discretization::zoh) {
    matrix joined = matrix::Zero(n + 1, n + 1);
    joined.topLeftCorner(n, n) = a * Scalar(step);
    joined.topRightCorner(n, 1) = b * Scalar(step);
    matrix const flow = joined.exp();
    return {flow.topLeftCorner(n, n), flow.topRightCorner(n, 1)};
  }
  if (rule == discretization::bilinear) {
    matrix const half = a * Scalar(step / 2);
    Eigen::PartialPivLU<matrix> const implicit(identity - half);
    return {implicit.solve(identity + half), implicit.solve(b * Scalar(step))};
  }
  return {identity + a * Scalar(step), b * Scalar(step)};
}

}  // namespace ssmscan::ssm
