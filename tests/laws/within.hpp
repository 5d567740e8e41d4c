#pragma once
// A result against the bound of its class, element by element; the oracle is quadruple precision on the input.
#include <map>
#include <optional>
#include <stdexcept>

#include "tests/laws/subject.hpp"

#include <ssmscan/scan/reference/bounds.hpp>
#include <ssmscan/scan/reference/heinsen_bound.hpp>

namespace ssmscan::laws {

// All but what is registered to show an error that nothing bounds.
template <class T>
bool has_a_bound(subject<T> const& s) {
  return s.formula != log_formula::as_printed;
}

// A bound is infinite where its proof says nothing: taken as it is, or refused where the data are such that it must speak.
enum class no_bound { passes, fails };

// What is true, and what may be wrong with it, for one sequence and every subject.
template <class T>
class yardstick {
 public:
  yardstick(std::vector<T> a, std::vector<T> b, std::optional<T> initial)
      : a_(std::move(a)), b_(std::move(b)), initial_(initial), exact_(a_, b_, initial) {}

  reference::oracle<T> const& exact() const { return exact_; }

  // Of element t of a result that a tree over n >= t + 1 elements gave.
  double bound(subject<T> const& s, index_t t, index_t n) const {
    return with_bounds(s, n, [t](auto const& bound_at) { return bound_at(t); });
  }

  // "" where x[0..length) is inside.
  std::string outside(subject<T> const& s, T const* x, index_t length, index_t n,
                      no_bound none = no_bound::passes) const {
    return with_bounds(s, n, [&](auto const& bound_at) -> std::string {
      for (index_t t = 0; t < length; ++t) {
        double const error = exact_.error(t, x[t]), allowed = bound_at(t);
        if (none == no_bound::fails && !std::isfinite(allowed)) return "nothing bounds place " + std::to_string(t);
        if (!reference::inside(error, allowed))
          return "error " + std::to_string(error / allowed) + " of its bound at place " + std::to_string(t);
      }
      return "";
    });
  }
  std::string outside(subject<T> const& s, std::vector<T> const& x, no_bound none = no_bound::passes) const {
    auto const n = static_cast<index_t>(x.size());
    return outside(s, x.data(), n, n, none);
  }

 private:
  // judge(bound of element t) with what depends on the length alone found once.
  template <class Judge>
  auto with_bounds(subject<T> const& s, index_t n, Judge const& judge) const {
    if (s.result == result_class::reformulates)
      return judge([&known = reformulated(s, n)](index_t t) { return known[static_cast<std::size_t>(t)]; });
    if constexpr (std::floating_point<T>)
      if (s.represents == operation::semi_log)
        return judge([this, shape = s.shape(n), library = s.library](index_t t) {
          return reference::semi_log_bound(exact_, t, shape, library);
        });
    return judge([this, roundings = s.roundings(n)](index_t t) { return reference::a_priori(exact_, t, roundings); });
  }

  // A prefix's bounds are the whole's: found for as many elements as were asked for.
  std::vector<double> const& reformulated(subject<T> const& s, index_t n) const {
    if (s.formula != log_formula::restarted && s.formula != log_formula::in_runs)
      throw std::logic_error(s.name + " reformulates: it needs a bound of its own here");
    auto& known = of_heinsen_[std::pair(s.roundings(n), s.library.exp)];
    auto const length = static_cast<std::size_t>(std::min(n, exact_.size()));
    if (known.size() < length)
      known = reference::heinsen_bound<T>(std::span(a_).first(length), std::span(b_).first(length), s.roundings(n),
                                          initial_, s.library);
    return known;
  }

  std::vector<T> a_, b_;
  std::optional<T> initial_;
  reference::oracle<T> exact_;
  mutable std::map<std::pair<index_t, double>, std::vector<double>> of_heinsen_;  // by roundings and library
};

}  // namespace ssmscan::laws
