#pragma once
// The kernel that finds where packed sequences start, and which ones, in pieces of 256 steps (packed_starts.hpp): a warp for each
// piece, 8 steps a thread.
#include <cstdint>

#include <ssmscan/scan/backends/cuda.cuh>
#include <ssmscan/scan/backends/cuda/packed_starts.hpp>
#include <ssmscan/scan/detail/integers.hpp>

namespace ssmscan::detail {

// A head is where the mask says so, at the beginning and past the end.
struct head_in_mask {
  std::uint8_t const* mask;
  index_t time;
  bool mirrored;
  SSMSCAN_HOST_DEVICE bool operator()(index_t t) const {
    return t == 0 || t == time || mask[mirrored ? time - t : t] != 0;
  }
};
inline constexpr int threads_of_piece = 32, pieces_of_block = 8;
inline constexpr unsigned whole_warp = 0xffffffff;

// Two threads have a run.
struct starts_of_thread {
  static constexpr int steps = starts_of_piece::run / 2;
  std::uint32_t bits = 0;
  bool behind = false;          // a sequence starts at the step after these, or all ends
  bool in_order = true;         // of the steps after a run's first
  index_t sequence = -1;        // which one holds a run's first step: told by who has one
  index_t of_step[steps] = {};  // which one holds each of these, where that is asked for
  index_t last = -1;            // which one holds the last of these, where somebody may have to search
};

// In the list of offsets: from the first of this thread's steps on, empty sequences passed over by a search.
struct listed_starts {
  offset_of offset;

