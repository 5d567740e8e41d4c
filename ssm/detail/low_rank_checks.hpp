#pragma once
// The checks of S4 itself, HiPPO as diagonal plus low rank, by every discretisation. On (Re x, Im x) it is a dense system, and
// its convolution and scans are held to the bounds of dense_bounds.hpp. The forms of the bilinear rule that use the structure
// are held against the slower ones before them, to the derived bound of both (low_rank_bounds.hpp) and to what the project
// promises, relative to the largest value of what they are compared with: the lesser of the two.
#include <functional>

#include <ssmscan/ssm/detail/selective_checks.hpp>
#include <ssmscan/ssm/io/signal.hpp>
#include <ssmscan/ssm/validate.hpp>

namespace ssmscan::ssm::detail {

inline constexpr double promised_double = 1e-10;
inline constexpr double promised_float = 5e-6;

//   kernel       generating_function = powers,  dplr_roots = powers,  dplr (f64, f32) = powers        bilinear: both
//   recurrence   dplr_step = the dense recurrence                                                         bilinear: both
//   convolution  fft with dplr's kernel = the recurrence by dplr_step                                     bilinear: both
//   convolution  the same in float                                                                        bilinear: derived
//   convolution  direct = recurrence,  fft = direct                                                       other rules: derived
//   scan         every algorithm that carries affine_matrix, over the real state = the recurrence         every rule: derived
void low_rank_checks(signal const& input, signal const& for_scans,
                     std::function<void(each_scan_visit const&)> const& each_scan, validation_options const& options,
                     validation_report& report);

}  // namespace ssmscan::ssm::detail
