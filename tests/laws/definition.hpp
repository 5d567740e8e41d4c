#pragma once
// The definition's one step, x[t] from x[t-1], written out from docs/numerics.md and not by the library's operators: real,
// one fused multiply-add; complex, in each part an inner and an outer one; uint32_t, modulo 2^32. What a form that is exact
// gives on any data, bit for bit.
#include <cmath>

#include "tests/laws/fenced.hpp"

#include <ssmscan/scan/arithmetic.hpp>

namespace ssmscan::laws {

template <class T>
T defined_step(T a, T state, T b) {
  if constexpr (is_complex<T>) {
    auto const inner_real = std::fma(-a.imag(), state.imag(), b.real()),
               inner_imag = std::fma(a.imag(), state.real(), b.imag());
    return T(std::fma(a.real(), state.real(), inner_real), std::fma(a.real(), state.imag(), inner_imag));
  } else if constexpr (std::floating_point<T>) {
    return std::fma(a, state, b);
  } else {
    return static_cast<T>((std::uint64_t{a} * state + b) % (std::uint64_t{1} << 32));
  }
}

// Bit for bit, the sign of zero with it; a NaN is a NaN, in each part.
template <class T>
bool same_value(T const& p, T const& q) {
  if constexpr (is_complex<T>) {
    return same_value(p.real(), q.real()) && same_value(p.imag(), q.imag());
  } else if constexpr (std::floating_point<T>) {
    return std::isnan(p) ? std::isnan(q) : same_bits(p, q);
  } else {
    return p == q;
  }
}

}  // namespace ssmscan::laws
