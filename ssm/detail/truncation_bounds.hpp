#pragma once
// C~ = c (I - Ab^L / 2) and its error, which every kernel by a generating function is made of.
#include <Eigen/Core>

#include <ssmscan/ssm/detail/circle.hpp>
#include <ssmscan/ssm/detail/low_rank_residual.hpp>
#include <ssmscan/ssm/dplr_system.hpp>

namespace ssmscan::ssm::detail {

template <class Row>
struct truncation {
  Row output;    // C~
  double error;  // of it
};

// At least ||(I - Ab^L / 2)^-1||, as ||Ab|| <= 1.
inline constexpr double gain_of_truncation = 1 / (1 - circle_power);

// Of truncated_output, held against the same in long double.
truncation<wide_matrix> error_of_truncation(dplr_system const& system, index_t length);

// Of squarings alone, as generating_function_kernel makes them of a step within `distance` of Ab.
truncation<Eigen::RowVectorXcd> error_of_squarings(Eigen::MatrixXcd const& step, double distance,
                                                   Eigen::RowVectorXcd const& c, index_t length);

}  // namespace ssmscan::ssm::detail
