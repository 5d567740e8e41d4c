#pragma once
// A diagonal system by a scan: x = a x + B u of every state by linear_recurrence's arithmetic, y = factor Re(C x) + D u, with
// the bits of the same done for the whole length at once. By sequential, chunked and look_back time goes by in pieces: what
// is driven is scanned and read out while it is in the second-level cache, and the memory is that of a piece.
#include <complex>

#include <ssmscan/ssm/linear_system.hpp>

namespace ssmscan::ssm::detail {

struct diagonal_arithmetic {
  index_t inputs, outputs, states;
  std::complex<double> const* a;  // (states)
  std::complex<double> const* b;  // (states, inputs)
  std::complex<double> const* c;  // (outputs, states)
  double const* d;                // (outputs, inputs)
  double factor;
};

// As linear_system::scan.
choice diagonal_scan(diagonal_arithmetic const& of, double const* u, double* y, index_t length,
                     linear_system::packed const& states_of, execution const& how);

}  // namespace ssmscan::ssm::detail
