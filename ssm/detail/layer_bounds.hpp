#pragma once
// Error bounds of a diagonal layer, per sample of the output. With S and N of the scan's error analysis (S[t] = |a| S[t-1]
// + |b u[t]|, N[t] = |a| (N[t-1] + S[t-1])) a way of computing the state that errs by at most
//   u (alpha N + beta S)       per eigenvalue
// gives an output within f sum_n |c_n| u (alpha N_n + beta S_n) of the exact one, plus what the read-out itself rounds.
// So two weighted sums per sample serve every algorithm that only reassociates:
//   weighted_n = f sum |c_n| N_n     weighted_s = f sum |c_n| S_n          f = 2 for a half spectrum
// Coefficients, u of the arithmetic:
//   recurrence, plain products and sums: each step multiplies (sqrt(5) u) and adds (u), so alpha = sqrt(5) + 1, beta = 1
//   trees on fused multiply-adds: alpha = 2, beta = 2 d, d the algorithm's `roundings` (complex form of bound (A))
#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <span>
#include <vector>

#include <ssmscan/ssm/diagonal_system.hpp>

namespace ssmscan::ssm::detail {

struct state_error {
  double alpha;  // of N
  double beta;   // of S
};

inline constexpr double sqrt_5 = 2.23606797749979;
inline constexpr state_error recurrence_error{sqrt_5 + 1, 1};

inline constexpr double second_order = 1 + 0x1p-20;  // products of roundings, while length * u is far below 2^-20

template <class Real>
inline constexpr double unit = static_cast<double>(std::numeric_limits<Real>::epsilon()) / 2;

struct layer_sums {
  std::vector<double> weighted_n;
  std::vector<double> weighted_s;
  double weight = 0;   // f sum |c_n|
  double largest = 0;  // of all S
};

// (row, t) in the order of the signal. drive(n, u) is b u of eigenvalue n, a[n] the pole, as the arithmetic has them.
template <class A, class Drive>
layer_sums sums_of(std::vector<std::complex<A>> const& a, diagonal_system const& system, std::span<double const> input,
                   std::size_t length, Drive drive) {
  layer_sums sums{std::vector<double>(input.size()), std::vector<double>(input.size())};
  for (std::size_t n = 0; n < a.size(); ++n) {
    double const modulus = std::abs(std::complex<double>(a[n]));
    double const weight = system.read_out_factor() * std::abs(system.c[n]);
    sums.weight += weight;
    double size = 0;
    double sensitivity = 0;
    for (std::size_t i = 0; i < input.size(); ++i) {
      if (i % length == 0) size = sensitivity = 0;
      sensitivity = modulus * (sensitivity + size);
      size = modulus * size + std::abs(std::complex<double>(drive(n, input[i])));
      sums.weighted_n[i] += weight * sensitivity;
      sums.weighted_s[i] += weight * size;
      sums.largest = std::max(sums.largest, size);
    }
  }
  return sums;
}

// Of the state, computed in complex<Real>, carried to output i of a sequence of `length`. Where products of a's or states
// fall below the normal numbers, each of at most length + beta steps may add 4 smallest numbers (two roundings for each of
// two parts), as such or times an S; poles of modulus at most 1 do not enlarge them.
template <class Real>
double carried(layer_sums const& sums, std::size_t i, state_error e, std::size_t length) {
  double const smallest = static_cast<double>(std::numeric_limits<Real>::denorm_min());
  double const underflow = 4 * smallest * (static_cast<double>(length) + e.beta) * sums.weight * (1 + sums.largest);
  return second_order * unit<Real> * (e.alpha * sums.weighted_n[i] + e.beta * sums.weighted_s[i]) + underflow;
}

// Of the read-out in double: per term two products and a difference (2u), then one addition per term, and d u added.
inline double read_out_error(layer_sums const& sums, std::size_t i, std::size_t terms, double d_times_u) {
  double const roundings = static_cast<double>(terms) + 3;
  return second_order * unit<double> * (roundings * sums.weighted_s[i] + 2 * std::abs(d_times_u));
}

}  // namespace ssmscan::ssm::detail
