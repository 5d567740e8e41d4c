#pragma once
// S4D on a CUDA device: the kernel of <ssmscan/ssm/kernels/diagonal.hpp>, and the layer by a scan, fused. Component
// ssmscan::ssm_cuda; no CUDA header is needed to include this. docs/s4.md explains the scan.
#include <complex>
#include <cstddef>
#include <memory>
#include <span>

#include <ssmscan/ssm/cuda/convolution.hpp>
#include <ssmscan/ssm/diagonal_system.hpp>

namespace ssmscan::device {

// x[t] = a x[t-1] + b u[t], y[t] = f Re(c x[t]) + d u[t] in every channel; all in device memory, any strides. y may be u exactly
// and overlaps nothing else; final may be initial exactly. Left empty: from rest; not wanted.
template <class T>
struct diagonal_call {
  tensor_view<T const> u{};  // (batch, channels, length)
  tensor_view<T> y{};
  tensor_view<std::complex<T> const> initial{};  // (batch, channels, states)
  tensor_view<std::complex<T>> final{};
};

// Channels of one state size and spectrum, with the powers of their eigenvalues in device memory, made in double on the device
// that is current: construction allocates and waits. What follows does neither, and can be captured in a CUDA graph. T: float
// or double, what signals, states and powers are made of.
template <class T>
class diagonal_layer {
 public:
  // Throws std::invalid_argument as discretize(system) does, where there is no channel, and where channels differ in state size
  // or spectrum; std::system_error of category "cuda".
  SSMSCAN_SSM_CUDA_EXPORT explicit diagonal_layer(std::span<ssm::diagonal_system const> channels);
  SSMSCAN_SSM_CUDA_EXPORT ~diagonal_layer();
  SSMSCAN_SSM_CUDA_EXPORT diagonal_layer(diagonal_layer&&) noexcept;
  index_t channels() const { return channels_; }
  index_t states() const { return states_; }

  // kernel[h, l] = f Re(c b a^l), d not in it; kernel.columns taps of every channel. Each tap by itself, from a^(64 i) made in
  // double and a^j: no error grows with l. Two fused multiply-adds for each state and tap. Same bits on every run; of
  // a tap whatever the length.
  SSMSCAN_SSM_CUDA_EXPORT void kernel(ssm::matrix_view<T> const& taps, device::stream where = nullptr) const;

  // The scan: chunks of 64 steps, tiles of 64 chunks. A chunk's own kernel is applied to its inputs (32 multiply-adds a step,
  // whatever the state size); what it adds to the states is a product with powers (2 a step and state); the states are carried from chunk
  // to chunk, and from tile to tile; and are read out by the same powers (2 again). Where batch x channels do not fill the device, tiles run
  // side by side, after a pass that finds what each adds to the states.
  // Nothing of size length x channels x states is written: two values for each state and tile, if tiles run side by side.
  // Bits depend on T, the state size and the length, not on batch, channels beside, stream, load, or how tiles are run.
  // NaN and infinities go forward in their own sequence only.
  // Throws std::invalid_argument naming the argument, what was given, what is needed, before anything is launched;
  // std::system_error of category "cuda".
  SSMSCAN_SSM_CUDA_EXPORT void scan(diagonal_call<T> const& call, run_on const& how) const;
  SSMSCAN_SSM_CUDA_EXPORT std::size_t workspace_bytes(index_t batch, index_t length) const;

 private:
  struct state;
  index_t channels_ = 0, states_ = 0;
  std::unique_ptr<state const> state_;
};

}  // namespace ssmscan::device
