#pragma once
// Tickets, by which blocks of one launch that wait for one another share out their work, and what tells the words of one run
// from all others. Nothing of it is cleared before a run.
#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdint>
#include <random>

#include <cuda_runtime.h>

#include <ssmscan/scan/backends/cuda.cuh>
#include <ssmscan/scan/backends/cuda/error.cuh>
#include <ssmscan/scan/backends/cuda/published.cuh>
#include <ssmscan/scan/backends/cuda/replays.hpp>
#include <ssmscan/scan/concepts.hpp>

namespace ssmscan::device {

// The tickets of blocks that meet are drawn from a counter, in order, by blocks that run: a block waits only for blocks
// that are running, whatever else the device does. (Where no block waits for another they go by its index.)
//
// The counter is in the workspace, and nothing clears it before a run, as that would be a launch of its own, which takes
// longer than many a scan. Its upper bits bear a signature of the process; whoever draws from one without it puts a fresh
// counter there first. The last to draw leaves it at zero for the next run. What somebody else wrote there passes for a
// counter with a chance of 2^-bits, for 64 bits less those of the count: 2^-50 for 10^8 elements.
//
// All runs of a call that is captured in a graph have the same arguments. Its counter is the library's own (replays.hpp), in the
// place of the signature it has the number of the run, and the last to draw counts that on. So each draw tells the run it is of, and
// the words of one replay are not those of another, wherever they are.
struct ticket_counter {
  using word_t = unsigned long long;  // what atomicAdd takes
  static constexpr int bits_of_replays = 32;

  word_t* at;
  word_t signature, count_mask;
  std::uint64_t nonce;  // of the call
  bool is_of_replays;

  // Asked by lane 0 of a warp; what is asked for is on its way until it is answered. What is added is 1 in the way of 1 + lane:
  // of additions of the same the compiler would make one for the warp, and hand its result round at once. A thread has one
  // question open at a time, so that its tickets ascend.
  __device__ word_t ask() const {
    word_t found;
    asm volatile(
        "{ .reg .u32 lane; .reg .u64 one; mov.u32 lane, %%laneid; cvt.u64.u32 one, lane; add.u64 one, one, 1;\n\t"
        "atom.relaxed.gpu.global.add.u64 %0, [%1], one; }"
        : "=l"(found)
        : "l"(at)
        : "memory");
    return found;
  }
  __device__ index_t answer(word_t found) const {
    if (is_of_replays || (found & ~count_mask) == signature) return static_cast<index_t>(found & count_mask);
    for (++found; (found & ~count_mask) != signature;) {
      word_t const expected = found;
      found = atomicCAS(at, expected, signature | 1);
      if (found == expected) return 0;
    }
    return static_cast<index_t>(atomicAdd(at, 1) & count_mask);
  }
  // By the last to draw; no other draw of the run is on its way.
  __device__ void leave(word_t found) const {
    atomicExch(at, is_of_replays ? (found & ~count_mask) + count_mask + 1 : signature);
  }

  // Of the run of which one found this.
  __device__ std::uint64_t epoch(word_t found) const {
    return (is_of_replays ? mixed(nonce + odd * (found >> bits_of_replays)) : nonce) & ~mark_of_word;
  }

  // Steele, Lea & Flood 2014; one to one.
  static SSMSCAN_HOST_DEVICE std::uint64_t mixed(std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  static constexpr std::uint64_t odd = 0x9e3779b97f4a7c15u;
};

inline std::uint64_t of_this_process() {
  static std::uint64_t const chosen = (std::uint64_t{std::random_device{}()} << 32) + std::random_device{}();
  return chosen;
}

// Another one at each call, and in each process: a word left in the workspace by whoever was there before bears it with
// a chance of 2^-63.
inline std::uint64_t new_nonce() {
  static std::atomic<std::uint64_t> calls = 0;
  return ticket_counter::mixed(of_this_process() + ticket_counter::odd * calls.fetch_add(1, std::memory_order_relaxed));
}

inline bool is_capturing(cudaStream_t stream) {
  cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
  need_success(cudaStreamIsCapturing(stream, &status), "asking whether a stream is being captured");
  return status != cudaStreamCaptureStatusNone;
}

// For one launch, in which `most` tickets are drawn and `words` are published: the counter stands before the words. How many
// bits it has is part of the signature, so that one width is not taken for another. In a graph, where the library has no counter left, the
// words are cleared before each run.
inline ticket_counter counter_for(cuda& on, index_t most, word* memory, index_t words) {
  using word_t = ticket_counter::word_t;
  auto const mask_of = [](int bits) { return (word_t{1} << bits) - 1; };
  if (words > 0 && is_capturing(on.stream())) {
    constexpr word_t mask = mask_of(64 - ticket_counter::bits_of_replays);
    if (static_cast<word_t>(most) < mask)
      if (word_t* const own = counter_of_replays(on.stream())) return {own, 0, mask, new_nonce(), true};
    on.clear(memory + 1, static_cast<std::size_t>(words) * sizeof(word));
  }
  int const bits = std::bit_width(static_cast<std::uint64_t>(most));
  word_t const mask = mask_of(bits),
               signature = ticket_counter::mixed(~of_this_process() + static_cast<std::uint64_t>(bits)) & ~mask;
  return {reinterpret_cast<word_t*>(memory), signature, mask, new_nonce(), false};
}

}  // namespace ssmscan::device
