#pragma once
// Packed sequences as forms meet them that go by pieces of 256 steps: where sequences start in a group of 16 steps or 32, which sequence
// a step is of, and the state that it starts from. A start drops what is earlier, whatever it is: that is told by a bit, never by a = 0.
#include <cstdint>

#include <ssmscan/scan/backends/cuda/packed_starts.hpp>
#include <ssmscan/scan/detail/recurrence_problem.hpp>

namespace ssmscan::device {

using ssmscan::detail::starts_of_piece;

enum class sequences { one, packed };  // of a lane

// None, where a lane is one sequence.
template <sequences Of>
struct starts_for {};
template <>
struct starts_for<sequences::packed> : ssmscan::detail::starts_by_piece {};

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
  // Of the first `count`.
  __device__ packed_group first(int count) const {
    std::uint32_t const these = count >= Steps ? all : (1u << count) - 1;
    return {starts & these, ends & these};
  }
  __device__ bool starts_at(int k) const { return (starts >> k & 1) != 0; }
  __device__ bool ends_at(int k) const { return (ends >> k & 1) != 0; }
  // Whether one starts at step k, or before it in the group.
  __device__ bool started_by(int k) const { return (starts & ((2u << k) - 1)) != 0; }
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

// What a thread holds of a lane in shared memory: step k of a group at a[k * pitch] and b[k * pitch].
template <class T, int Steps>
struct group_of_lane {
  ssmscan::detail::recurrence_problem<T> const& p;
  starts_of_piece const& starts;
  index_t lane, at_piece;
  int group;  // of the piece

  __device__ sequences_of_group<T, Steps> sequences() const {
    return sequences_of_group<T, Steps>::of(p, starts, at_piece, group);
  }

  // The initial states of sequences that start at these steps enter b, before anybody else reads it. `Together` are asked for at a
  // time: each takes as long as memory does.
  template <int Together = 4>
  __device__ void put_states(std::uint32_t of, T const* a, T* b, int pitch) const {
    if (of == 0) return;
    auto const which = sequences();
#pragma unroll 1
    while (of != 0) {
      T state[Together];
      int at[Together], count = 0;
#pragma unroll
      for (int j = 0; j < Together; ++j) {
        if (of == 0) break;
        at[j] = __ffs(static_cast<int>(of)) - 1;
        state[j] = p.initial(lane, which.at(at[j]));
        of &= of - 1, ++count;
      }
#pragma unroll
      for (int j = 0; j < Together; ++j)
        if (j < count) b[at[j] * pitch] = multiply_add(a[at[j] * pitch], state[j], b[at[j] * pitch]);
    }
  }
  // The states after sequences that end at these steps, as they stand in x[k * pitch].
  __device__ void leave_states(std::uint32_t of, T const* x, int pitch) const {
    if (of == 0) return;
    auto const which = sequences();
    each_of(of, [&](int k) { p.final(lane, which.at(k)) = x[k * pitch]; });
  }
};

}  // namespace ssmscan::device
