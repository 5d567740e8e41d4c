#pragma once
// One S4D layer, one channel: the diagonal system as a map from sequences to sequences, computed in any of the three
// ways that the theory says are equal, chosen at run time:
//   recurrence   x[t] = a x[t-1] + b u[t], y[t] = Re(c x[t]) + d u[t], step by step: the definition
//   convolution  y = K * u + d u with the kernel of kernels/diagonal.hpp
//   scan         the same x by linear_recurrence, one lane per (sequence, eigenvalue), a broadcast along time
#include <span>
#include <string_view>

#include <ssmscan/scan/linear_recurrence.hpp>
#include <ssmscan/ssm/convolution.hpp>
#include <ssmscan/ssm/diagonal_system.hpp>
#include <ssmscan/ssm/export.hpp>

namespace ssmscan::ssm {

enum class s4d_mode { recurrence, convolution, scan };
SSMSCAN_SSM_EXPORT std::string_view name_of(s4d_mode mode);
// The mode of that name; std::invalid_argument lists the names.
SSMSCAN_SSM_EXPORT s4d_mode s4d_mode_by_name(std::string_view name);

struct s4d_execution {
  s4d_mode mode = s4d_mode::recurrence;
  convolution_method convolution = convolution_method::fft;  // mode convolution only
  ssmscan::execution scan{};                                 // mode scan only: algorithm, inner, backend
};

class s4d {
 public:
  // Throws std::invalid_argument as discretize(system) does.
  SSMSCAN_SSM_EXPORT explicit s4d(diagonal_system system);

  diagonal_system const& system() const { return system_; }
  discrete_diagonal const& discrete() const { return discrete_; }

  // output(row, t) for `batch` rows of input.size() / batch samples, one after the other; each starts from rest. output
  // is as large as input and does not overlap it. Work per row: length x states (recurrence), O(n log n) (convolution
  // by FFT, after the kernel's length x states), as the algorithm's info says x states (scan; 16 bytes x states x
  // length of memory for as many rows at a time as fit in 64 MiB, at least one: no bit depends on that). Same bits from
  // run to run. Returns what linear_recurrence chose; empty names in the other modes.
  SSMSCAN_SSM_EXPORT choice run(std::span<double const> input, index_t batch, std::span<double> output,
                                s4d_execution const& how = {}) const;

 private:
  void run_recurrence(std::span<double const> input, std::span<double> output) const;
  choice run_scan(std::span<double const> input, index_t rows, std::span<double> output,
                  ssmscan::execution const& how) const;

  diagonal_system system_;
  discrete_diagonal discrete_;
};

}  // namespace ssmscan::ssm
