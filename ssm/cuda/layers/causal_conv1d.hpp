#pragma once
// The short convolution of <ssmscan/ssm/layers/causal_conv1d.hpp> on a CUDA device: every pointer of the problem in device
// memory. Component ssmscan::ssm_cuda; no CUDA header is needed to include this.
#include <span>

#include <ssmscan/scan/backends/cuda/linear_recurrence.hpp>
#include <ssmscan/ssm/cuda/export.hpp>
#include <ssmscan/ssm/io/half_floats.hpp>
#include <ssmscan/ssm/layers/causal_conv1d.hpp>

namespace ssmscan::device {

// y and final of the problem, silu in the same kernel where asked. x and y float, or stored as bfloat16 or float16 (rounded
// once, to nearest even); weights, bias and states float. All of it as on the CPU: any strides, states in and out, packed.
//
// Work: width fused multiply-adds a sample, in the CPU's order, so that a sequence in pieces gives the bits of one run; each
// x read once from memory, each y written once. A second small launch writes final. Bits depend on nothing else.
//
// `host_offsets`: a copy of the problem's offsets in the caller's memory, checked before anything is launched; without it
// their values are a precondition: where it does not hold, y and final are unspecified and nothing else is touched.
// Allocates nothing, waits for nothing, can be captured in a CUDA graph. Throws std::invalid_argument in the CPU's words, before anything
// is launched; std::system_error of category "cuda" where CUDA refuses a launch.
template <class IO>
SSMSCAN_SSM_CUDA_EXPORT void causal_conv1d(ssm::causal_conv1d_problem<float, IO> const& problem,
                                           device::stream where = nullptr, std::span<index_t const> host_offsets = {});

}  // namespace ssmscan::device
