#pragma once
// The public call on a CUDA device: the same recurrence as in <ssmscan/scan/linear_recurrence.hpp>, with every pointer
// of it in device memory, computed on the caller's stream in the caller's workspace. Component ssmscan::cuda; no CUDA
// header is needed to include this.
//
// Asynchronous: a call launches and returns. It allocates nothing and waits for nothing, so that it can be captured in a
// CUDA graph; arrays and workspace must stay until the stream has passed it. Calls on one stream may share a workspace.
// Bits depend on what they depend on elsewhere (algorithm, its tree, dtype, time length; packed: the offsets), not on
// stream, device load or launch. docs/cuda.md tells the rest.
#include <cstddef>
#include <span>

#include <ssmscan/scan/backends/cuda/export.hpp>
#include <ssmscan/scan/backends/cuda/half_storage.hpp>
#include <ssmscan/scan/linear_recurrence.hpp>

struct CUstream_st;  // cudaStream_t is a pointer to it

namespace ssmscan::device {

using stream = CUstream_st*;

struct execution {
  std::string_view algorithm = "automatic";  // a name of device::algorithm_names(), or "automatic"
  std::string_view inner = "";               // heinsen only: the algorithm of its two prefix sums; "" = its default
  device::stream stream = nullptr;           // of the device that is current; nullptr: the default stream
  std::span<std::byte> workspace{};          // device memory: workspace_bytes() or more, aligned to 256 bytes
  // Packed by offsets only: a copy of them in the caller's memory, to be checked before anything is launched as the CPU
  // checks its own. Without it their values are a precondition: offsets in device memory cannot be read without waiting.
  std::span<index_t const> host_offsets{};
};

// Launches the computation of x (and final).
//
// Of `problem`: all pointers, offsets and reset included, are device memory. With reset, the mask must hold as many
// sequences as the shape of initial and final says: it cannot be counted without waiting. Where it does not, or where
// offsets do not ascend from 0 to time, x and final are unspecified, and no other memory is touched.
//
// Throws std::invalid_argument naming the argument, what was given, what is needed, before anything is launched;
// std::system_error of category "cuda" (code().value() is the cudaError_t) where CUDA refuses a launch, be it for what an
// earlier kernel did. Errors of the kernels themselves show, as always in CUDA, in a later call.
template <device_dtype T>
SSMSCAN_CUDA_EXPORT choice linear_recurrence(recurrence<T> const& problem, execution const& how = {});

// How much workspace that call takes. The same checks, but of the workspace itself; nothing is launched.
template <device_dtype T>
SSMSCAN_CUDA_EXPORT std::size_t workspace_bytes(recurrence<T> const& problem, execution const& how = {});

// The same checks and the same choice, without running.
template <device_dtype T>
SSMSCAN_CUDA_EXPORT choice plan(recurrence<T> const& problem, execution const& how = {});

// One row per algorithm x inner x dtype x operation that device::linear_recurrence accepts; backend "cuda".
SSMSCAN_CUDA_EXPORT std::vector<capability> const& capabilities();

// The distinct algorithm names in the order of <ssmscan/scan/backends/cuda/registry.hpp>.
SSMSCAN_CUDA_EXPORT std::vector<std::string> algorithm_names();

}  // namespace ssmscan::device
