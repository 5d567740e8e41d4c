#pragma once
// The checks of S4 itself, HiPPO as diagonal plus low rank (LegS, LegT, LagT; bilinear): each form of kernel and layer against
// the slower one before it. There is no derived bound for Cauchy sums and Woodbury's identity: these rows are held to what
// the project promises, relative to the largest value of what they are compared with (and the smallest normal number, below
// which nothing is relative).
#include <ssmscan/ssm/io/signal.hpp>
#include <ssmscan/ssm/validate.hpp>

namespace ssmscan::ssm::detail {

inline constexpr double promised_double = 1e-10;
inline constexpr double promised_float = 5e-6;

//   kernel       generating_function = powers,  dplr_roots = powers,  dplr (f64, f32) = powers
//   recurrence   dplr_step = the dense recurrence
//   convolution  fft with dplr's kernel = the recurrence by dplr_step
//   scan         sequential over the real state = the recurrence by dplr_step
void low_rank_checks(signal const& input, index_t state_size, double step, validation_report& report);

}  // namespace ssmscan::ssm::detail
