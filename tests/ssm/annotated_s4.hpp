#pragma once
// The Annotated S4's cases (tests/data/annotated_s4) as systems: their full spectrum, and the half of it that S4 keeps; with C~, or c.
#include <cmath>
#include <complex>
#include <string>

#include "tests/ssm/reference_data.hpp"
#include <Eigen/Dense>

#include <ssmscan/ssm/discretize_dense.hpp>
#include <ssmscan/ssm/dplr_system.hpp>

namespace ssmscan::ssm::test {

inline std::string const annotated_s4_cases[] = {"annotated_s4/a", "annotated_s4/b", "annotated_s4/c"};

// Its c is C~, which they learn, and conjugated, as they use it.
inline dplr_system annotated_s4(std::string const& name) {
  using complex = std::complex<double>;
  dplr_system made{.lambda = reference<complex>(name + ".Lambda"),
                   .p = reference<complex>(name + ".P"),
                   .b = reference<complex>(name + ".B"),
                   .c = reference<complex>(name + ".C"),
                   .step = reference<double>(name + ".step").at(0),
                   .kept = spectrum::full};
  for (complex& c : made.c) c = std::conj(c);
  return made;
}

// Of a full spectrum in conjugate pairs, of rank 1. A partner's eigenvector is the conjugate but for a phase, which z, |z| = 1, takes
// out: z b_partner = conj b_n, and p alike. The real part of the output sees of any c, or C~, (c_n + conj(c_partner / z)) / 2.
inline dplr_system half_of(dplr_system const& full) {
  using complex = std::complex<double>;
  dplr_system half{.d = full.d, .step = full.step};
  for (std::size_t n = 0; n < full.lambda.size(); ++n) {
    if (full.lambda[n].imag() <= 0) continue;
    std::size_t partner = 0;
    for (std::size_t k = 0; k < full.lambda.size(); ++k)
      if (std::abs(full.lambda[k] - std::conj(full.lambda[n])) <
          std::abs(full.lambda[partner] - std::conj(full.lambda[n])))
        partner = k;
    half.lambda.push_back(full.lambda[n]), half.p.push_back(full.p[n]), half.b.push_back(full.b[n]);
    complex const z = std::conj(full.b[n]) / full.b[partner];
    EXPECT_LE(std::abs(z * full.p[partner] - std::conj(full.p[n])), 1e-12);
    half.c.push_back((full.c[n] + std::conj(full.c[partner] / z)) / 2.0);
  }
  EXPECT_EQ(2 * half.lambda.size(), full.lambda.size());
  return half;
}

// The system with the read-out that the recurrence takes: c = C~ (I - Ab^length)^-1.
inline dplr_system of_recurrence(dplr_system system, index_t length) {
  auto const whole = matrices_of(system);
  Eigen::MatrixXcd squared = discretize(whole.continuous, system.step, discretization::bilinear).a;
  Eigen::MatrixXcd const identity = Eigen::MatrixXcd::Identity(squared.rows(), squared.rows());
  Eigen::MatrixXcd power = identity;
  for (index_t left = length; left > 0; left /= 2) {
    if (left % 2 != 0) power = (power * squared).eval();
    squared = (squared * squared).eval();
  }
  Eigen::RowVectorXcd const c = (identity - power).transpose().partialPivLu().solve(whole.c.transpose()).transpose();
  system.c = {c.begin(), c.end()};
  return system;
}

}  // namespace ssmscan::ssm::test
