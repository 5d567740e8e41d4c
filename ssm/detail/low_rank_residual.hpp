#pragma once
// Residuals of diagonal plus low-rank systems in long double, and what the bounds of low_rank_bounds.hpp share.
#include <complex>
#include <limits>
#include <vector>

#include <Eigen/Core>

#include <ssmscan/ssm/dplr_system.hpp>

namespace ssmscan::ssm::detail {

using wide = long double;
using wide_complex = std::complex<wide>;
using wide_matrix = Eigen::Matrix<wide_complex, Eigen::Dynamic, Eigen::Dynamic>;

// Values as a system has them over the whole spectrum: a half one's and their conjugates.
inline Eigen::VectorXcd whole(std::vector<std::complex<double>> const& values, spectrum kept) {
  Eigen::VectorXcd const given =
      Eigen::Map<Eigen::VectorXcd const>(values.data(), static_cast<Eigen::Index>(values.size()));
  if (kept == spectrum::full) return given;
  Eigen::VectorXcd made(2 * given.size());
  made << given, given.conjugate();
  return made;
}

inline Eigen::MatrixXcd whole_p(dplr_system const& system) {
  std::size_t const n = system.lambda.size();
  Eigen::MatrixXcd made(whole(system.b, system.kept).size(), system.rank());
  for (index_t r = 0; r < system.rank(); ++r) {
    auto const first = system.p.begin() + static_cast<std::ptrdiff_t>(n) * r;
    made.col(r) = whole({first, first + static_cast<std::ptrdiff_t>(n)}, system.kept);
  }
  return made;
}

// A X over the whole spectrum, A = diag(lambda) - P P^* exactly.
inline wide_matrix times_a(dplr_system const& system, wide_matrix const& x) {
  wide_matrix const p = whole_p(system).cast<wide_complex>();
  wide_matrix const lambda = whole(system.lambda, system.kept).cast<wide_complex>();
  return lambda.col(0).asDiagonal() * x - p * (p.adjoint() * x);
}

// At least ||A||.
inline wide norm_of_a(dplr_system const& system) {
  return whole(system.lambda, system.kept).cwiseAbs().maxCoeff() + whole_p(system).squaredNorm();
}

// Relative to the norms that enter x - h A x - y: two dot products of n complex terms and some sums in long double.
inline double residual_roundoff(Eigen::Index n) {
  return 4 * static_cast<double>(n + 8) * static_cast<double>(std::numeric_limits<wide>::epsilon());
}

// At least the distance ||X - (I - h A)^-1 Y||_F of a computed X, and ||X - Ab V||_F.
inline double distance_from_solution(dplr_system const& system, wide_matrix const& x, wide_matrix const& y) {
  wide const h = static_cast<wide>(system.step) / 2;
  wide_matrix const residual = x - h * times_a(system, x) - y;
  double const sizes = static_cast<double>((1 + h * norm_of_a(system)) * x.norm() + y.norm());
  return static_cast<double>(residual.norm()) + residual_roundoff(x.rows()) * sizes;
}
inline double distance_from_step(dplr_system const& system, wide_matrix const& x, wide_matrix const& v) {
  wide const h = static_cast<wide>(system.step) / 2;
  return distance_from_solution(system, x, v + h * times_a(system, v));
}

// A solve by LU with partial pivoting of r x r matrices is that of a matrix off by 3r 2 sqrt(2) u |L||U| (Higham, Accuracy and
// Stability, theorem 9.4, complex), |L| <= 1, |U| <= 2^(r-1) of the largest entry, triangles: in units of u ||M||_F.
inline double lu_roundings(index_t rank) {
  double const r = static_cast<double>(rank);
  return 8.5 * r * r * (r + 1) / 2 * static_cast<double>(index_t{1} << (rank - 1));
}

}  // namespace ssmscan::ssm::detail
