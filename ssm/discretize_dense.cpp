#include <unsupported/Eigen/MatrixFunctions>

#include <ssmscan/ssm/discretize_dense.hpp>

namespace ssmscan::ssm {
namespace {

template <class Scalar>
dense_system<Scalar> discretized(dense_system<Scalar> const& continuous, double step, discretization rule) {
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

}  // namespace

dense_system<double> discretize(dense_system<double> const& continuous, double step, discretization rule) {
  return discretized(continuous, step, rule);
}

dense_system<std::complex<double>> discretize(dense_system<std::complex<double>> const& continuous, double step,
                                              discretization rule) {
  return discretized(continuous, step, rule);
}

}  // namespace ssmscan::ssm
