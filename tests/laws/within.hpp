#pragma once
// A result against the bound of its class, element by element: the oracle is quadruple precision on the input.
#include <optional>

#include "tests/laws/subject.hpp"

#include <ssmscan/scan/reference/bounds.hpp>

namespace ssmscan::laws {

// What may be wrong with element t of a result of n elements.
template <class T>
double bound_of(subject<T> const& s, reference::oracle<T> const& exact, index_t t, index_t n) {
  if constexpr (std::floating_point<T>)
    if (s.represents == operation::semi_log) return reference::semi_log_bound(exact, t, s.shape(n));
  return reference::a_priori(exact, t, s.roundings(n));
}

template <class T>
reference::oracle<T> oracle_of(T const* a, T const* b, index_t n, std::optional<T> initial) {
  return reference::oracle<T>({a, static_cast<std::size_t>(n)}, {b, static_cast<std::size_t>(n)}, initial);
}

// "" where x[0..n) is inside; slack(t) is added to each bound.
template <class T, class Slack>
std::string outside(subject<T> const& s, reference::oracle<T> const& exact, T const* x, index_t n, Slack const& slack) {
  for (index_t t = 0; t < n; ++t) {
    double const error = exact.error(t, x[t]), bound = bound_of(s, exact, t, n) + slack(t);
    if (!reference::inside(error, bound))
      return "error " + std::to_string(error / bound) + " of its bound at place " + std::to_string(t);
  }
  return "";
}
template <class T>
std::string outside(subject<T> const& s, reference::oracle<T> const& exact, T const* x, index_t n) {
  return outside(s, exact, x, n, [](index_t) { return 0.0; });
}

}  // namespace ssmscan::laws
