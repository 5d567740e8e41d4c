#pragma once
// Error bounds of S4's bilinear forms, each from the exact system of the doubles lambda, p, b, c and step, so that two forms
// differ by at most the sum of theirs. All norms are 2-norms over the whole spectrum (sqrt(2) times a half one's). check(system)
// gives A + A^* <= 0, whence with h = step/2
//   ||(I - h A)^-1|| <= 1,   ||Ab|| <= 1,   Re 1 / (s/c - h lambda) >= 0 at every point of the circle.
// docs/s4.md, "How exact", derives what follows; u = 2^-53, first order, times second_order.
#include <complex>
#include <vector>

#include <Eigen/Core>

#include <ssmscan/ssm/dplr_system.hpp>
#include <ssmscan/ssm/export.hpp>

namespace ssmscan::ssm::detail {

// The recurrence by a matrix, x <- A x + b u, y = Re(c x), beside its error. A residual in long double tells how far A is from
// Ab: as (I - h A) A' - (I + h A) = (I - h A)(A' - Ab), its norm is at least ||A' - Ab||; of b likewise. Then
//   E <- E + (||A' - Ab|| + g ||A'||_F) ||x|| + (||b' - Bb|| + g ||b'||) |u|,   |error of y| <= ||c|| (E + g ||x||)
// g = sqrt(2) m u / (1 - m u), m = 2N + 2: a complex dot product and its sum in any order.
class matrix_run {
 public:
  // `discrete`, `c`: the computed matrices of the whole spectrum.
  SSMSCAN_SSM_EXPORT matrix_run(dplr_system const& exact, dense_system<std::complex<double>> const& discrete,
                                Eigen::RowVectorXcd const& c);
  SSMSCAN_SSM_EXPORT void restart();
  SSMSCAN_SSM_EXPORT void step(double u);
  double output() const { return (c_ * state_).value().real(); }
  double bound() const;
  double size() const { return state_.norm() + error_; }  // at least the exact state's norm
  double distance_of_a() const { return distance_of_a_; }
  double distance_of_b() const { return distance_of_b_; }

 private:
  dense_system<std::complex<double>> discrete_;
  Eigen::RowVectorXcd c_;
  double g_, distance_of_a_, distance_of_b_;
  Eigen::VectorXcd state_;
  double error_ = 0;
};

// ||computed step(x, u) - (Ab x + Bb u)|| <= of_state ||x|| + of_input |u| of dplr_stepper.
struct step_errors {
  double of_state, of_input;
};
SSMSCAN_SSM_EXPORT step_errors errors_of_step(dplr_system const& system);

// dplr_stepper beside its error, E <- E + of_state ||x|| + of_input |u|; the bound is that of y = Re(c x) + d u.
class stepped_run {
 public:
  SSMSCAN_SSM_EXPORT explicit stepped_run(dplr_system const& system);
  SSMSCAN_SSM_EXPORT void restart();
  SSMSCAN_SSM_EXPORT void step(double u);
  double bound() const { return bound_; }

 private:
  dplr_system system_;
  dplr_stepper stepper_;
  step_errors errors_;
  std::vector<std::complex<double>> state_;
  double error_ = 0, bound_ = 0;
};

// The kernel by powers, of `discrete` and c: its bound at each tap, and norms that the bounds of the other forms build on.
struct powers_bound {
  std::vector<double> tap;
  std::vector<double> state;  // at least ||Ab^l Bb||
  double two = 0;             // at least ||K||_2
  double distance_of_a = 0, distance_of_b = 0;
};
SSMSCAN_SSM_EXPORT powers_bound bound_of_powers(dplr_system const& system,
                                                dense_system<std::complex<double>> const& discrete,
                                                Eigen::RowVectorXcd const& c, index_t length);

// Of the kernels that invert a transform: at each tap the sum of
//   ||error of C~|| ||(I - Ab^L/2)^-1|| ||Ab^l Bb||    C~ by squarings, then the row by the last square, beside their norms
//   r^-l times the mean over the roots of |error of K^| a far pole's term: its nodes' errors and the interpolant's
//   r^-l e ||K||_2                                     the transform's e, real_fft::error
enum class spectrum_form { by_roots, by_tangents };  // dplr_kernel_by_roots; dplr_kernel<T>
template <class T>
SSMSCAN_SSM_EXPORT std::vector<double> bound_of_dplr_spectrum(dplr_system const& truncated, index_t length,
                                                              spectrum_form form);  // each root's
template <class T>
SSMSCAN_SSM_EXPORT std::vector<double> bound_of_dplr_kernel(dplr_system const& system, index_t length,
                                                            powers_bound const& powers, spectrum_form form);
SSMSCAN_SSM_EXPORT std::vector<double> bound_of_generating_function(dense_system<std::complex<double>> const& discrete,
                                                                    Eigen::RowVectorXcd const& c, index_t length,
                                                                    powers_bound const& powers);

}  // namespace ssmscan::ssm::detail
