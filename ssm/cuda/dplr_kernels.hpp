#pragma once
// The S4 kernel of <ssmscan/ssm/kernels/dplr.hpp> on a CUDA device, for many channels at one length: Cauchy sums and Woodbury at
// the roots of unity, then one inverse transform of all channels by cuFFT. Component ssmscan::ssm_cuda; no CUDA header is needed
// to include this.
#include <cstddef>
#include <memory>
#include <span>

#include <ssmscan/ssm/cuda/convolution.hpp>
#include <ssmscan/ssm/kernels/dplr.hpp>

namespace ssmscan::device {

// Construction makes on the host, as ssm::dplr_kernels does, C~ of each channel (N^3 log L), the roots and the poles in higher
// precision, and in double, root by root, what the sums cannot give: theta = pi, and every root of channels that are not a half spectrum of
// rank 1 (or leave the range of T); it copies them to the device that is current, plans the transform, and waits. T: float or
// double.
template <class T>
class dplr_kernels {
 public:
  // Throws std::invalid_argument as ssm::dplr_kernels does, and where there is no channel; std::system_error of category "cuda" or
  // "cufft", and of errc::function_not_supported in a build without cuFFT.
  SSMSCAN_SSM_CUDA_EXPORT dplr_kernels(std::span<ssm::dplr_system const> channels, index_t length,
                                       ssm::read_out_kind kind = ssm::read_out_kind::recurrence, int threads = 0);
  SSMSCAN_SSM_CUDA_EXPORT ~dplr_kernels();
  SSMSCAN_SSM_CUDA_EXPORT dplr_kernels(dplr_kernels&&) noexcept;
  index_t channels() const { return channels_; }
  index_t length() const { return length_; }
  // The spectra of all channels, and what the transform works in.
  SSMSCAN_SSM_CUDA_EXPORT std::size_t workspace_bytes() const;
  // taps (channels, length), rows one after the other, the first at a multiple of the size of two values (cuFFT's rule). 28 operations for
  // each pole and root, then the transform, and r^-l. Neither allocates nor waits; can be captured in a CUDA graph. Same bits from run to
  // run. Throws std::invalid_argument on another shape or address and on too little workspace, std::system_error where CUDA or cuFFT
  // refuses a launch.
  SSMSCAN_SSM_CUDA_EXPORT void generate(ssm::matrix_view<T> const& taps, run_on const& how) const;

 private:
  struct state;
  index_t channels_ = 0, length_ = 0;
  std::unique_ptr<state const> state_;
};

}  // namespace ssmscan::device
