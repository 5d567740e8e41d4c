#pragma once
// Packed sequences as forms meet them that go by pieces of 256 steps: where sequences start in a group of 16 steps or 32, which sequence
// a step is of, and the state that it starts from. A start drops what is earlier, whatever it is: that is told by a bit, never by a = 0.
#include <cstdint>

#include <ssmscan/scan/backends/cuda/packed_starts.hpp>
#include <ssmscan/scan/detail/recurrence_problem.hpp>

namespace ssmscan::device {

using ssmscan::detail::starts_of_piece;

enum class sequences { one, packed };  // of a lane

// So many steps, from a multiple of it on.
template <int Steps>
struct packed_group {
  static_assert(starts_of_piece::steps % Steps == 0 && Steps <= 32 && (Steps == 32 || 32 % Steps == 0));
  static constexpr std::uint32_t all = Steps == 32 ? 0xffffffff : (1u << Steps % 32) - 1;

  std::uint32_t starts;  // at which of them a sequence starts
  std::uint32_t ends;    // or ends: at the step behind another starts, or all is over

  // The group in its piece.
  __device__ static packed_group of(starts_of_piece const& piece, int group) {
    int const at = group * Steps, word = at / 32;
    std::uint32_t const here = piece.bits[word], next = piece.bits[word + 1];
    std::uint32_t const from = at % 32 == 0 ? here : __funnelshift_r(here, next, at % 32);
    return {from & all, __funnelshift_r(here, next, at % 32 + 1) & all};
  }
  __device__ bool starts_at(int k) const { return (starts >> k & 1) != 0; }
  __device__ bool ends_at(int k) const { return (ends >> k & 1) != 0; }
  // Whether one starts at step k, or before it in the group.
  __device__ bool started_by(int k) const { return (starts & (2u << k) - 1) != 0; }
};

// Which sequence each of them is of.
template <class T, int Steps>
struct sequences_of_group {
  ssmscan::detail::recurrence_problem<T> const& p;
  index_t t;              // the first step
  index_t before;         // the sequence of the step before it, where they follow one another
  std::uint32_t counted;  // starts that lead to the next
  bool in_order;

  __device__ static sequences_of_group of(ssmscan::detail::recurrence_problem<T> const& p, starts_of_piece const& piece,
                                          index_t at_piece, int group) {
    int const at = group * Steps;
    std::uint32_t counted = packed_group<Steps>::of(piece, group).starts;
    index_t before = piece.sequence;
    if (group == 0) {
      counted &= ~1u;  // the piece's first step is of the sequence that is told
    } else {
      before -= piece.bits[0] & 1;
#pragma unroll
      for (int w = 0; w < starts_of_piece::words; ++w) {
        int const left = at - w * 32;
        if (left > 0) before += __popc(left >= 32 ? piece.bits[w] : piece.bits[w] & ((1u << left) - 1));
      }
    }
    return {p, at_piece * starts_of_piece::steps + at, before, counted,
            (piece.marks() & starts_of_piece::in_order) != 0};
  }
  // Inside the list, whatever the caller's own holds.
  __device__ index_t at(int k) const {
    if (!in_order) return p.sequence_at(t + k);
    return min(before + __popc(counted & ((2u << k) - 1)), static_cast<index_t>(p.offsets.size()) - 2);
  }
};

// f(k) for each of the steps whose bits are set.
template <class F>
__device__ void each_of(std::uint32_t bits, F const& f) {
#pragma unroll 1
  for (; bits != 0; bits &= bits - 1) f(__ffs(static_cast<int>(bits)) - 1);
}

}  // namespace ssmscan::device
