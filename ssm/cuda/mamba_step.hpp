#pragma once
// The kernels of one token in each of up to four sequences: four a block of the model, each begun while the one before ends
// (layers/few_rows.cuh). All pointers are device memory; activations are (tokens, features).
#include <ssmscan/scan/backends/cuda/linear_recurrence.hpp>
#include <ssmscan/ssm/cuda/device_matrix.hpp>

namespace ssmscan::device::detail {

inline constexpr index_t most_step_rows = 4;

// Rows of activations begin at multiples of so many floats; behind their end are zeros.
inline constexpr index_t step_row_floats = 8;
inline constexpr index_t step_stride(index_t features) {
  return (features + step_row_floats - 1) / step_row_floats * step_row_floats;
}

inline constexpr bool has_gaps(index_t features) { return features % step_row_floats != 0; }

struct step_rows {
  float* data;
  index_t stride;
};

struct step_norm {
  float const* weight;
  float epsilon;
};

// 1. xz = in_proj of the normal residual; of its first half the convolution of width samples and silu, of which `past`
// (tokens, inner, width - 1), where given, holds those before and is given this one; z is the second half.
struct step_conv {
  step_rows u, z;
  index_t inner, width;
  float const *bias, *weight, *conv_bias;  // bias (2 inner) and conv_bias (inner): or none
  float* past;
};
void launch_step_conv(device_matrix const& in_proj, step_rows residual, step_norm norm, index_t tokens,
                      step_conv const& conv, int multiprocessors, device::stream stream);

// 2. y = W x (+ bias); with a norm, of the normal x.
void launch_step_product(device_matrix const& weight, step_rows x, step_norm const* norm, index_t tokens,
                         float const* bias, step_rows y, int multiprocessors, device::stream stream);

// 3. One step of the selective scan: its delta by dt_proj from the first columns of `projected`, B and C behind them; state
// (tokens, inner, states), in and out, or none: from rest. The recurrence of the scan's form general.
struct step_scan {
  step_rows projected;  // (rank + 2 states)
  step_rows u, z, y;
  index_t inner, states, rank;
  float const *dt_bias, *A, *D;
  float* state;
};
void launch_step_scan(device_matrix const& dt_proj, step_scan const& scan, index_t tokens, device::stream stream);

// 4. residual += out_proj of y (+ bias).
void launch_step_sum(device_matrix const& out_proj, step_rows y, index_t tokens, float const* bias, step_rows residual,
                     int multiprocessors, device::stream stream);

}  // namespace ssmscan::device::detail
