#pragma once
// sequential for many lanes that lie beside one another in memory: every lane cut in time. A ticket is a segment of some neighbouring
// lanes; tickets go through all lanes before the next segment. One block stays on each multiprocessor and draws a ticket when
// its ring has room, so that all of them are busy until the end, however fast each is. The state goes from segment to segment
// through memory, in words that bear the run's epoch (published.cuh). A lane's steps are still taken in order, each once: the
// definition's bits. The warps of a block have a task each:
//
//   load     draws the next ticket, and copies its a and b into the ring, group by group of steps
//   carry    waits for the state before it
//   compute  a thread for each lane: walks its steps, publishes the state, stores x
//
// Nobody waits for a later ticket.
#include <array>
#include <cstdint>

#include <ssmscan/scan/backends/cuda.cuh>
#include <ssmscan/scan/backends/cuda/remembered.cuh>
#include <ssmscan/scan/backends/cuda/sequential_columns.cuh>
#include <ssmscan/scan/backends/cuda/sequential_segments_block.cuh>
#include <ssmscan/scan/detail/recurrence_problem.hpp>

namespace ssmscan::device::sequential_segments {

template <class T, sequences Of>
struct block : block_of_segments<T, Of> {
  using common = block_of_segments<T, Of>;
  using common::copy_starts, common::find_states, common::packed_steps, common::put_states, common::leave_states;
  using common::m, common::p, common::s, common::counter, common::words, common::epoch, common::packed;
  using common::width, common::steps, common::unit, common::has_item, common::first_step, common::epoch_of;
  using typename common::item_t, typename common::slot_turn, typename common::place_turn;

  // ---- load ----
  // Where nobody waits for anybody tickets go by the block's index. Else a ticket is asked for when the last group of the one before is
  // about to be copied, and no sooner, as others wait for what is drawn.
  __device__ ticket_counter::word_t ask() const { return s.segments > 1 ? counter.ask() : 0; }
  __device__ index_t answer(ticket_counter::word_t asked, index_t by_index) const {
    if (s.segments == 1) return by_index;
    index_t const ticket = counter.answer(asked);
    if (by_index == blockIdx.x) m.epoch = counter.epoch(asked);
    // Each block draws one ticket too many; this is the last of them all.
    if (ticket == s.tickets + gridDim.x - 1) counter.leave(asked);
    return ticket;
  }
  __device__ item_t item_of(index_t ticket) const {
    if (ticket >= s.tickets) return {};
    // A 64-bit division takes several times as long as one of 32 bits.
    bool const is_short = s.tickets <= 0xffffffff;
    auto const over = [&](index_t n, index_t d) {
      return is_short ? index_t{static_cast<std::uint32_t>(n) / static_cast<std::uint32_t>(d)} : n / d;
    };
    index_t const segment = over(ticket, s.columns), column = ticket - segment * s.columns;
    index_t const row = over(column, s.across), in_row = (column - row * s.across) * width;
    index_t const lane = row * s.together + in_row, t = segment * s.groups * steps;
    return {lane, segment, static_cast<int>(min(index_t{width}, s.together - in_row)), &p.a(lane, t), &p.b(lane, t)};
  }

  __device__ void load(int thread, ticket_counter::word_t asked) const {
    constexpr int parts = width / unit, rows = shape<T>::loaders / parts;  // rows that are copied together
    static_assert(shape<T>::loaders % parts == 0 && steps % rows == 0);
    int const column = thread % parts * unit, row = thread / parts;
    index_t const next_a = rows * p.a.time_stride(), next_b = rows * p.b.time_stride();
    slot_turn slot;
    place_turn place;
    for (index_t by_index = blockIdx.x;; by_index += gridDim.x, place.advance()) {
      if (thread == 0) {
        m.item[place.at] = item_of(answer(asked, by_index));
        m.handed_out[place.at].arrive();
      }
      item_t item;
      if (!has_item(place, item)) break;
      bool const any = column < item.lanes;
      T const* from_a = item.a + row * p.a.time_stride() + column;
      T const* from_b = item.b + row * p.b.time_stride() + column;
      index_t left = s.time - first_step(item) - row;
      [[maybe_unused]] bool const with_states = p.initial || p.final;
      [[maybe_unused]] typename common::group_ahead ahead{};
      if constexpr (packed) {
        if (with_states) ahead = common::look_ahead(item, 0, thread);
      }
#pragma unroll 1
      for (int g = 0; g < s.groups; ++g, slot.advance(), left -= steps) {
        m.read[slot.at].wait(slot.parity ^ 1);
        if (thread == 0 && g + 1 == s.groups) asked = ask();
        if constexpr (packed) copy_starts(slot, item, g, thread);
        int const to = row * width + column;
#pragma unroll
        for (int k = 0; k < steps; k += rows) {
          if (any && k < left) {
            copy_piece(m.a[slot.at] + to + k * width, from_a);
            copy_piece(m.b[slot.at] + to + k * width, from_b);
          }
          from_a += next_a, from_b += next_b;
        }
        if constexpr (packed) {
          if (with_states && left > -row) {
            auto const now = ahead;
            ahead = common::look_ahead(item, g + 1, thread);
            find_states(slot, item, g, thread, left + row, now);
          }
        }
        m.loaded[slot.at].arrive_after_copies();
      }
    }
    copies_are_done();
  }

