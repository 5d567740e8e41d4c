#pragma once
// The largest of many errors, for tests that judge by it alone. std::max, and any choice by one comparison, passes over a
// NaN or drops it at the next number, so that a result that is not a number would look like the best of all; here it is
// worse than any, and stays.
#include <algorithm>
#include <cmath>
#include <concepts>
#include <limits>

namespace ssmscan::tests {

template <std::floating_point Real>
Real worse(Real so_far, Real error) {
  return std::isnan(so_far) || std::isnan(error) ? std::numeric_limits<Real>::infinity() : std::max(so_far, error);
}

// The part of what is allowed that an error is. No error is none of nothing; all else is too much where nothing is allowed,
// or what is allowed is not a number.
template <std::floating_point Real>
Real share(Real error, Real allowed) {
  if (allowed > 0) return error / allowed;
  return error == 0 && allowed == 0 ? Real(0) : std::numeric_limits<Real>::infinity();
}

}  // namespace ssmscan::tests
