#pragma once
// The selective scan of <ssmscan/ssm/selective_scan.hpp> on a CUDA device, fused: every pointer of the problem in device
// memory, computed on the caller's stream in the caller's workspace. Component ssmscan::ssm_cuda; no CUDA header is needed to
// include this. docs/mamba.md explains the kernel.
//
// float and double; float with u, delta, z, y, B and C stored as bfloat16 or float16 (rounded once, at the end, to nearest
// even); complex float and double. All rules, strides, packed sequences, padding, states in and out, any number of states.
//
// Three forms compute it, and the call says which one it chose:
//   fused       rule mamba, real A, at most 64 states; u, delta, z, y, B and C contiguous in time; one group, or groups of a
//               multiple of 64 channels: states over threads, in registers, tiles of time through shared memory
//   fused_time  the same problems: time over the threads of a warp, a warp for each channel, or two or four where channels are few
//   general     anything: a warp for each channel, step by step
// and a fourth, by name only, is what they are compared with:
//   unfused     anything: all a and b written to memory (1 GiB of them at a time), scanned by device::linear_recurrence with any
//               algorithm, y read out of the states; the choice names the algorithm and its tree
#include <cstddef>
#include <span>

#include <ssmscan/scan/backends/cuda/linear_recurrence.hpp>
#include <ssmscan/ssm/cuda/export.hpp>
#include <ssmscan/ssm/io/half_floats.hpp>
#include <ssmscan/ssm/selective_scan.hpp>

namespace ssmscan::device {

// automatic: general where the fused forms do not take the problem; fused_time where batch, channels, states and time say that
// it is faster (time_is_faster in selective_choice.hpp: in float arithmetic, not packed; few channels of all batch rows, few
// chunks); else fused. So the bits of automatic may change with the batch and the length; those of a named form do not.
enum class selective_form { automatic, fused, fused_time, general, unfused };

struct selective_execution {
  device::stream stream = nullptr;   // of the device that is current; nullptr: the default stream
  std::span<std::byte> workspace{};  // device memory: workspace_bytes() or more, aligned to 256 bytes
  // Copies in the caller's memory of offsets, or of begin and end, to be checked before anything is launched. Without them
  // their values are a precondition; where it does not hold, y and final are unspecified and nothing else is touched.
  std::span<index_t const> host_offsets{}, host_begin{}, host_end{};
  selective_form form = selective_form::automatic;
  std::string_view algorithm = "automatic", inner = "";  // of the scan of form unfused: as in device::execution
};

// Launches the computation of y and final; returns without waiting, allocates nothing, can be captured in a CUDA graph.
// Arrays and workspace must stay until the stream has passed the call.
//
// Work: batch x channels x states x time state updates, each input read once, y written once. fused scans chunks of 2048 to
// 8192 steps side by side (chunk_of, by the channels x states of one sequence): before that it walks back from each chunk's end
// but the last until all factors of its channels are below 2^-126, which reads u, delta and B of those steps once more, and
// computes their exponentials twice.
// fused_time computes every exponential once; where rows or sequences do not begin at 16 bytes it first copies B and C into the
// workspace. Its tree is the same for all channels and states, and
// starts anew with a call: pieces of a sequence give the whole to rounding only, those of the other forms (fused: within a
// chunk) its bits.
// Bits depend on the form, the types, for fused on channels x states (by that rule), and on the lengths of the sequences; not
// on batch, stream, load, alignment or GPU, and are those of any other run (fused: below 2^-126 of a state, the channels beside
// may have a say).
// NaN and infinities go forward in their own channel only; an infinite state may be NaN in the chunks after its own.
// Results and factors below the smallest normal number count as zero.
//
// Throws std::invalid_argument in the words of the call on the CPU, before anything is launched; std::system_error of category
// "cuda" where CUDA refuses a launch.
template <class V, class IO>
SSMSCAN_SSM_CUDA_EXPORT choice selective_scan(ssm::selective_problem<V, IO> const& problem,
                                              selective_execution const& how = {});

// How much workspace that call takes: none, but for chunks (two values and a mark for each of their states), for a copy of B and C
// (fused_time, where rows of this problem do not begin at 16 bytes, or are packed or padded) and for more states than fit in
// shared memory.
template <class V, class IO>
SSMSCAN_SSM_CUDA_EXPORT std::size_t workspace_bytes(ssm::selective_problem<V, IO> const& problem,
                                                    selective_execution const& how = {});

// The same checks and the same choice, without running.
template <class V, class IO>
SSMSCAN_SSM_CUDA_EXPORT choice plan(ssm::selective_problem<V, IO> const& problem, selective_execution const& how = {});

}  // namespace ssmscan::device
