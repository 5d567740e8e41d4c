#pragma once
// What stands before and behind the scan of a diagonal system's states: b u[t] of one state, and Re(c x[t]) of some. Compiled
// once for each SIMD target and dispatched at run time; with the roundings of drive() and read_out() (diagonal_system.hpp), so
// that the bits are theirs on every target.
#include <complex>

#include <ssmscan/scan/concepts.hpp>

namespace ssmscan::ssm::detail {

// to[t] = b u[t]; with `add` to[t] += b u[t].
enum class driven : bool { set, add };
void drive_steps(std::complex<double> b, double const* u, std::complex<double>* to, index_t count, driven how);

// y[t] = y[t] + Re(c[0] x[t]) + Re(c[1] x[apart + t]) + ..., in this order.
void read_out_steps(std::complex<double> const* c, std::complex<double> const* x, index_t states, index_t apart,
                    double* y, index_t count);

}  // namespace ssmscan::ssm::detail
