#pragma once
// A diagonal plus low-rank system in long double, by the definition: its steps as a dense matrix, its kernel by powers.
#include <complex>
#include <vector>

#include "tests/ssm/numbers.hpp"
#include <Eigen/Dense>

#include <ssmscan/ssm/dplr_system.hpp>

namespace ssmscan::ssm::test {

using wide = long double;
using wide_complex = std::complex<wide>;
using wide_matrix = Eigen::Matrix<wide_complex, Eigen::Dynamic, Eigen::Dynamic>;

// Ab, Bb and c of the doubles, in long double: 2^-11 of what the forms may be off by: the oracle of what is computed in double.
struct wide_system {
  wide_matrix a, b, c;

  explicit wide_system(dplr_system const& of) {
    bool const half = of.kept == spectrum::half;
    index_t const n = of.size(), whole = half ? 2 * n : n;
    wide_matrix continuous = wide_matrix::Zero(whole, whole), p(whole, of.rank());
    b.resize(whole, 1), c.resize(1, whole);
    for (index_t i = 0; i < whole; ++i) {
      auto const value = [&](std::complex<double> x) { return wide_complex(i < n ? x : std::conj(x)); };
      continuous(i, i) = value(of.lambda[at(i % n)]);
      b(i, 0) = value(of.b[at(i % n)]), c(0, i) = value(of.c[at(i % n)]);
      for (index_t r = 0; r < of.rank(); ++r) p(i, r) = value(of.p[at(r * n + i % n)]);
    }
    continuous -= p * p.adjoint();
    wide_matrix const identity = wide_matrix::Identity(whole, whole);
    wide const h = static_cast<wide>(of.step) / 2;
    Eigen::PartialPivLU<wide_matrix> const lu(identity - h * continuous);
    a = lu.solve(identity + h * continuous), b = lu.solve(2 * h * b).eval();
  }
  std::vector<wide> kernel(index_t length) const {
    std::vector<wide> made;
    wide_matrix x = b;
    for (index_t l = 0; l < length; ++l, x = (a * x).eval()) made.push_back((c * x).value().real());
    return made;
  }
};

}  // namespace ssmscan::ssm::test
