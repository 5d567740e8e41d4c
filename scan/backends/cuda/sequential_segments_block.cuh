#pragma once
// sequential in segments of time: what the tasks of its kernel (sequential_segments.cuh) have in common. Packed, where sequences start and
// which ones they are comes with a group of steps, and their first initial states too.
#include <array>
#include <cstdint>

#include <ssmscan/scan/backends/cuda/packed_pieces.cuh>
#include <ssmscan/scan/backends/cuda/published.cuh>
#include <ssmscan/scan/backends/cuda/sequential_segments_plan.cuh>
#include <ssmscan/scan/backends/cuda/tickets.cuh>
#include <ssmscan/scan/detail/recurrence_problem.hpp>

namespace ssmscan::device::sequential_segments {

template <class T, sequences Of>
struct block_of_segments {
  static constexpr bool packed = Of == sequences::packed;
  static constexpr int width = shape<T>::width, steps = shape<T>::steps, unit = shape<T>::unit;
  using item_t = ticket_item<T>;
  using slot_turn = turn<slots<T, Of>>;
  using place_turn = turn<places<T, Of>>;

  storage_for<T, Of>& m;
  ssmscan::detail::recurrence_problem<T> const& p;
  plan const& s;
  ticket_counter const& counter;
  word* words;                 // of each lane, the state after the latest segment
  std::uint64_t const& epoch;  // of this run: its words bear it; known with the first item
  starts_for<Of> starts;

  // Waits for the next ticket of this block; false if there is no more.
  __device__ bool has_item(place_turn const& place, item_t& item) const {
    m.handed_out[place.at].wait(place.parity);
    item = m.item[place.at];
    return item.lanes > 0;
  }
  __device__ index_t first_step(item_t const& item) const { return item.segment * s.groups * steps; }
  // Of the words of a segment.
  __device__ std::uint64_t epoch_of(index_t segment) const {
    return (epoch + 2 * static_cast<std::uint64_t>(segment)) & ~mark_of_word;
  }

  // ---- packed ----
  __device__ index_t piece_of(item_t const& item, int g) const {
    return (first_step(item) + g * steps) / starts_of_piece::steps;
  }
  __device__ int group_in_piece(item_t const& item, int g) const {
    return static_cast<int>((first_step(item) + g * steps) % starts_of_piece::steps) / steps;
  }
  // A ticket's last groups may be past the end.
  __device__ void copy_starts(slot_turn const& slot, item_t const& item, int g, int thread) const {
    constexpr int units = sizeof(starts_of_piece) / sizeof(uint4);
    if (thread < units && first_step(item) + g * steps < s.time)
      copy_piece(reinterpret_cast<uint4*>(&m.starts[slot.at].piece) + thread,
                 reinterpret_cast<uint4 const*>(starts.pieces + piece_of(item, g)) + thread);
  }
  __device__ packed_group<steps> packed_steps([[maybe_unused]] slot_turn const& slot,
                                              [[maybe_unused]] item_t const& item, [[maybe_unused]] int g,
                                              [[maybe_unused]] index_t left) const {
    if constexpr (packed) {
      if (left > 0)
        return packed_group<steps>::of(m.starts[slot.at].piece, group_in_piece(item, g))
            .first(static_cast<int>(min(left, index_t{steps})));
    }
    return {0, 0};
  }
  // What is asked for of a group while the one before is copied; the sequence is of the step of this thread in its warp.
  struct group_ahead {
    std::uint32_t here, next;
    std::uint16_t later;
    index_t sequence;
  };
  __device__ group_ahead look_ahead(item_t const& item, int g, int thread) const {
    index_t const t = first_step(item) + g * steps;
    if (t >= s.time) return {};
    starts_of_piece const& piece = starts.pieces[piece_of(item, g)];
    int const word = static_cast<int>(t % starts_of_piece::steps) / 32;
    return {piece.bits[word], piece.bits[word + 1], starts.later[t + thread % steps], piece.sequence};
  }
  // Which sequences a group's steps are of; and their first initial states come with it: who needs them would wait for memory.
  __device__ void find_states(slot_turn const& slot, item_t const& item, int g, int thread, index_t left,
                              group_ahead const& ahead) const {
    index_t const t = first_step(item) + g * steps, last = static_cast<index_t>(p.offsets.size()) - 2;
    auto const at = packed_group<steps>::of(ahead.here, ahead.next, static_cast<int>(t % 32))
                        .first(static_cast<int>(min(left, index_t{steps})));
    if ((at.starts | at.ends) == 0) return;
    bool const is_told = ahead.later != starts_of_piece::most_later;
    index_t const found = is_told ? ahead.sequence + ahead.later : p.sequence_at(t + thread % steps),
                  sequence = max(index_t{0}, min(found, last));
    if (thread < steps) m.starts[slot.at].sequence[thread] = sequence;
    if (p.initial) {
      std::uint32_t rest = at.starts;
      for (int k = 0; k < states_ahead && rest != 0; ++k, rest &= rest - 1) {
        index_t const of = __shfl_sync(all_lanes, sequence, __ffs(static_cast<int>(rest)) - 1);
        if (thread < item.lanes && thread < width)
          copy_element(&m.initial[slot.at][k][thread], &p.initial(item.lane + thread, of));
      }
    }
    asm volatile("fence.acq_rel.cta;" ::: "memory");  // it comes with the arrival, as what is copied does
  }

  // Initial states enter b, before it is read; then states that end, as they stand in b.
  __device__ void put_states(slot_turn const& slot, std::uint32_t bits, int thread, index_t lane) const {
    constexpr int together = 4;
    for (int n = 0; bits != 0; n += together) {
      int at[together];
      T state[together];
      int const count = min(__popc(bits), together);
#pragma unroll
      for (int j = 0; j < together; ++j) {
        if (j >= count) break;
        at[j] = __ffs(static_cast<int>(bits)) - 1, bits &= bits - 1;
        state[j] = n + j < states_ahead ? m.initial[slot.at][n + j][thread]
                                        : p.initial(lane, m.starts[slot.at].sequence[at[j]]);
        at[j] = at[j] * width + thread;
        state[j] = multiply_add(m.a[slot.at][at[j]], state[j], m.b[slot.at][at[j]]);
      }
#pragma unroll
      for (int j = 0; j < together; ++j)
        if (j < count) m.b[slot.at][at[j]] = state[j];
    }
  }
  __device__ void leave_states(slot_turn const& slot, std::uint32_t bits, int thread, index_t lane) const {
#pragma unroll 4
    for (int n = __popc(bits); n > 0; --n, bits &= bits - 1) {
      int const k = __ffs(static_cast<int>(bits)) - 1;
      p.final(lane, m.starts[slot.at].sequence[k]) = m.b[slot.at][k * width + thread];
    }
  }
};

}  // namespace ssmscan::device::sequential_segments
