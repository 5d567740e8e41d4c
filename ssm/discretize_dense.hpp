#pragma once
// discretize.hpp for a dense A (Eigen): the same rules, stated with matrices. Kept apart so that users of diagonal
// systems need no Eigen. Scalar is double or std::complex<double>.
//   zoh         exp of [A B; 0 0] * step holds Ab above left and Bb above right (Van Loan 1978): no inverse of A needed
//   mamba       exp(step A), step B
//   gbt(alpha)  (I - alpha step A)^-1 [ (I + (1-alpha) step A)  |  step B ]
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
  if (rule == discretization::mamba) return {(a * Scalar(step)).eval().exp(), b * Scalar(step)};
  if (rule == discretization::zoh) {
    matrix joined = matrix::Zero(n + 1, n + 1);
    joined.topLeftCorner(n, n) = a * Scalar(step);
    joined.topRightCorner(n, 1) = b * Scalar(step);
    matrix const flow = joined.exp();
    return {flow.topLeftCorner(n, n), flow.topRightCorner(n, 1)};
  }
  double const implicit_part = rule.alpha() * step, explicit_part = (1 - rule.alpha()) * step;
  matrix const ahead = identity + a * Scalar(explicit_part);
  if (implicit_part == 0) return {ahead, b * Scalar(step)};
  Eigen::PartialPivLU<matrix> const implicit(identity - a * Scalar(implicit_part));
  return {implicit.solve(ahead), implicit.solve(b * Scalar(step))};
}

}  // namespace ssmscan::ssm