  // ---- carry ----
  // Looks when the ticket's first group has come: sooner there is seldom something to see.
  __device__ void carry(int thread) const {
    constexpr int each = width / warp_size;
    static_assert(width % warp_size == 0);
    slot_turn slot;
    item_t item;
    for (place_turn place; has_item(place, item); place.advance(), slot.advance(s.groups)) {
      index_t lane[each];  // who has no lane looks at the last
#pragma unroll
      for (int j = 0; j < each; ++j) lane[j] = item.lane + min(thread + j * warp_size, item.lanes - 1);
      T* const state = m.state[place.at] + thread;
      if (item.segment == 0) {
#pragma unroll
        for (int j = 0; j < each; ++j) state[j * warp_size] = !packed && p.initial ? p.initial(lane[j], 0) : T(0);
      } else {
        m.loaded[slot.at].wait(slot.parity);
        std::uint64_t const wanted = epoch_of(item.segment - 1);
        reading<T> found[each];
        bool all;
        do {
          all = true;
#pragma unroll
          for (int j = 0; j < each; ++j) found[j].look(words + lane[j] * words_of<T>);
#pragma unroll
          for (int j = 0; j < each; ++j) all &= found[j].ready(wanted);
        } while (!all);
#pragma unroll
        for (int j = 0; j < each; ++j) state[j * warp_size] = found[j].value();
      }
      m.known[place.at].arrive();
    }
  }

  // ---- compute ----
  struct lane_state {
    T value;
    bool any;  // false before the first step of a lane that has no initial state
    T* x;
    bool stores;  // who has no lane walks along, and writes nothing
  };

  // A group, of which the slot is free once it is in registers, where it is not asked for states that end; f() before x is stored.
  template <bool Whole, class F>
  __device__ void walk(int count, slot_turn const& slot, int column, lane_state& lane,
                       [[maybe_unused]] packed_group<steps> const& of, F const& f) const {
    std::array<T, steps> a, b;
#pragma unroll
    for (int k = 0; k < steps; ++k) a[k] = m.a[slot.at][k * width + column], b[k] = m.b[slot.at][k * width + column];
    if (!leaves_states(of)) m.read[slot.at].arrive();
#pragma unroll
    for (int k = 0; k < steps; ++k) {
      if (!Whole && k >= count) break;
      bool const goes_on = packed ? !of.starts_at(k) : k > 0 || lane.any;
      lane.value = goes_on ? multiply_add(a[k], lane.value, b[k]) : b[k];
      b[k] = lane.value;
      if (packed && leaves_states(of) && of.ends_at(k)) m.b[slot.at][k * width + column] = lane.value;
    }
    if (count > 0) lane.any = true;
    f();
    index_t const next = p.x.time_stride();
#pragma unroll
    for (int k = 0; k < steps; ++k) {
      if (!Whole && k >= count) break;
      if (lane.stores) *lane.x = b[k];
      lane.x += next;
    }
  }

  __device__ bool leaves_states(packed_group<steps> const& of) const { return packed && p.final && of.ends != 0; }

