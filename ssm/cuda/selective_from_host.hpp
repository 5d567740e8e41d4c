#pragma once
// device::selective_scan for arrays in the host's memory: they are copied to the current device, computed there, and y and
// final are copied back. For tools and tests, where copying is not what is measured.
#include <ssmscan/ssm/cuda/selective_scan.hpp>

namespace ssmscan::device {

// Of `form`, automatic or one by name, unfused by `algorithm`; stream and workspace are its own. Waits; allocates on the device what the views span from
// first to last element, and the workspace. Same bits as the call on device memory.
//
// Throws std::invalid_argument as selective_scan does (offsets, begin and end are read and checked here), and
// std::system_error of category "cuda" where CUDA refuses anything, memory included.
template <class V>
SSMSCAN_SSM_CUDA_EXPORT choice selective_scan_from_host(ssm::selective_problem<V> const& problem,
                                                        selective_form form = selective_form::automatic,
                                                        std::string_view algorithm = "automatic",
                                                        std::string_view inner = "");

}  // namespace ssmscan::device
