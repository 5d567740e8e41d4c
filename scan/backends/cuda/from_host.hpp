#pragma once
// device::linear_recurrence for arrays in the host's memory: they are copied to the current device, computed there, and x
// and final are copied back. For tools and tests, where copying is not what is measured.
#include <ssmscan/scan/backends/cuda/linear_recurrence.hpp>

namespace ssmscan::device {

// Of `how`, algorithm and inner count; stream and workspace are its own. Waits; allocates on the device what the views
// span from first to last element, and the workspace. Same bits as the call on device memory.
//
// Throws std::invalid_argument as linear_recurrence on host memory does (offsets and mask are read and checked here), and
// std::system_error of category "cuda" where CUDA refuses anything, memory included.
template <device_dtype T>
SSMSCAN_CUDA_EXPORT choice linear_recurrence_from_host(recurrence<T> const& problem, execution const& how = {});

}  // namespace ssmscan::device
