#pragma once
// Diagonal plus low-rank systems as a layer has them. The realisation is the one that it knows by name: kernels of many
// channels share their roots.
#include <ssmscan/ssm/kernels/dplr.hpp>
#include <ssmscan/ssm/linear_system.hpp>

namespace ssmscan::ssm::detail {

class dplr_realization final : public linear_system {
 public:
  explicit dplr_realization(dplr_system const& system);
  dplr_system const& system() const { return system_; }
  void recurrence(std::complex<double>* state, double const* u, double* y, index_t length) const override;
  std::vector<double> kernel(index_t output, index_t input, index_t length) const override;
  std::vector<float> kernel_of_floats(index_t output, index_t input, index_t length) const override;
  double feedthrough(index_t output, index_t input) const override;
  choice scan(double const* u, double* y, index_t length, packed const& states_of, execution const& how) const override;
  double spectral_radius() const override;
  bool grows() const override { return false; }  // ||Ab|| <= 1, as check(system) sees to

 private:
  discrete_dense over_the_reals() const;
  dplr_system system_;
  dplr_stepper stepper_;
};

// S5 as one system for each output and input; a step of its own is a unit step of an eigenvalue that runs that much faster.
diagonal_system pair_of(mimo_diagonal_system const& system, index_t output, index_t input);

// The system on (Re x, Im x), discretised as a dense one: what a layer runs where the rule is not the bilinear one.
discrete_dense over_the_reals(dplr_system const& system, discretization rule);

}  // namespace ssmscan::ssm::detail
