#pragma once
// How a check becomes a row: the largest error/bound over all elements, or over all rows in the 2-norm.
#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <ssmscan/scan/concepts.hpp>
#include <ssmscan/ssm/discretize.hpp>
#include <ssmscan/ssm/validate.hpp>

namespace ssmscan::ssm::detail {

// The rules that rows are made for: the named ones, and a generalised bilinear one between them.
inline std::vector<discretization> validated_rules() {
  std::vector<discretization> made(std::begin(all_discretizations), std::end(all_discretizations));
  made.push_back(discretization::generalized_bilinear(0.75));
  return made;
}

inline constexpr char const* nothing_compared = "nothing is compared: the reference is zero throughout";

// Why a scan by logarithms other than heinsen is not held to anything.
inline char const* why_not_held(algorithm_info const& info) {
  return info.formula == log_formula::in_runs ? "it takes real float alone, which these states are not"
                                              : "no bound is known: the error grows with the sum of log|a|";
}

// Keeps the pair with the largest ratio. Written so that NaN on either side counts as infinitely wrong.
class worst_ratio {
 public:
  void add(double error, double bound) {
    double ratio = error == 0 ? 0 : error / bound;
    if (!(ratio < std::numeric_limits<double>::infinity())) ratio = std::numeric_limits<double>::infinity();
    if (!seen_ || ratio > ratio_) {
      error_ = error;
      bound_ = bound;
      ratio_ = ratio;
      seen_ = true;
    }
  }
  validation_check into(validation_check row) const {
    row.error = error_;
    row.bound = bound_;
    row.ratio = ratio_;
    row.status = seen_ && ratio_ <= 1 ? check_status::pass : check_status::fail;
    return row;
  }

 private:
  double error_ = 0;
  double bound_ = 0;
  double ratio_ = 0;
  bool seen_ = false;
};

// A row whose reference is zero throughout: within its bound it is skipped, for zeros held against zeros prove nothing.
template <class Expected>
validation_check with_something_compared(validation_check row, Expected const& expected) {
  bool const is_zero = std::all_of(expected.begin(), expected.end(), [](auto value) { return value == 0; });
  if (row.status == check_status::pass && is_zero) row.status = check_status::skip, row.reason = nothing_compared;
  return row;
}

// bound(i) for element i. Differences are taken in the wider of both types.
template <class Computed, class Expected, class Bound>
validation_check componentwise(validation_check row, Computed const& computed, Expected const& expected, Bound bound) {
  worst_ratio worst;
  for (std::size_t i = 0; i < expected.size(); ++i)
    worst.add(static_cast<double>(std::abs(computed[i] - expected[i])), bound(i));
  row.norm = "componentwise";
  return with_something_compared(worst.into(std::move(row)), expected);
}

// bound(r) for row r of `length` elements each.
template <class Computed, class Bound>
validation_check by_rows(validation_check row, std::span<Computed const> computed, std::span<double const> expected,
                         std::size_t length, Bound bound) {
  worst_ratio worst;
  for (std::size_t start = 0; start < expected.size(); start += length) {
    double squares = 0;
    for (std::size_t i = start; i < start + length; ++i) {
      double const difference = static_cast<double>(computed[i]) - expected[i];
      squares += difference * difference;
    }
    worst.add(std::sqrt(squares), bound(start / length));
  }
  row.norm = "l2";
  return with_something_compared(worst.into(std::move(row)), expected);
}

}  // namespace ssmscan::ssm::detail
