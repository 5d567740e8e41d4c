#pragma once
// The checks of one stable dense system: its recurrence, the convolution with the kernel by definition, the FFT, and every
// scan that carries the maps x -> A x + b u[t], each against the slower form before it.
#include <string>
#include <string_view>
#include <vector>

#include <ssmscan/ssm/detail/dense_bounds.hpp>
#include <ssmscan/ssm/io/signal.hpp>
#include <ssmscan/ssm/validate.hpp>

namespace ssmscan::ssm::detail {

class dense_checks {
 public:
  // `layer`, `input` and `report` must outlive the object.
  dense_checks(std::string name, dense_layer const& layer, signal const& input, validation_report& report);

  void convolutions();  // direct = recurrence, FFT = direct
  // The scan of affine_matrix. No row where the algorithm does not carry that monoid: heinsen takes logarithms of numbers.
  void scan(std::string_view algorithm, std::string_view backend);

 private:
  validation_check row(std::string const& what, std::string_view algorithm, std::string_view backend) const;
  // Row by row of the input, (row, t, state): what the scan leaves.
  template <class A, class B>
  std::vector<double> states_by() const;
  void report_states(validation_check row, std::vector<double> const& states, index_t roundings);

  std::string name_;
  dense_layer const& layer_;
  signal const& input_;
  std::size_t length_;
  validation_report& report_;
  std::vector<double> recurrence_;
  std::vector<double> recurrence_bound_;
  dense_sums sums_;  // filled when the first scan asks for them
};

}  // namespace ssmscan::ssm::detail
