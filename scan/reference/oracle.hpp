#pragma once
// What is true of x[t] = a[t] x[t-1] + b[t], computed from the stored inputs in quadruple precision, term after term,
// by nothing that is under test; with the sums of which every error bound (reference/bounds.hpp) is made. One oracle,
// made at the greatest length, serves every shorter one: x[t] and its sums depend on the elements up to t only.
//
// With P(t,s) = a[t] a[t-1] ... a[s+1] (docs/numerics.md derives what each is for):
//   S = sum |P(t,s)||b[s]|              sensitivity to b
//   N = sum (t-s) |P(t,s)||b[s]|        sensitivity to a
//   M = sum |log|P|| |P(t,s)||b[s]|     sensitivity to log|a|, with |log|P|| the sum of the |log|a||   (real only)
//   U = sum |P(t,j)|                    what absolute errors (underflow) made at each j weigh at t
//   W = sum |P(t,j)| max(i<j) S[i]      what absolute errors in products that end at j weigh at t
//   Q = max |P| over all intervals up to t; infinite from where a result in T could overflow
// An initial state is one more term, b[-1], at distance t + 1. Reverse: the caller reverses. Tests and benchmarks only.
#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

#include <ssmscan/scan/arithmetic.hpp>

namespace ssmscan::reference {

__extension__ using quad = __float128;  // u = 2^-113: its own error is 2^-60 of double's, and is left out of account

// Sums are kept in double: all terms are >= 0, so that n of them are right to 4n 2^-53, 1e-9 at n = 2^20. Bounds are
// inflated by this factor, which also covers their second-order terms.
inline constexpr double inflation = 1 + 1e-5;

template <class T>
struct real_part_of {
  using type = T;
};
template <class T>
struct real_part_of<std::complex<T>> {
  using type = T;
};
template <class T>
using real_t = typename real_part_of<T>::type;

// Half the distance from 1 to the next T: the unit roundoff u.
template <class T>
inline constexpr double unit_roundoff = static_cast<double>(std::numeric_limits<real_t<T>>::epsilon()) / 2;

// Whether this thread keeps subnormal numbers (neither FTZ nor DAZ is set), as every bound here presumes.
inline bool subnormals_kept() {
#if defined(__SSE__)
  constexpr unsigned flush_to_zero = 0x8000, denormals_are_zero = 0x0040;
  return (_mm_getcsr() & (flush_to_zero | denormals_are_zero)) == 0;
#else
  volatile double smallest = std::numeric_limits<double>::min();
  return smallest / 2 != 0;
#endif
}

// A relative perturbation of every |a| that M's weights allow for: logarithms summed through up to 8190 additions.
template <class T>
inline constexpr double log_perturbation = 8192 * unit_roundoff<T>;

struct condition {
  double s = 0, n = 0, m = 0, u = 0, w = 0, q = 0;
};

enum class initial_state { absent, present };

// T: float, double, std::complex of both.
template <class T>
class oracle {
 public:
  oracle() = default;
  oracle(std::span<T const> a, std::span<T const> b, std::optional<T> initial = std::nullopt)
      : initial_(initial ? initial_state::present : initial_state::absent) {
    x_.reserve(b.size());
    sums_.reserve(b.size());
    quad_value x{};
    state now;
    if (initial) {
      x = widen(*initial);
      now.c.s = now.m_weight = now.s_greatest = magnitude(*initial);
    }
    for (std::size_t t = 0; t < b.size(); ++t) {
      bool const first = t == 0 && !initial;  // a[0] is then not read
      x = first ? widen(b[t]) : step(widen(a[t]), x, widen(b[t]));
      now.advance(first ? T(0) : a[t], b[t], first ? initial_state::absent : initial_state::present);
      x_.push_back(split(x));
      sums_.push_back(now.c);
    }
  }

  index_t size() const { return static_cast<index_t>(x_.size()); }
  initial_state initial() const { return initial_; }
  condition const& at(index_t t) const { return sums_[static_cast<std::size_t>(t)]; }