  __device__ void compute(int thread) const {
    slot_turn slot;
    item_t item;
    for (place_turn place; has_item(place, item); place.advance()) {
      index_t const of = item.lane + min(thread, item.lanes - 1);
      bool const is_last = item.segment + 1 == s.segments;
      T* const x = &p.x(of, first_step(item));
      m.known[place.at].wait(place.parity);
      lane_state lane{m.state[place.at][thread], item.segment > 0 || (!packed && p.initial), x, thread < item.lanes};
      auto const hand_on = [&] {
        if (lane.stores) publish(words + of * words_of<T>, lane.value, false, epoch_of(item.segment));
      };
      index_t left = s.time - first_step(item);
#pragma unroll 1
      for (int g = 0; g < s.groups; ++g, slot.advance(), left -= steps) {
        m.loaded[slot.at].wait(slot.parity);
        auto const at = packed_steps(slot, item, g, left);
        if constexpr (packed) {
          if (p.initial) put_states(slot, at.starts, thread, of);
        }
        if (left >= steps) {
          bool const ends = g + 1 == s.groups && !is_last;
          walk<true>(steps, slot, thread, lane, at, [&] {
            if (ends) hand_on();
          });
        } else {
          walk<false>(static_cast<int>(left), slot, thread, lane, at, [] {});
        }
        if constexpr (packed) {
          if (leaves_states(at)) {
            if (lane.stores) leave_states(slot, at.ends, thread, of);
            m.read[slot.at].arrive();
          }
        }
      }
      if (!packed && is_last && p.final && lane.stores) p.final(of, 0) = lane.value;
    }
  }
};

template <class T, sequences Of>
__global__ void __launch_bounds__(shape<T>::threads, 1)
    segments_kernel(__grid_constant__ ssmscan::detail::recurrence_problem<T> const p, __grid_constant__ plan const s,
                    __grid_constant__ ticket_counter const counter, word* words,
                    __grid_constant__ starts_for<Of> const starts) {
  extern __shared__ __align__(128) unsigned char segments_memory[];
  auto& m = *reinterpret_cast<storage_for<T, Of>*>(segments_memory);
  static_assert(sizeof m <= 227 * 1024);
  block<T, Of> const of{{m, p, s, counter, words, m.epoch, starts}};
  int const thread = static_cast<int>(threadIdx.x);
  bool const draws = thread == warp_size;                     // the first that loads
  ticket_counter::word_t const asked = draws ? of.ask() : 0;  // on its way meanwhile
  if (thread == 0) {
    for (int k = 0; k < slots<T, Of>; ++k)
      m.loaded[k].initialise(shape<T>::loaders), m.read[k].initialise(shape<T>::computers);
    for (int k = 0; k < places<T, Of>; ++k) m.handed_out[k].initialise(1), m.known[k].initialise(warp_size);
    barriers_are_initialised();
  }
  __syncthreads();
  if (thread < warp_size) {
    of.carry(thread);
  } else if (thread < warp_size + shape<T>::loaders) {
    of.load(thread - warp_size, asked);
  } else {
    of.compute(thread - warp_size - shape<T>::loaders);
  }
}

// A ticket counter, and the words; nothing where a lane is one segment.
template <class T>
index_t words_needed(extent size) {
  return size.time <= shape<T>::most_steps ? 0 : 1 + size.lanes * words_of<T>;
}

// False where lanes do not lie so, or tickets are too few: 12,288 lanes of 1024 steps are 768, of which six for 132 multiprocessors take
// longer than one for each lane to its end (0.87 of the triad for 0.93, H200).
template <sequences Of, class T>
bool solve(cuda& on, ssmscan::detail::recurrence_problem<T> const& problem, word* memory,
           starts_for<Of> const& starts) {
  index_t const together = sequential_columns::lanes_together(problem);
  if (together < shape<T>::width) return false;
  plan const s = plan::of<T>(problem.size, together);
  constexpr index_t enough = 8;
  this_device const device;
  index_t const blocks = device.multiprocessors();
  if (s.tickets < enough * blocks) return false;
  constexpr auto* kernel = &segments_kernel<T, Of>;
  constexpr std::size_t shared_bytes = sizeof(storage_for<T, Of>);
  auto const counter =
      s.segments > 1 ? counter_for(on, s.tickets + blocks, memory, problem.size.lanes * words_of<T>) : ticket_counter{};
  launch_with_shared<kernel>(device, on.stream(), {blocks, shape<T>::threads, shared_bytes}, problem, s, counter,
                             memory + 1, starts);
  return true;
}

}  // namespace ssmscan::device::sequential_segments
