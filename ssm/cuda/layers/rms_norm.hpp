#pragma once
// <ssmscan/ssm/layers/rms_norm.hpp> on a CUDA device.
#include <span>

#include <ssmscan/scan/backends/cuda/linear_recurrence.hpp>
#include <ssmscan/ssm/cuda/export.hpp>
#include <ssmscan/ssm/io/half_floats.hpp>
#include <ssmscan/ssm/layers/matrix_view.hpp>

namespace ssmscan::device {

// y(r, i) = weight[i] x(r, i) / sqrt(mean over row r of x^2 + epsilon); with `add`, of x + add, which x becomes first: the
// residual stream, which stays in float.
//
// All in device memory: x, y (rows, features), add of no data or as x, weight (features). y may be x exactly. y and add float, or
// stored as bfloat16 or float16, rounded once. A warp takes a row; its squares are summed in double, 32 sums of every 32nd
// and those in pairs: bits depend on the number of features alone. Launches on the stream and returns. Throws
// std::invalid_argument where the shapes do not fit.
template <class IO>
struct rms_norm_call {
  ssm::matrix_view<float> x{};  // written only where there is something to add
  ssm::matrix_view<IO const> add{};
  std::span<float const> weight{};
  float epsilon = 0;
  ssm::matrix_view<IO> y{};
};

template <class IO>
SSMSCAN_SSM_CUDA_EXPORT void rms_norm(rms_norm_call<IO> const& call, device::stream where = nullptr);

}  // namespace ssmscan::device
