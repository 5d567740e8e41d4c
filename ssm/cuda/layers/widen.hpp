#pragma once
// bfloat16 to float, on a device: exact.
#include <ssmscan/scan/backends/cuda/linear_recurrence.hpp>
#include <ssmscan/ssm/io/half_floats.hpp>

namespace ssmscan::device::detail {

// count: a multiple of 8; both aligned to 16 bytes.
void launch_widen(ssm::bfloat16 const* from, float* to, index_t count, device::stream stream);

}  // namespace ssmscan::device::detail
