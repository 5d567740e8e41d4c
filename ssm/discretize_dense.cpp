#include <cmath>
#include <limits>

#include <unsupported/Eigen/MatrixFunctions>

#include <ssmscan/ssm/detail/need.hpp>
#include <ssmscan/ssm/detail/need_matrix.hpp>
#include <ssmscan/ssm/discretize_dense.hpp>

namespace ssmscan::ssm {
namespace {

template <class Scalar>
using matrix_of = Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic>;

template <class Scalar>
void check(dense_system<Scalar> const& system, double step) {
  if (system.a.rows() < 1 || system.b.cols() < 1)
    throw_invalid("a, b", "a system without states or inputs", "at least 1 of each");
  detail::need_matrix("a", system.a, system.a.rows(), system.a.rows());
  detail::need_matrix("b", system.b, system.a.rows(), system.b.cols());
  detail::need_step(step);
}

// (I - A part)^-1 right. The entries of I - A part are off by u of |I| + |A part|. Once rows and columns are scaled to make that
// at most 1 (by powers of two: no rounding), an error of u in each is one of N u in the norm, and a matrix so near a singular one
// has an inverse of 1 / (N u) or more.
template <class Scalar>
matrix_of<Scalar> solved(matrix_of<Scalar> const& a, double part, matrix_of<Scalar> const& right) {
  Eigen::Index const n = a.rows();
  matrix_of<Scalar> const scaled_a = a * Scalar(part);
  if (!scaled_a.allFinite())
    throw_invalid("step", detail::text_of(part) + " = alpha step, by which A leaves the range of doubles",
                  "a smaller one");
  Eigen::MatrixXd const size = scaled_a.cwiseAbs() + Eigen::MatrixXd::Identity(n, n);
  auto const power_of_two = [](double x) { return std::exp2(-std::ceil(std::log2(x))); };
  Eigen::VectorXd const rows = size.rowwise().maxCoeff().unaryExpr(power_of_two);
  Eigen::VectorXd const columns = (rows.asDiagonal() * size).colwise().maxCoeff().transpose().unaryExpr(power_of_two);
  matrix_of<Scalar> const scaled =
      rows.asDiagonal() * (matrix_of<Scalar>::Identity(n, n) - scaled_a) * columns.asDiagonal();
  Eigen::PartialPivLU<matrix_of<Scalar>> const factors(scaled);
  double const norm = scaled.cwiseAbs().colwise().sum().maxCoeff();
  double const inverse = 1 / (factors.rcond() * norm);
  constexpr double u = std::numeric_limits<double>::epsilon() / 2;
  if (!(inverse < 1 / (static_cast<double>(n) * u)))
    throw_invalid("step", "a singular I - alpha step A, with alpha step = " + detail::text_of(part),
                  "a step away from 1 / (alpha lambda) of every eigenvalue lambda of A");
  matrix_of<Scalar> const scaled_right = rows.asDiagonal() * right;
  // A triangular matrix (LegS, LagT) stays one to the last bit: no pivot is moved.
  if (scaled.isLowerTriangular(0.0))
    return columns.asDiagonal() * scaled.template triangularView<Eigen::Lower>().solve(scaled_right);
  return columns.asDiagonal() * factors.solve(scaled_right);
}

template <class Scalar>
dense_system<Scalar> by_rule(dense_system<Scalar> const& continuous, double step, discretization rule) {
  using matrix = matrix_of<Scalar>;
  auto const& [a, b] = continuous;
  Eigen::Index const n = a.rows(), inputs = b.cols();
  matrix const driven = b * Scalar(step);
  if (rule == discretization::mamba) return {(a * Scalar(step)).eval().exp(), driven};
  if (rule == discretization::zoh) {
    matrix joined = matrix::Zero(n + inputs, n + inputs);
    joined.topLeftCorner(n, n) = a * Scalar(step);
    joined.topRightCorner(n, inputs) = driven;
    matrix const flow = joined.exp();
    return {flow.topLeftCorner(n, n), flow.topRightCorner(n, inputs)};
  }
  double const implicit_part = rule.alpha() * step, explicit_part = (1 - rule.alpha()) * step;
  matrix const ahead = matrix::Identity(n, n) + a * Scalar(explicit_part);
  if (implicit_part == 0) return {ahead, driven};
  matrix both(n, n + inputs);
  both << ahead, driven;
  matrix const made = solved<Scalar>(a, implicit_part, both);
  return {made.leftCols(n), made.rightCols(inputs)};
}

template <class Scalar>
dense_system<Scalar> discretized(dense_system<Scalar> const& continuous, double step, discretization rule) {
  check(continuous, step);
  auto made = by_rule(continuous, step, rule);
  if (!made.a.allFinite() || !made.b.allFinite())
    throw_invalid("a, b", "a system whose discretisation by " + name_of(rule) + " is not finite",
                  "step * a and step * b within range");
  return made;
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
