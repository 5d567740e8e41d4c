#pragma once
// The checks of S5: one diagonal state of two inputs, the signal and the signal backwards, and three outputs, each
// eigenvalue with a step of its own.
//   kernel       vandermonde = powers, of every output by every input
//   convolution  direct, fft = recurrence
//   scan         every algorithm = recurrence
#include <functional>

#include <ssmscan/ssm/detail/selective_checks.hpp>
#include <ssmscan/ssm/io/signal.hpp>
#include <ssmscan/ssm/validate.hpp>

namespace ssmscan::ssm::detail {

void mimo_rows(signal const& input, std::function<void(each_scan_visit const&)> const& each_scan,
               validation_options const& options, validation_report& report);

}  // namespace ssmscan::ssm::detail
