#pragma once
// Causal convolution of <ssmscan/ssm/convolution.hpp> on a CUDA device, by cuFFT: many channels, each with a kernel of its own,
// and a batch of signals for each kernel. Component ssmscan::ssm_cuda; no CUDA header is needed to include this.
#include <cstddef>
#include <memory>
#include <span>

#include <ssmscan/scan/backends/cuda/linear_recurrence.hpp>
#include <ssmscan/ssm/cuda/export.hpp>
#include <ssmscan/ssm/layers/matrix_view.hpp>

namespace ssmscan::device {

struct convolution_shape {
  index_t batch, channels;
  index_t taps;    // of each kernel
  index_t length;  // of each signal
};

// How many points its transforms have: the least even number with no prime factor above 7 (for those cuFFT has kernels) that
// is at least taps + length - 1, so that the circular wrap-around stays out of the result. 2 L where both are L = 2^k.
SSMSCAN_SSM_CUDA_EXPORT index_t fft_points(index_t taps, index_t length);

// Where a call runs.
struct run_on {
  device::stream stream = nullptr;   // of the device that is current; nullptr: the default stream
  std::span<std::byte> workspace{};  // device memory: workspace_bytes() or more, aligned to 256 bytes
};

// y[b, h, t] = sum_{k <= t} kernel[h, k] u[b, h, t-k] + skip[h] u[b, h, t], all in device memory. Any strides; y may be u
// exactly, and overlaps nothing else.
template <class T>
struct convolution_call {
  ssm::matrix_view<T const> kernel{};  // (channels, taps)
  tensor_view<T const> u{};            // (batch, channels, length)
  tensor_view<T> y{};
  std::span<T const> skip{};  // (channels), or none: 0
};

// The transforms for one shape, planned once, on the device that is current: that allocates and waits. `run` does neither, and
// can be captured in a CUDA graph; it launches on the caller's stream in the caller's workspace.
//
// Channels go by in groups whose signals, padded, take about group_bytes, so that they stay in the L2 cache from the padding to
// the result. Of a group: a launch that pads signals and kernels, one transform of all, products, the inverse, a launch that
// crops. Work O(n log n) a row, n = fft_points; each u read twice where skip is given, each y written once.
// Same bits from run to run; they may depend on the shape (cuFFT chooses its kernels by it), the device and cuFFT's version.
// Bound: that of fft_convolution_bound with e summed over the prime factors of n (docs/s4.md). T: float or double.
template <class T>
class causal_convolution {
 public:
  static constexpr std::size_t default_group_bytes = std::size_t{32} << 20;
  // Throws std::invalid_argument on a negative size; std::system_error of category "cuda" or "cufft" where one of them
  // refuses, and of errc::function_not_supported in a build without cuFFT.
  SSMSCAN_SSM_CUDA_EXPORT explicit causal_convolution(convolution_shape const& shape,
                                                      std::size_t group_bytes = default_group_bytes);
  SSMSCAN_SSM_CUDA_EXPORT ~causal_convolution();
  SSMSCAN_SSM_CUDA_EXPORT causal_convolution(causal_convolution&&) noexcept;
  convolution_shape const& shape() const { return shape_; }
  // Of one group, whatever the batch.
  SSMSCAN_SSM_CUDA_EXPORT std::size_t workspace_bytes() const;
  // Throws std::invalid_argument on views of other shapes than the plan's and on too little workspace, before anything is
  // launched; std::system_error where CUDA or cuFFT refuses a launch. May be called from many threads.
  SSMSCAN_SSM_CUDA_EXPORT void run(convolution_call<T> const& call, run_on const& how) const;

 private:
  struct state;
  convolution_shape shape_;
  std::unique_ptr<state const> state_;
};

}  // namespace ssmscan::device
