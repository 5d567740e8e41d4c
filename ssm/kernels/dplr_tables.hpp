#pragma once
// What dplr_kernels makes of its channels before any kernel: the same for the forms on a CPU and on a device.
#include <complex>
#include <span>
#include <vector>

#include <ssmscan/ssm/kernels/dplr.hpp>
#include <ssmscan/ssm/kernels/dplr_sums.hpp>

namespace ssmscan::ssm::detail {

template <class T>
struct dplr_tables {
  struct channel {
    dplr_system truncated;            // its c is C~
    std::vector<dplr_pole<T>> poles;  // of a half spectrum of rank 1; none of others, which dplr_spectrum_at makes
    std::vector<block_range> blocks;  // that each pole is near; empty where the sums are made root by root
    std::vector<index_t> near;        // roots on a pole, of floats beside one, and w = -1: each by dplr_spectrum_at
  };
  dplr_roots<T> roots;
  dplr_blocks<T> blocks;
  std::vector<channel> channels;
};

// Throws std::invalid_argument as dplr_kernels does.
template <class T>
SSMSCAN_SSM_EXPORT dplr_tables<T> make_dplr_tables(std::span<dplr_system const> channels, index_t length,
                                                   read_out_kind kind, int threads);

// Of the roots of `length`: blocks of some sqrt(d roots / 5), for which what is summed at nodes and what root by root is least.
template <class T>
SSMSCAN_SSM_EXPORT dplr_blocks<T> make_dplr_blocks(index_t length);

// 1 / |T_d(xi)| at most, of a pole seen from the middle of that block: what interpolation makes of its term, relative to it.
template <class T>
SSMSCAN_SSM_EXPORT double far_error(std::complex<double> lambda, double half_step, index_t block, index_t length,
                                    dplr_blocks<T> const& blocks);

// Whether some i s - c~ lambda' all but vanishes: the sums cannot be formed there, although the whole is finite.
SSMSCAN_SSM_EXPORT bool on_a_pole(dplr_system const& system, double s, double c);

// K^ at root k of `length`, in double; of the real part of the kernel.
SSMSCAN_SSM_EXPORT std::complex<double> dplr_spectrum_at(dplr_system const& truncated, index_t k, index_t length);

}  // namespace ssmscan::ssm::detail
