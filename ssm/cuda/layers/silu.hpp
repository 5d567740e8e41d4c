#pragma once
// <ssmscan/ssm/layers/silu.hpp> on a CUDA device.
#include <span>

#include <ssmscan/scan/backends/cuda/linear_recurrence.hpp>
#include <ssmscan/ssm/cuda/export.hpp>
#include <ssmscan/ssm/io/half_floats.hpp>

namespace ssmscan::device {

// y[i] = x[i] / (1 + e^-x[i]), both in device memory; y may be x exactly. IO: float, or bfloat16 or float16 (float arithmetic,
// rounded once). By the special-function unit, e^-x corrected: the error of selective_math.cuh; below 2^-126, zero.
// Launches on the stream and returns. Throws std::invalid_argument where the sizes differ.
template <class IO>
SSMSCAN_SSM_CUDA_EXPORT void silu(std::span<IO const> x, std::span<IO> y, device::stream where = nullptr);

}  // namespace ssmscan::device