  // The first offset in [low, high] that is v or more, where the one at `high` is.
  __device__ index_t first_in(index_t low, index_t high, index_t v) const {
    while (low < high) {
      index_t const middle = low + (high - low) / 2;
      if (offset(middle) < v) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
  // Of all, by all of a warp: each look makes what is left 32 times shorter.
  __device__ index_t first_of_all(index_t v, int thread) const {
    index_t low = 0, high = offset.sequences;
    while (high - low > threads_of_piece) {
      index_t const apart = (high - low + threads_of_piece - 1) / threads_of_piece,
                    at = min(low + (thread + 1) * apart - 1, high);
      index_t const before = __popc(__ballot_sync(whole_warp, offset(at) < v)), from = low + before * apart;
      high = min(from + apart - 1, high);
      low = min(from, high);
    }
    return low + __popc(__ballot_sync(whole_warp, low + thread < high && offset(min(low + thread, high)) < v));
  }
  __device__ starts_of_thread of(index_t begin, int thread) const {
    starts_of_thread made;
    index_t const first = first_of_all(begin, thread),
                  end = first_of_all(min(begin + starts_of_piece::steps + 1, offset.time), thread);
    index_t const from = begin + thread * made.steps;
    if (from > offset.time) return made;
    bool const begins_run = thread % 2 == 0 && from < offset.time;
    index_t k = first_in(first, end, begins_run ? from + 1 : from);
#pragma unroll
    for (index_t& of : made.of_step) of = k - 1;
    if (begins_run) made.sequence = max(k - 1, index_t{0}), made.bits = offset(made.sequence) == from ? 1 : 0;
    for (; k <= offset.sequences; ++k) {
      index_t const v = offset(k);
      if (v < from || v >= from + made.steps) {
        made.behind = v == from + made.steps;
        break;
      }
      made.bits |= 1u << (v - from);
      if (k < offset.sequences && offset(k + 1) == v) {
        made.in_order = false;
        k = first_in(k + 1, offset.sequences, v + 1) - 1;
      }
#pragma unroll
      for (int j = 0; j < made.steps; ++j)
        if (from + j >= v) made.of_step[j] = k;
      if (v == offset.time) break;
    }
    made.last = k - 1;
    return made;
  }
  __device__ void copy(index_t k, index_t* to) const { to[k] = offset(k); }
};

// In a mask; `found`: its offsets, or none.
struct masked_starts {
  head_in_mask is_head;
  index_t const* found;
  index_t places;
  __device__ starts_of_thread of(index_t begin, int thread) const {
    starts_of_thread made;
    index_t const from = begin + thread * made.steps;
#pragma unroll
    for (int k = 0; k < made.steps; ++k)
      if (from + k <= is_head.time && is_head(from + k)) made.bits |= 1u << k;
    made.behind = from + made.steps <= is_head.time && is_head(from + made.steps);
    if (found != nullptr && from < is_head.time) {
      index_t of = count_not_above(found, places, from) - 1;
      if (thread % 2 == 0) made.sequence = of;
#pragma unroll
      for (int k = 0; k < made.steps; ++k) made.of_step[k] = k > 0 && (made.bits >> k & 1) != 0 ? ++of : of;
    }
    return made;
  }
  __device__ void copy(index_t, index_t*) const {}
};

template <class Starts>
__global__ void __launch_bounds__(threads_of_piece* pieces_of_block)
    find_pieces(Starts const starts, index_t count, starts_of_piece* pieces, index_t places, index_t* offsets,
                std::uint16_t* later_of_steps) {
  constexpr unsigned warp = whole_warp;
  // The kernel behind may come as soon as these blocks have, and waits for what they write; they wait for the kernel before.
  cudaTriggerProgrammaticLaunchCompletion();
  cudaGridDependencySynchronize();
  index_t const first = index_t{blockIdx.x} * blockDim.x + threadIdx.x, all = index_t{gridDim.x} * blockDim.x;
  int const thread = static_cast<int>(threadIdx.x) % threads_of_piece;
  for (index_t k = first / threads_of_piece; k < count; k += all / threads_of_piece) {
    starts_of_thread const mine = starts.of(k * starts_of_piece::steps, thread);
    auto& to = pieces[k];
    std::uint32_t word = mine.bits << thread % 4 * mine.steps;
    word |= __shfl_xor_sync(warp, word, 1);
    word |= __shfl_xor_sync(warp, word, 2);
    if (thread % 4 == 0) to.bits[thread / 4] = word;

    index_t const sequence = __shfl_sync(warp, mine.sequence, 0), later = mine.sequence - sequence;
    auto const fits = [](index_t n) { return n >= 0 && n < starts_of_piece::most_later; };
    auto const kept = [&](index_t n) { return static_cast<std::uint16_t>(fits(n) ? n : starts_of_piece::most_later); };
    if (thread % 2 == 0) to.later[thread / 2] = kept(later);
    if (thread == threads_of_piece - 1) to.last_later = kept(mine.last - sequence);
    if (later_of_steps != nullptr) {
      alignas(16) std::uint16_t steps[mine.steps];
#pragma unroll
      for (int j = 0; j < mine.steps; ++j) steps[j] = kept(mine.of_step[j] - sequence);
      auto* const at = later_of_steps + k * starts_of_piece::steps + thread * mine.steps;
      *reinterpret_cast<uint4*>(at) = *reinterpret_cast<uint4 const*>(steps);
    }
    std::uint32_t const not_in_order = __ballot_sync(warp, !mine.in_order || (thread % 2 == 0 && !fits(later))),
                        starting = __ballot_sync(warp, mine.bits != 0);
    std::uint32_t in_order = 0, marks = 0;
#pragma unroll
    for (int r = 0; r < starts_of_piece::runs; ++r) {
      in_order |= (not_in_order >> 2 * r & 3) == 0 ? 1u << r : 0;
      marks |= (starting >> 2 * r & 3) != 0 ? 1u << (starts_of_piece::first_run + r) : 0;
    }
    if (__shfl_sync(warp, mine.behind, threads_of_piece - 1)) marks |= starts_of_piece::behind;
    if (thread == 0)
      to.bits[starts_of_piece::words] = marks, to.in_order = static_cast<std::uint16_t>(in_order),
      to.sequence = sequence;
  }
  for (index_t k = first; k < places; k += all) starts.copy(k, offsets);
}

}  // namespace ssmscan::detail
