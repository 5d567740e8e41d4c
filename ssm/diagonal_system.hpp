#pragma once
// A diagonal linear system, continuous in time: x' = lambda x + b u, y = Re(c x) + d u, elementwise in the state, and
// the rule that makes it a recurrence. With a half spectrum each eigenvalue stands for a conjugate pair: y = 2 Re(c x).
#include <complex>
#include <vector>

#include <ssmscan/ssm/discretize.hpp>
#include <ssmscan/ssm/export.hpp>
#include <ssmscan/ssm/spectrum.hpp>

namespace ssmscan::ssm {

struct diagonal_system {
  std::vector<std::complex<double>> lambda{};
  std::vector<std::complex<double>> b{};
  std::vector<std::complex<double>> c{};  // the row vector of the read-out, not conjugated
  double d = 0;
  double step = 1;
  discretization rule = discretization::zoh;
  spectrum kept = spectrum::half;

  // 2 for a half spectrum, 1 for a full one.
  double read_out_factor() const { return kept == spectrum::half ? 2.0 : 1.0; }
};

// x[t] = a x[t-1] + b u[t], elementwise.
struct discrete_diagonal {
  std::vector<std::complex<double>> a;
  std::vector<std::complex<double>> b;

  // max |a|: at 1 or above the state does not fade.
  SSMSCAN_SSM_EXPORT double spectral_radius() const;
};

// b u[t], one rounding per part, and Re(c x): every mode and every check forms them here.
template <class Real>
std::complex<Real> drive(std::complex<Real> b, Real u) {
  return {b.real() * u, b.imag() * u};
}
inline double read_out(std::complex<double> c, std::complex<double> x) {
  return c.real() * x.real() - c.imag() * x.imag();
}

// Throws std::invalid_argument unless lambda, b, c are of one length, at least 1, all finite, and step is positive;
// discretize also where the bilinear rule divides by zero (step * lambda = 2).
SSMSCAN_SSM_EXPORT void check(diagonal_system const& system);
SSMSCAN_SSM_EXPORT discrete_diagonal discretize(diagonal_system const& system);

}  // namespace ssmscan::ssm
