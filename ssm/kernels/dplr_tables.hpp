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
    std::vector<index_t> near;        // roots on a pole, and w = -1: each by dplr_spectrum_at
  };
  dplr_roots<T> roots;
  std::vector<channel> channels;
};

// Throws std::invalid_argument as dplr_kernels does.
template <class T>
SSMSCAN_SSM_EXPORT dplr_tables<T> make_dplr_tables(std::span<dplr_system const> channels, index_t length,
                                                   read_out_kind kind, int threads);

// Whether some i s - c~ lambda' all but vanishes: the sums cannot be formed there, although the whole is finite.
SSMSCAN_SSM_EXPORT bool on_a_pole(dplr_system const& system, double s, double c);

// K^ at root k of `length`, in double; of the real part of the kernel.
SSMSCAN_SSM_EXPORT std::complex<double> dplr_spectrum_at(dplr_system const& truncated, index_t k, index_t length);

}  // namespace ssmscan::ssm::detail
