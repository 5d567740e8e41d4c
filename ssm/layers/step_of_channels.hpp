#pragma once
// One token of a Mamba block's channels: what causal_conv1d and the fused selective_scan compute of a single time step, without
// what they need for many. Each channel is by itself, so threads share them out as they like. Compiled once for each SIMD target.
#include <ssmscan/ssm/export.hpp>
#include <ssmscan/ssm/layers/matrix_vector.hpp>

namespace ssmscan::ssm::detail {

// y = silu(bias + sum_w weight[w] sample[w]), the samples being the width - 1 before and x; then x is the youngest of those before.
// Products are rounded and added in order of w, as causal_conv1d does; silu is the one of simd/exponential-inl.hpp. y may be x.
struct conv_step {
  index_t width = 0;
  float const* weight = nullptr;  // (channels, width)
  float const* bias = nullptr;    // (channels), or none
  float* before = nullptr;        // (channels, width - 1), oldest first
  float const* x = nullptr;       // (channels), as is
  float* y = nullptr;
};
SSMSCAN_SSM_EXPORT void step_convolution(conv_step const& of, index_t first, index_t count);

// x[n] = e^(d A[n]) x[n] + d B[n] u, y = (sum_n C[n] x[n] + D u) silu(z), d = softplus(delta + delta_bias): the bits of
// selective_scan in mode fused. y may be u. Meanwhile memory, which would stand idle else, is asked for `next`.
struct scan_step {
  index_t channels = 0, states = 0;                      // all that there are
  float const *A = nullptr, *B = nullptr, *C = nullptr;  // (channels, states), (states), (states)
  float const *D = nullptr, *delta_bias = nullptr;       // (channels)
  float const *u = nullptr, *delta = nullptr, *z = nullptr;
  float* state = nullptr;  // (channels, states)
  float* y = nullptr;
};
SSMSCAN_SSM_EXPORT void step_scan(scan_step const& of, index_t first, index_t count, upcoming_weight next);

}  // namespace ssmscan::ssm::detail
