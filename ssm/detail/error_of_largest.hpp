#pragma once
// How far from what is expected, where no element has a bound of its own.
#include <algorithm>
#include <cmath>
#include <complex>
#include <cstddef>

namespace ssmscan::ssm::detail {

// The largest difference over the largest modulus expected (over 1e-300, where all are zero); infinite where one is
// not a number, and where sizes differ.
template <class Computed, class Expected>
double error_of_largest(Computed const& computed, Expected const& expected) {
  if (computed.size() != expected.size()) return HUGE_VAL;
  double error = 0, size = 1e-300;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    std::complex<double> const exact(expected[i]);
    double const off = std::abs(std::complex<double>(computed[i]) - exact);
    error = std::isnan(off) ? HUGE_VAL : std::max(error, off);
    size = std::max(size, std::abs(exact));
  }
  return error / size;
}

}  // namespace ssmscan::ssm::detail
