#include <algorithm>
#include <cmath>
#include <utility>

#include <ssmscan/ssm/detail/circle.hpp>
#include <ssmscan/ssm/detail/layer_bounds.hpp>
#include <ssmscan/ssm/detail/row_power.hpp>
#include <ssmscan/ssm/detail/spectra.hpp>
#include <ssmscan/ssm/detail/truncation_bounds.hpp>

namespace ssmscan::ssm::detail {
namespace {

using complex = std::complex<double>;

// C~ = c (I - Ab^L / 2) by squarings and, once at most `row_products` are left, products of the row, beside their errors. Of
// a product of matrices
//   ||fl(X Y) - X' Y'|| <= ||X'|| dY + dX ||Y'|| + dX dY + g ||X||_F ||Y||_F
// where ||X'|| <= min(1, ||X|| + dX) of exact powers.
template <class Matrix, class Row>
truncation<Row> truncated_by_powers(Matrix const& step, double distance, Row const& c, index_t length,
                                    index_t row_products) {
  constexpr double roundoff = unit<typename Matrix::RealScalar>;
  auto const norm_of = [](auto const& x) { return static_cast<double>(x.norm()); };
  auto const in_double = [](Matrix const& x) -> Eigen::MatrixXcd { return x.template cast<complex>(); };
  struct power {
    Matrix value;
    double error, frobenius, norm;
  };
  double const n = static_cast<double>(step.rows()), g = std::sqrt(2.0) * 2 * n * roundoff;
  auto const made = [&](Matrix value, double error) {
    double const norm = std::min(1.0, operator_norm(in_double(value)) + error), frobenius = norm_of(value);
    return power{std::move(value), error, frobenius, norm};
  };
  auto const product = [&](power const& x, power const& y) {
    return made(x.value * y.value,
                x.norm * y.error + x.error * y.norm + x.error * y.error + g * x.frobenius * y.frobenius);
  };
  power squared = made(step, distance);
  Row row = c;
  double error = 0;
  auto const times = [&] {
    error = error * squared.norm + norm_of(row) * (squared.error + g * squared.frobenius);
    row = (row * squared.value).eval();
  };
  index_t left = length;
  for (; left > row_products; left /= 2) {
    if (left % 2 != 0) times();
    squared = product(squared, squared);
  }
  for (; left > 0; --left) times();
  row = (c - static_cast<typename Row::Scalar>(circle_power) * row).eval();
  return {row, circle_power * error + 2 * roundoff * norm_of(row)};
}

// Ab in long double: as (I - hA)^-1 = (Ab + I)/2, a residual tells what is missing.
wide_matrix refined_step(dplr_system const& system) {
  wide const h = static_cast<wide>(system.step) / 2;
  wide_matrix step =
      discretize(matrices_of(system).continuous, system.step, discretization::bilinear).a.cast<wide_complex>();
  wide_matrix const identity = wide_matrix::Identity(step.rows(), step.cols()),
                    ahead = identity + h * times_a(system, identity);
  for (int i = 0; i < 2; ++i) {
    wide_matrix const missing = ahead - step + h * times_a(system, step);
    step += ((step * missing + missing) / wide(2)).eval();
  }
  return step;
}

}  // namespace

truncation<wide_matrix> error_of_truncation(dplr_system const& system, index_t length) {
  wide_matrix const step = refined_step(system);
  auto made = truncated_by_powers<wide_matrix, wide_matrix>(
      step, distance_from_step(system, step, wide_matrix::Identity(step.rows(), step.cols())),
      whole(system.c, system.kept).transpose().cast<wide_complex>(), length, most_row_products(step.rows()));
  made.error += static_cast<double>(
      (whole(truncated_output(system, length, circle_power), system.kept).transpose().cast<wide_complex>() -
       made.output)
          .norm());
  return made;
}

truncation<Eigen::RowVectorXcd> error_of_squarings(Eigen::MatrixXcd const& step, double distance,
                                                   Eigen::RowVectorXcd const& c, index_t length) {
  return truncated_by_powers<Eigen::MatrixXcd, Eigen::RowVectorXcd>(step, distance, c, length, 1);
}

}  // namespace ssmscan::ssm::detail