  // |result - x[t]|; NaN or infinite where the result is.
  double error(index_t t, T result) const {
    auto const& x = x_[static_cast<std::size_t>(t)];
    auto const part = [](double value, pair_of_doubles p) { return std::abs((value - p.high) - p.low); };
    if constexpr (is_complex<T>) {
      return std::hypot(part(static_cast<double>(result.real()), x.real),
                        part(static_cast<double>(result.imag()), x.imag));
    } else {
      return part(static_cast<double>(result), x.real);
    }
  }

  // x[t] rounded to double (complex double).
  auto value(index_t t) const {
    auto const& x = x_[static_cast<std::size_t>(t)];
    if constexpr (is_complex<T>) {
      return std::complex<double>(x.real.high, x.imag.high);
    } else {
      return x.real.high;
    }
  }

 private:
  struct pair_of_doubles {
    double high, low;  // high + low, to 2^-106
  };
  struct pairs {
    pair_of_doubles real, imag;
  };
  struct quad_value {
    quad real, imag;
  };

  static double magnitude(T v) {
    if constexpr (is_complex<T>) {
      return std::hypot(static_cast<double>(v.real()), static_cast<double>(v.imag()));
    } else {
      return std::abs(static_cast<double>(v));
    }
  }
  static quad_value widen(T v) {
    if constexpr (is_complex<T>) {
      return {static_cast<quad>(v.real()), static_cast<quad>(v.imag())};
    } else {
      return {static_cast<quad>(v), 0};
    }
  }
  static quad_value step(quad_value a, quad_value x, quad_value b) {
    if constexpr (is_complex<T>) {
      return {a.real * x.real - a.imag * x.imag + b.real, a.real * x.imag + a.imag * x.real + b.imag};
    } else {
      return {a.real * x.real + b.real, 0};
    }
  }
  static pair_of_doubles split(quad v) {
    auto const high = static_cast<double>(v);
    return {high, std::isfinite(high) ? static_cast<double>(v - static_cast<quad>(high)) : 0.0};
  }
  static pairs split(quad_value v) { return {split(v.real), split(v.imag)}; }

  struct state {
    condition c;
    double m_weight = 0;    // S with every |a| perturbed, so that M holds to second order (semi_log bound)
    double s_greatest = 0;  // max S so far
    double q_here = 0;      // max |P| over intervals that end here

    void advance(T a, T b, initial_state past) {
      double const size = magnitude(a);
      c.n = size * (c.n + c.s);
      c.w = size * c.w + s_greatest;
      c.u = size * c.u + 1;
      if constexpr (!is_complex<T>) {
        double const log_size = size == 0 ? 0 : std::abs(std::log(size));
        double const perturbed = size * std::exp(log_perturbation<T> * log_size);
        c.m = perturbed * (c.m + log_size * m_weight);
        m_weight = perturbed * m_weight + magnitude(b);
      }
      c.s = size * c.s + magnitude(b);
      s_greatest = std::max(s_greatest, c.s);
      q_here = past == initial_state::absent ? 0 : size * std::max(1.0, q_here);
      c.q = std::max(c.q, q_here);
      constexpr double half_of_greatest = static_cast<double>(std::numeric_limits<real_t<T>>::max()) / 2;
      if (!(s_greatest < half_of_greatest && c.q < half_of_greatest)) c.q = std::numeric_limits<double>::infinity();
    }
  };

  std::vector<pairs> x_;
  std::vector<condition> sums_;
  initial_state initial_ = initial_state::absent;
};

// Exact, mod 2^32.
template <>
class oracle<std::uint32_t> {
 public:
  oracle() = default;
  oracle(std::span<std::uint32_t const> a, std::span<std::uint32_t const> b,
         std::optional<std::uint32_t> initial = std::nullopt)
      : x_(b.size()) {
    std::uint32_t x = initial.value_or(0);
    for (std::size_t t = 0; t < b.size(); ++t) x_[t] = x = (t == 0 && !initial ? 0 : a[t] * x) + b[t];
  }

  index_t size() const { return static_cast<index_t>(x_.size()); }
  std::uint32_t value(index_t t) const { return x_[static_cast<std::size_t>(t)]; }
  double error(index_t t, std::uint32_t result) const { return result == value(t) ? 0 : 1; }

 private:
  std::vector<std::uint32_t> x_;
};

}  // namespace ssmscan::reference
