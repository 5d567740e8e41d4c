#pragma once
// The checks of HiPPO-LegS as a matrix: its recurrence, the convolution with the kernel by definition, and the FFT.
#include <ssmscan/ssm/discretize.hpp>
#include <ssmscan/ssm/validate.hpp>

namespace ssmscan::ssm::detail {

// Appends the rows of one rule to the report; one skipped row where the discrete system is not stable.
void dense_checks(discretization rule, signal const& input, validation_options const& options,
                  validation_report& report);

// "unstable by mathematics: spectral radius R"
std::string unstable(double spectral_radius);

}  // namespace ssmscan::ssm::detail
