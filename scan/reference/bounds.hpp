#pragma once
// Error bounds with proofs (docs/numerics.md), as code. Two are known before the scan is run, from the oracle's sums:
// a_priori, (A), for affine scans in any bracketing, and semi_log_bound. Two run along with it: running_error, (B), for
// the sequential scan, and running_affine, (C), a monoid that carries its own error through any tree.
//
// A bound is infinite where its proof says nothing: where some product of a's, or S, can overflow, or where k u >= 1.
// `inside(error, bound)` is the comparison to make. Subnormal numbers must be kept (subnormals_kept()).
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numbers>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <ssmscan/scan/backends/serial.hpp>
#include <ssmscan/scan/reference/math_library.hpp>
#include <ssmscan/scan/reference/oracle.hpp>
#include <ssmscan/scan/registry.hpp>
#include <ssmscan/scan/scan.hpp>

namespace ssmscan::reference {

inline bool inside(double error, double bound) { return error <= bound || std::isinf(bound); }

// Relative error of one product or fused multiply-add, in u: real 1. Complex 2: two roundings, of parts no greater than
// |a||b| + |c| each.
template <class T>
inline constexpr double rounding = is_complex<T> ? 2 : 1;

// Absolute error of the same where the result is subnormal: half the smallest subnormal a rounding; complex: two
// roundings for each of two parts.
template <class T>
inline constexpr double underflow = (is_complex<T> ? 2 * std::numbers::sqrt2 : 1) *
                                    static_cast<double>(std::numeric_limits<real_t<T>>::denorm_min()) / 2;

// float's half of the smallest subnormal is a double; double's own is not, and takes the whole.
template <>
inline constexpr double underflow<double> = std::numeric_limits<double>::denorm_min();

namespace detail {

inline constexpr double nothing_said = std::numeric_limits<double>::infinity();

// Errors that meet twice (underflow times underflow) are covered by the inflation as long as this holds.
template <class T>
bool second_order_is_covered(condition const& c, index_t t, double roundings) {
  return underflow<T> * static_cast<double>(t + 1) * roundings * c.q <= inflation - 1;
}

}  // namespace detail

// (A): |result[t] - x[t]| for an affine scan in which no element passes through more than `roundings` right-operand
// steps (algorithm_info::roundings of any length from t + 1 on).
template <class T>
double a_priori(oracle<T> const& exact, index_t t, index_t roundings) {
  condition const& c = exact.at(t);
  // The initial state is taken in by the first leaf, which is never a right operand: one rounding on its way in.
  double const d =
      static_cast<double>(exact.initial() == initial_state::present ? std::max<index_t>(roundings, 1) : roundings);
  double const u = rounding<T> * unit_roundoff<T>;
  double const most = (static_cast<double>(t + 1) + d) * u;
  if (!(most < 1) || !detail::second_order_is_covered<T>(c, t, d)) return detail::nothing_said;
  double const small = underflow<T> * (d * c.u + std::max(d - 1, 0.0) * c.w);
  return (u * (c.n + d * c.s) + small) / (1 - most) * inflation;
}

// The shape of an algorithm's tree at one length, as far as bounds need it.
struct tree_shape {
  index_t left = 0;    // most steps in which one element belongs to the left operand
  index_t right = 0;   // ... to the right operand: d of (A)
  index_t summed = 0;  // most additions that one log|a| passes through before an exp is taken of the sum
  friend bool operator==(tree_shape const&, tree_shape const&) = default;
};

// A monoid that counts. Each value knows the worst of its leaves; a prefix that is stored has been a result.
struct shape_monoid {
  struct value_type {
    index_t left, right, depth, summed;
    friend bool operator==(value_type const&, value_type const&) = default;
  };
  value_type identity() const { return {0, 0, 0, 0}; }
  value_type operator()(value_type const& earlier, value_type const& later) const {
    return {std::max(earlier.left + 1, later.left), std::max(earlier.right, later.right + 1),
            std::max(earlier.depth, later.depth) + 1, std::max({earlier.summed, later.summed, later.depth})};
  }
};

// Found by running A on the counting monoid, on one thread.
template <class A>
tree_shape measure_tree(index_t time) {
  serial on;
  tree_shape worst;
  scan(
      on, A{}, shape_monoid{}, {1, time}, [](index_t, index_t) { return shape_monoid{}.identity(); },
      [&worst](index_t, index_t, shape_monoid::value_type const& v) {
        worst = {std::max(worst.left, v.left), std::max(worst.right, v.right), std::max(worst.summed, v.summed)};
      });
  return worst;
}

// The same by an algorithm's name; empty for a name that is not a tree of combines (heinsen) or not of the registry.
inline std::optional<tree_shape> tree_of(std::string_view algorithm, index_t time) {
  std::optional<tree_shape> found;
  algorithms::for_each([&]<class A>(std::type_identity<A>) {
    if constexpr (supports<A, serial, shape_monoid>) {
      if (A::info.name != algorithm || !A::info.variant.empty()) return;
      static std::map<index_t, tree_shape> known;
      auto const at = known.find(time);
      found = at != known.end() ? at->second : known.emplace(time, measure_tree<A>(time)).first->second;
    }
  });
  return found;
}

// The semi_log monoid in a tree of the given shape. A term b[s] meets one exp and one fma in each left step (no more
// than t - s of them), one fma in each right step; each log|a| is rounded once when made and once in each addition.
template <std::floating_point T>
double semi_log_bound(oracle<T> const& exact, index_t t, tree_shape const& tree,
                      math_library const& library = c_library) {
  condition const& c = exact.at(t);
  double const right =
      static_cast<double>(exact.initial() == initial_state::present ? std::max<index_t>(tree.right, 1) : tree.right);
  double const left = static_cast<double>(std::min(tree.left, t + 1)), u = unit_roundoff<T>;
  double const logarithms = static_cast<double>(tree.summed) + library.log;
  double const most = ((1 + library.exp) * left + right) * u;
  if (!(most < 1) || logarithms * u > log_perturbation<T> || !detail::second_order_is_covered<T>(c, t, 2 * right))
    return detail::nothing_said;
  double const relative = u * (logarithms * c.m + (1 + library.exp) * std::min(c.n, left * c.s) + right * c.s);
  double const small = underflow<T> * right * (c.u + 2 * c.w);  // exp: within one subnormal; fma: within half
  return (relative + small) / (1 - most) * inflation;
}

namespace detail {

template <class T>
double magnitude(T v) {
  if constexpr (is_complex<T>) {
    return std::hypot(static_cast<double>(v.real()), static_cast<double>(v.imag()));
  } else {
    return std::abs(static_cast<double>(v));
  }
}

// The roundings of one multiply_add(a, x, b) = result, and of one multiply(a, x) = result, from the values computed.
template <class T>
double rounding_of_multiply_add(T a, T x, T b, T result) {
  if constexpr (is_complex<T>) {  // the inner fused multiply-adds of arithmetic.hpp, then the outer
    T const inner(std::fma(-a.imag(), x.imag(), b.real()), std::fma(a.imag(), x.real(), b.imag()));
    return unit_roundoff<T> * (magnitude(inner) + magnitude(result)) + underflow<T>;
  } else {
    return unit_roundoff<T> * magnitude(result) + underflow<T>;
  }
}
template <class T>
double rounding_of_multiply(T a, T x, T result) {
  if constexpr (is_complex<T>) {
    T const inner(a.imag() * x.imag(), a.imag() * x.real());
    return unit_roundoff<T> * (magnitude(inner) + magnitude(result)) + underflow<T>;
  } else {
    return unit_roundoff<T> * magnitude(result) + underflow<T>;
  }
}

}  // namespace detail

// (B): what the sequential scan's own result x says of its error, at every t.
template <class T>
std::vector<double> running_error(std::span<T const> a, std::span<T const> b, std::span<T const> x,
                                  std::optional<T> initial = std::nullopt) {
  std::vector<double> bounds(x.size());
  double error = 0;
  for (std::size_t t = 0; t < x.size(); ++t) {
    if (t > 0 || initial)
      error = detail::magnitude(a[t]) * error +
              detail::rounding_of_multiply_add(a[t], t > 0 ? x[t - 1] : *initial, b[t], x[t]);
    bounds[t] = error * inflation;
  }
  return bounds;
}

// (C): the affine monoid with an error beside each value, run by any algorithm: |b - exact b| <= b_error * inflation.
template <class T>
struct running_affine {
  struct value_type {
    T a, b;
    double a_error = 0, b_error = 0;
    friend bool operator==(value_type const&, value_type const&) = default;
  };
  value_type identity() const { return {T(1), T(0), 0, 0}; }
  value_type operator()(value_type const& earlier, value_type const& later) const {
    T const a = multiply(later.a, earlier.a), b = multiply_add(later.a, earlier.b, later.b);
    double const past_a = detail::magnitude(earlier.a) + earlier.a_error;
    double const past_b = detail::magnitude(earlier.b) + earlier.b_error, size = detail::magnitude(later.a);
    return {a, b, size * earlier.a_error + later.a_error * past_a + detail::rounding_of_multiply(later.a, earlier.a, a),
            size * earlier.b_error + later.a_error * past_b + later.b_error +
                detail::rounding_of_multiply_add(later.a, earlier.b, later.b, b)};
  }
};

}  // namespace ssmscan::reference
