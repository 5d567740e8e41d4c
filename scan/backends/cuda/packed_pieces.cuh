#pragma once
// Packed sequences as forms meet them that go by pieces of 256 steps: where sequences start in a group of 16 steps or 32, which sequence
// a step is of, and the state that it starts from. A start drops what is earlier, whatever it is: that is told by a bit, never by a = 0.
#include <algorithm>
#include <bit>
#include <cstdint>

#include <ssmscan/scan/backends/cuda/packed_starts.hpp>
#include <ssmscan/scan/backends/cuda/staging.cuh>
#include <ssmscan/scan/detail/recurrence_problem.hpp>

namespace ssmscan::device {

using ssmscan::detail::starts_of_piece;

enum class sequences { one, packed };  // of a lane

// None, where a lane is one sequence.
template <sequences Of>
struct starts_for {};
template <>
struct starts_for<sequences::packed> : ssmscan::detail::starts_by_piece {};

// A piece's record into shared memory, by the first threads of those that call.
__device__ inline void copy_starts_of_piece(starts_of_piece* shared, starts_of_piece const* global, int thread) {
  constexpr int units = sizeof(starts_of_piece) / sizeof(uint4);
  if (thread < units)
    copy_piece(reinterpret_cast<uint4*>(shared) + thread, reinterpret_cast<uint4 const*>(global) + thread);
}

// So many steps, from a multiple of it on.
template <int Steps>
struct packed_group {
  static_assert(starts_of_piece::steps % Steps == 0 && Steps <= 32 && (Steps == 32 || 32 % Steps == 0));
  static constexpr std::uint32_t all = Steps == 32 ? 0xffffffff : (1u << Steps % 32) - 1;

  std::uint32_t starts;  // at which of them a sequence starts
  std::uint32_t ends;    // or ends: at the step behind another starts, or all is over

  // The group in its piece.
  __device__ static packed_group of(starts_of_piece const& piece, int group) {
    int const at = group * Steps;
    return of(piece.bits[at / 32], piece.bits[at / 32 + 1], at);
  }
  // The same of the word it is in, and the next.
  __device__ static packed_group of(std::uint32_t here, std::uint32_t next, int at) {
    std::uint32_t const from = at % 32 == 0 ? here : __funnelshift_r(here, next, at % 32);
    return {from & all, __funnelshift_r(here, next, at % 32 + 1) & all};
  }
  // Of the first `count`.
  __device__ packed_group first(int count) const {
    std::uint32_t const these = count >= Steps ? all : (1u << count) - 1;
    return {starts & these, ends & these};
  }
  __device__ bool starts_at(int k) const { return (starts >> k & 1) != 0; }
  __device__ bool ends_at(int k) const { return (ends >> k & 1) != 0; }
};

// Which sequence a step of a piece is of. Inside the list, whatever the caller's own holds.
template <class T>
SSMSCAN_HOST_DEVICE index_t sequence_of(ssmscan::detail::recurrence_problem<T> const& p, starts_of_piece const& starts,
                                        index_t at_piece, int step) {
  constexpr int run = starts_of_piece::run;
  index_t const last = static_cast<index_t>(p.offsets.size()) - 2;
  int const of_run = step / run;
  index_t const later = starts.later[of_run];
  if ((starts.in_order >> of_run & 1) != 0) {
    std::uint32_t const since = (starts.bits[step / 32] >> of_run % 2 * run) & ((2u << step % run) - 2);
    return std::min(starts.sequence + later + std::popcount(since), last);
  }
  index_t const next = of_run + 1 < starts_of_piece::runs ? starts.later[of_run + 1] : starts.last_later,
                t = at_piece * starts_of_piece::steps + step;
  index_t low = later == starts_of_piece::most_later ? 0 : std::min(starts.sequence + later, last),
          high = next == starts_of_piece::most_later ? last : std::min(starts.sequence + next, last);
  while (low < high) {
    index_t const middle = low + (high - low + 1) / 2;
    if (p.offsets.data()[middle] <= t) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

// f(k) for each of the steps whose bits are set.
template <class F>
__device__ void each_of(std::uint32_t bits, F const& f) {
#pragma unroll 1
  for (; bits != 0; bits &= bits - 1) f(__ffs(static_cast<int>(bits)) - 1);
}

// Starts of a piece before a group of it, which tells their places among those that are copied ahead.
template <int Steps>
__device__ int starts_before(starts_of_piece const& piece, int group) {
  int found = 0;
#pragma unroll
  for (int w = 0; w < starts_of_piece::words; ++w) {
    int const left = group * Steps - w * 32;
    if (left > 0) found += __popc(left >= 32 ? piece.bits[w] : piece.bits[w] & ((1u << left) - 1));
  }
  return found;
}

// The same steps of all lanes of a warp: each thread finds of one step which sequence it is of.
template <class T, int Steps>
struct sequences_of_group {
  index_t mine;

  __device__ static sequences_of_group of(ssmscan::detail::recurrence_problem<T> const& p, starts_of_piece const& piece,
                                          index_t at_piece, int group, std::uint32_t of_steps) {
    int const k = static_cast<int>(threadIdx.x % 32);
    return {(of_steps >> k & 1) != 0 ? sequence_of(p, piece, at_piece, group * Steps + k) : 0};
  }
  __device__ index_t at(int k) const { return __shfl_sync(0xffffffff, mine, k); }
};

// What a thread holds of a lane in shared memory: step k of a group at a[k * pitch] and b[k * pitch].
template <class T, int Steps>
struct group_of_lane {
  ssmscan::detail::recurrence_problem<T> const& p;
  starts_of_piece const& starts;
  index_t lane, at_piece;
  int group;  // of the piece

  __device__ index_t sequence(int k) const { return sequence_of(p, starts, at_piece, group * Steps + k); }

  // The initial states of sequences that start at these steps enter b, before anybody else reads it. `Together` are asked for at a
  // time: each takes as long as memory does.
  template <int Together = 4>
  __device__ void put_states(std::uint32_t of, T const* a, T* b, int pitch) const {
#pragma unroll 1
    while (of != 0) {
      T state[Together];
      int at[Together], count = 0;
#pragma unroll
      for (int j = 0; j < Together; ++j) {
        if (of == 0) break;
        at[j] = __ffs(static_cast<int>(of)) - 1;
        state[j] = p.initial(lane, sequence(at[j]));
        of &= of - 1, ++count;
      }
#pragma unroll
      for (int j = 0; j < Together; ++j)
        if (j < count) b[at[j] * pitch] = multiply_add(a[at[j] * pitch], state[j], b[at[j] * pitch]);
    }
  }
  // The states after sequences that end at these steps, as they stand in x[k * pitch].
  __device__ void leave_states(std::uint32_t of, T const* x, int pitch) const {
    each_of(of, [&](int k) { p.final(lane, sequence(k)) = x[k * pitch]; });
  }
};

}  // namespace ssmscan::device
