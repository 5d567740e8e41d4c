#pragma once
// How far from what is expected, where no element has a bound of its own.
#include <algorithm>
#include <cmath>
#include <complex>
#include <cstddef>

namespace ssmscan::ssm::detail {

// The largest difference over the largest modulus expected (over the least that is a number, where all are zero); NaN
// where one is, infinite where sizes differ.
template <class Computed, class Expected>
double error_of_largest(Computed const& computed, Expected const& expected) {
  if (computed.size() != expected.size()) return HUGE_VAL;
  double error = 0, size = 1e-300;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    std::complex<double> const exact(expected[i]);
    double const off = std::abs(std::complex<double>(computed[i]) - exact);
    error = off <= error ? error : off;  // NaN stays
    size = std::max(size, std::abs(exact));
  }
  return error / size;
}

}  // namespace ssmscan::ssm::detail
