#pragma once
// What dplr_kernels makes of its channels before any kernel: the same for the forms on a CPU and on a device.
#include <complex>
#include <span>
#include <vector>

#include <ssmscan/ssm/kernels/dplr.hpp>
#include <ssmscan/ssm/kernels/dplr_sums.hpp>

namespace ssmscan::ssm::detail {

template <class T>
struct dplr_channel {
  dplr_system truncated;            // its c is C~ of the circle
  std::vector<dplr_pole<T>> poles;  // of a half spectrum of rank 1; none of others, which dplr_spectrum_at makes
  std::vector<block_range> blocks;  // that each pole is near; empty where the sums are made root by root
  std::complex<double> last;        // K^ at theta = pi, of an even length, where the sums' t is infinite
};

template <class T>
struct dplr_tables {
  dplr_roots<T> roots;
  dplr_blocks<T> blocks;
  std::vector<dplr_channel<T>> channels;
};

// mu and w of dplr_sums.hpp, of h and tau. No sum that makes mu cancels, as Re lambda <= 0:
//   Re mu = ((1 + tau^2) Re lambda' - tau (1 + |lambda'|^2)) / |1 - tau lambda'|^2,   Im mu = (1 - tau^2) Im lambda' / (.)
template <class Real>
struct damped {
  std::complex<Real> mu, weight;
};
template <class Real>
damped<Real> damped_pole(std::complex<double> lambda, Real h, Real tau) {
  std::complex<Real> const l = h * std::complex<Real>(lambda), below = Real(1) - tau * l;
  Real const squared = std::norm(below);
  return {{((1 + tau * tau) * l.real() - tau * (1 + std::norm(l))) / squared, (1 - tau * tau) * l.imag() / squared},
          h / squared * std::conj(below)};
}

// Throws std::invalid_argument as dplr_kernels does.
template <class T>
SSMSCAN_SSM_EXPORT dplr_tables<T> make_dplr_tables(std::span<dplr_system const> channels, index_t length,
                                                   read_out_kind kind, int threads);

// Of the roots of `length`: blocks of some sqrt(d roots / 5), for which what is summed at nodes and what root by root is least.
template <class T>
SSMSCAN_SSM_EXPORT dplr_blocks<T> make_dplr_blocks(index_t length);

// Of a system whose c is C~ of the circle.
template <class T>
SSMSCAN_SSM_EXPORT dplr_channel<T> dplr_channel_of(dplr_system truncated, index_t length, dplr_blocks<T> const& blocks);

// 1 / |T_d(xi)| at most, of a pole mu seen from the middle of that block: what interpolation makes of its term, relative to it.
template <class T>
SSMSCAN_SSM_EXPORT double far_error(std::complex<double> mu, index_t block, index_t length,
                                    dplr_blocks<T> const& blocks);

// K^ at root k of the circle, in double; of the real part of the kernel.
SSMSCAN_SSM_EXPORT std::complex<double> dplr_spectrum_at(dplr_system const& truncated, index_t k, index_t length);

}  // namespace ssmscan::ssm::detail
