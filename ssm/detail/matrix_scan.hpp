#pragma once
// A real system as matrices, run by a scan of the maps x -> A x + B u[t] (affine_matrix): N^3 a combine.
#include <span>

#include <Eigen/Core>

#include <ssmscan/scan/linear_recurrence.hpp>
#include <ssmscan/ssm/linear_system.hpp>

namespace ssmscan::ssm::detail {

// u (inputs, length), y (outputs, length); sequence k from row k of `initial` (sequences, N), which its last state replaces.
choice matrix_scan(discrete_dense const& system, double const* u, double* y, index_t length,
                   std::span<index_t const> offsets, Eigen::MatrixXd& states, execution const& how);

}  // namespace ssmscan::ssm::detail
