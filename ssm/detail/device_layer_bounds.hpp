#pragma once
// Error bounds of S4D on a device (<ssmscan/ssm/cuda/diagonal_layer.hpp>, convolution.hpp), for whoever holds it to them.
#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include <ssmscan/ssm/convolution.hpp>
#include <ssmscan/ssm/detail/layer_bounds.hpp>
#include <ssmscan/ssm/kernels/diagonal.hpp>

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

// |taps that a device made - diagonal_kernel_by_taps|: both bounds, and beyond them, in units of 2^-53 of f sum |b c|, CUDA's exp
// and sincos (2 ulp each) and seven products with a power that itself errs by 20u.
template <class T>
std::vector<double> device_kernel_bound(diagonal_system const& system, index_t length) {
  constexpr double roundings = 200;
  discrete_diagonal const discrete = discretize(system);
  double weight = 0;
  for (std::size_t n = 0; n < system.c.size(); ++n)
    weight += system.read_out_factor() * std::abs(system.c[n] * discrete.b[n]);
  std::vector<double> bound = diagonal_kernel_bound<T>(system, length);
  std::vector<double> const of_host = diagonal_kernel_bound<double>(system, length);
  for (std::size_t l = 0; l < bound.size(); ++l) bound[l] += of_host[l] + roundings * unit<double> * weight;
  return bound;
}

// |a device's layer in T - the recurrence in double with the stored poles|, sequences of `length` one after another; u as T has it.
template <class T>
class device_layer_bounds {
 public:
  device_layer_bounds(diagonal_system const& system, std::span<double const> u, std::size_t length)
      : system_(system), u_(u), length_(length) {
    discrete_diagonal const discrete = discretize(system);
    sums_ = sums_of(discrete.a, system, u, length, [&](std::size_t n, double x) { return drive(discrete.b[n], x); });
    for (std::size_t n = 0; n < discrete.a.size(); ++n)
      stored_ =
          std::max(stored_, discretization_error(system.lambda[n], system.step, system.rule) / std::abs(discrete.a[n]));
  }
  // Of sample i by the scan.
  double scan(std::size_t i) const {
    double const roundings = device_scan_roundings(index_t(system_.lambda.size()), index_t(length_));
    return second_order * unit<T> * roundings * (sums_.weighted_s[i] + std::abs(system_.d * u_[i])) + recurrence(i) +
           lost;
  }
  // Of row r in the 2-norm, by transforms of so many points: theirs with the kernel as it should be, the kernel's own through
  // ||u||_2, and d u with its sum. y: what is expected.
  double convolution(std::size_t r, index_t points, std::span<double const> y) {
    if (kernel_off_ < 0) {
      std::vector<double> const kernel = diagonal_kernel_by_taps(system_, index_t(length_)),
                                off = device_kernel_bound<T>(system_, index_t(length_));
      kernel_ = norms_of(std::span<double const>(kernel)), kernel_off_ = norms_of(std::span<double const>(off)).one;
    }
    vector_norms const input = norms_of(u_.subspan(r * length_, length_));
    double skipped = 0, others = 0;
    for (std::size_t i = r * length_; i < (r + 1) * length_; ++i) {
      skipped += std::pow(std::abs(y[i]) + std::abs(system_.d * u_[i]), 2);
      others += std::pow(recurrence(i) + lost, 2);
    }
    return mixed_radix_convolution_bound<T>(points, {kernel_.one + kernel_off_, kernel_.two + kernel_off_}, input) +
           kernel_off_ * input.two + 2 * unit<T> * std::sqrt(skipped) + std::sqrt(others);
  }

 private:
  // Below the normal numbers, some thousands of times.
  static constexpr double lost = static_cast<double>(std::numeric_limits<T>::min()) / unit<T>;
  double recurrence(std::size_t i) const {
    return carried<double>(sums_, i, recurrence_error, length_) +
           2 * read_out_error(sums_, i, system_.lambda.size(), system_.d * u_[i]) +
           second_order * stored_ * sums_.weighted_n[i];
  }
  diagonal_system const& system_;
  std::span<double const> u_;
  std::size_t length_;
  layer_sums sums_;
  double stored_ = 0, kernel_off_ = -1;  // of the stored poles, relative; of the kernel, in the 1-norm
  vector_norms kernel_{};
};

}  // namespace ssmscan::ssm::detail
