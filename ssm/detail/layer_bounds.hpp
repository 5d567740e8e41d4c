#pragma once
// Error bounds of a diagonal layer, per sample of the output. With S and N of the scan's error analysis (S[t] = |a|
// S[t-1]
// + |b u[t]|, N[t] = |a| (N[t-1] + S[t-1])) a way of computing the state that errs by at most
//   u (alpha N + beta S)       per eigenvalue
// gives an output within f sum_n |c_n| u (alpha N_n + beta S_n) of the exact one, plus what the read-out itself rounds.
// So two weighted sums per sample serve every algorithm:
//   weighted_n = f sum |c_n| N_n     weighted_s = f sum |c_n| S_n          f = 2 for a half spectrum
// Coefficients, u of the arithmetic:
//   recurrence, plain products and sums: each step multiplies (sqrt(5) u) and adds (u), so alpha = sqrt(5) + 1, beta =
//   1 trees on fused multiply-adds: alpha = 2, beta = 2 d, d the algorithm's `roundings` (complex form of bound (A))
#include <cmath>
#include <complex>
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
inline constexpr double underflow = 0x1p-1000;       // below this relative bounds say nothing in double

struct layer_sums {
  std::vector<double> weighted_n;
  std::vector<double> weighted_s;
};

// (row, t) in the order of the signal; drive(b, u) is b u as the arithmetic in question rounds it.
template <class Drive>
layer_sums sums_of(discrete_diagonal const& discrete, diagonal_system const& system, std::span<double const> input,
                   std::size_t length, Drive drive) {
  layer_sums sums{std::vector<double>(input.size()), std::vector<double>(input.size())};
  for (std::size_t n = 0; n < discrete.a.size(); ++n) {
    double const modulus = std::abs(discrete.a[n]);
    double const weight = system.read_out_factor() * std::abs(system.c[n]);
    double size = 0;
    double sensitivity = 0;
    for (std::size_t i = 0; i < input.size(); ++i) {
      if (i % length == 0) size = sensitivity = 0;
      sensitivity = modulus * (sensitivity + size);
      size = modulus * size + std::abs(drive(discrete.b[n], input[i]));
      sums.weighted_n[i] += weight * sensitivity;
      sums.weighted_s[i] += weight * size;
    }
  }
  return sums;
}

// Of the state, carried to output i.
inline double carried(layer_sums const& sums, std::size_t i, state_error e, double u) {
  return second_order * u * (e.alpha * sums.weighted_n[i] + e.beta * sums.weighted_s[i]) + underflow;
}

// Of the read-out in double: per term two products and a difference (2u), then one addition per term, and d u added.
inline double read_out_error(layer_sums const& sums, std::size_t i, std::size_t terms, double d_times_u) {
  double const roundings = static_cast<double>(terms) + 3;
  return second_order * 0x1p-53 * (roundings * sums.weighted_s[i] + 2 * std::abs(d_times_u));
}

}  // namespace ssmscan::ssm::detail
