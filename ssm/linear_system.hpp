#pragma once
// A discrete linear time-invariant system,
//   x[t] = A x[t-1] + B u[t],   y[t] = Re(C x[t]) + D u[t],
// as a layer (layer.hpp) runs it: what differs between a diagonal, a diagonal plus low-rank and a dense A, and nothing else.
// Inputs and outputs are contiguous rows of time, (inputs, length) and (outputs, length); states are (states) complex.
#include <complex>
#include <memory>
#include <span>
#include <vector>

#include <ssmscan/scan/linear_recurrence.hpp>
#include <ssmscan/ssm/diagonal_system.hpp>
#include <ssmscan/ssm/discretize_dense.hpp>
#include <ssmscan/ssm/dplr_system.hpp>
#include <ssmscan/ssm/export.hpp>

namespace ssmscan::ssm {

class linear_system {
 public:
  linear_system(index_t inputs, index_t outputs, index_t states)
      : inputs_(inputs), outputs_(outputs), states_(states) {}
  virtual ~linear_system() = default;
  index_t inputs() const { return inputs_; }
  index_t outputs() const { return outputs_; }
  index_t states() const { return states_; }

  // The definition, step by step from `state`, which is left at the end. y may be null: the state alone.
  virtual void recurrence(std::complex<double>* state, double const* u, double* y, index_t length) const = 0;

  // K[l] of that output by that input; D is not in it. Here and below std::invalid_argument where there is no such output or
  // input, and on a length below 1.
  virtual std::vector<double> kernel(index_t output, index_t input, index_t length) const = 0;
  virtual std::vector<float> kernel_of_floats(index_t output, index_t input, index_t length) const;
  virtual double feedthrough(index_t output, index_t input) const = 0;

  // Several sequences packed along time: sequence k is [offsets[k], offsets[k+1]), starts from initial[k] and leaves
  // final[k] (rows of `states`; either may be null: from rest; not wanted).
  struct packed {
    std::span<index_t const> offsets;
    std::complex<double> const* initial;
    std::complex<double>* final;
    index_t sequences() const { return static_cast<index_t>(offsets.size()) - 1; }
  };
  virtual choice scan(double const* u, double* y, index_t length, packed const& states, execution const& how) const = 0;

  // max |eigenvalue of A|: at 1 or above the state does not fade.
  virtual double spectral_radius() const = 0;
  // Beyond it a state grows. A little above 1: an eigenvalue on the unit circle, as it is found, errs by some thousand u.
  static constexpr double greatest_stable_radius = 1 + 1e-12;
  virtual bool grows() const { return spectral_radius() > greatest_stable_radius; }

  // Throws where kernel(., ., length) would for its length.
  virtual void need_kernel_length(index_t length) const;

  // States of which the imaginary part has no meaning: a layer refuses an initial one that has any.
  virtual bool has_real_states() const { return false; }

 protected:
  SSMSCAN_SSM_EXPORT void need_pair(index_t output, index_t input) const;

 private:
  index_t inputs_, outputs_, states_;
};

using linear_system_ptr = std::shared_ptr<linear_system const>;

// S4D, one channel: recurrence O(N) a step, Vandermonde kernel, scan by linear_recurrence, a lane for each eigenvalue and a
// broadcast along time. Throws as discretize(system) does.
SSMSCAN_SSM_EXPORT linear_system_ptr diagonal(diagonal_system const& system);

// S4, one channel. By the bilinear rule: recurrence by dplr_stepper, kernel by kernels/dplr.hpp, scan by affine_matrix over
// the real state (Re x, Im x), (2N)^3 a combine: for small N. By any other rule, which leaves no low rank: a dense system
// over those 2N real states. Throws as check(system) does.
SSMSCAN_SSM_EXPORT linear_system_ptr diagonal_plus_low_rank(dplr_system const& system,
                                                            discretization rule = discretization::bilinear);

// Any real system as matrices, already discrete: the definition, N^2 a step; kernel by powers; scan by affine_matrix. Its states
// are real. From (A, B, C, D) in continuous time: discretize(dense_system{A, B}, ...) gives a and b; C and D are c and d. Throws
// std::invalid_argument on shapes that do not agree and on numbers that are not finite.
struct discrete_dense {
  Eigen::MatrixXd a;  // (N, N)
  Eigen::MatrixXd b;  // (N, inputs)
  Eigen::MatrixXd c;  // (outputs, N)
  Eigen::MatrixXd d;  // (outputs, inputs)
};
SSMSCAN_SSM_EXPORT linear_system_ptr dense(discrete_dense system);

// S5 (Smith, Warrington, Linderman 2023): one diagonal state, driven by all inputs and read by all outputs, each eigenvalue
// with a step of its own.
//   x[t] = a x[t-1] + B u[t],  y = f Re(C x) + D u;  f = 2 for a half spectrum
struct mimo_diagonal_system {
  index_t inputs = 1;
  index_t outputs = 1;
  std::vector<std::complex<double>> lambda{};  // (N)
  std::vector<std::complex<double>> b{};       // (N, inputs)
  std::vector<std::complex<double>> c{};       // (outputs, N)
  std::vector<double> d{};                     // (outputs, inputs)
  std::vector<double> step{};                  // (N), or one for all
  discretization rule = discretization::zoh;
  spectrum kept = spectrum::half;
};
SSMSCAN_SSM_EXPORT linear_system_ptr diagonal(mimo_diagonal_system const& system);

}  // namespace ssmscan::ssm
