#pragma once
// Error bounds of S4D on a device (<ssmscan/ssm/cuda/diagonal_layer.hpp>, convolution.hpp), for whoever holds it to them.
#include <cmath>

#include <ssmscan/ssm/convolution.hpp>
#include <ssmscan/ssm/detail/layer_bounds.hpp>

namespace ssmscan::ssm::detail {

// As fft_convolution_bound, for any n: a stage of prime p multiplies by a matrix of norm sqrt(p) whose moduli's has norm p, with
// p - 1 sums, a product (sqrt 5 u), and a twiddle (mu) for each: sqrt(p) (p + 2) u + mu of the stage's result. For p = 2 that is
// the textbook's. mu = 4u: tables or sincospi, and a product of two.
template <class T>
double mixed_radix_convolution_bound(index_t n, vector_norms kernel, vector_norms input) {
  double const u = unit<T>;
  double e = 0;
  for (index_t p = 2; n > 1; ++p)
    for (; n % p == 0; n /= p) e += std::sqrt(static_cast<double>(p)) * (static_cast<double>(p) + 2) * u + 4 * u;
  e *= 1 + 0x1p-10;
  return (1 + 8 * e) * ((2 * e + (sqrt_5 + 1) * u) * kernel.one * input.two + e * input.one * kernel.two);
}

// The scan: roundings that a term of a sum passes through, at most, in units of u, first order; a sum of parts counts twice:
//   own chunk   the tap, 64 sums
//   others      a power (2), 64 sums, b and its product (4), 64 chunks and the tiles of a carry each (a factor 2, a product and a
//               sum 3), f c a and its product (4), a power (2) and 2 sums a state
inline double device_scan_roundings(index_t states, index_t length) {
  double const tiles = static_cast<double>(length) / 4096 + 1;
  return 2 * (64 + 64 + 2 * static_cast<double>(states) + 12) + 5 * (64 + tiles) + 16;
}

// A kernel's taps beyond diagonal_kernel_bound, in units of 2^-53 of f sum |b c|: CUDA's exp and sincos (2 ulp each), seven
// products with a power that itself errs by 20u.
inline constexpr double device_kernel_roundings = 200;

}  // namespace ssmscan::ssm::detail
