#pragma once
// chunked in one pass: the task that draws tickets, hands out what they stand for, and brings a and b into the ring.
#include <ssmscan/scan/backends/cuda/chunked_columns_block.cuh>
#include <ssmscan/scan/backends/cuda/chunked_columns_boxes.cuh>

namespace ssmscan::device::chunked_columns {

template <class T, rows How, sequences Of>
struct loading_of_columns : block_of_columns<T, Of> {
  using block = block_of_columns<T, Of>;
  using block::m, block::p, block::plan, block::counter, block::lane, block::starts, block::packed;
  using block::slot, block::parity, block::place, block::turn, block::has_item;
  using typename block::tile, typename block::item_t, typename block::column_t;

  // Of a slot, waited for one by one. What threads copy is one: parts of it cost up to 5 %.
  static constexpr int parts = parts_of<How>;

  // The i-th ticket is drawn when its slot is free, as others wait for what is drawn. In boxes it is asked for when the slot will be free
  // without anybody's help: when what is in it is reduced, and the item that scan has in registers has all that it waits for.
  __device__ index_t draw(int i, ticket_counter::word_t asked) const {
    if (are_boxes<How> && i >= tile::slots) {
      m.reduced[place(i - tile::slots)].wait(turn(i - tile::slots));
      m.folded[place(i)].wait(turn(i) ^ 1);
      m.carried[place(i)].wait(turn(i) ^ 1);
    }
    if (i > 0) asked = counter.ask();
    m.empty[slot(i)].wait(parity(i) ^ 1);
    index_t const ticket = counter.answer(asked);
    if (i == 0) m.epoch = counter.epoch(asked);
    // Each block draws one ticket too many; this is the last of them all.
    if (ticket == plan.tickets + gridDim.x - 1) counter.leave(asked);
    return ticket;
  }
  // Beside the end of the kernel before: what the first tickets need, whichever block will draw them.
  __device__ void prefetch_the_first(boxes_of<How> const& boxes) const {
#pragma unroll 1
    for (int k = 0; k < tile::slots; ++k) {
      index_t const ticket = blockIdx.x + index_t{k} * gridDim.x;
      if (ticket < plan.tickets) boxes.prefetch(item_t::of(p, plan, ticket));
    }
  }
  __device__ void hand_out_the_end(int i) const {
    for (int k = 0; k < tile::slots; ++k) {  // each that takes turns looks at its own
      m.empty[slot(i + k)].wait(parity(i + k) ^ 1);
      hand_out(i + k, {});
    }
  }
  __device__ void load_boxes(boxes_of<How> const& boxes, ticket_counter::word_t asked) const {
    if (lane != 0) return;
    int i = 0;
    for (;; ++i) {
      index_t const ticket = draw(i, asked);
      if (ticket >= plan.tickets) break;
      auto const item = item_t::of(p, plan, ticket);
      hand_out(i, item);
#pragma unroll 1
      for (int part = 0; part < parts; ++part) {
        // No more than a slot's bytes are on their way at a time: what others publish is looked for beside them, and queues with them.
        if (i > 0) m.full[slot(i - 1)][part].wait(parity(i - 1));
        if constexpr (packed) {
          if (part == 0) load_starts(i, item);
        }
        boxes.load(m.a[slot(i)], m.b[slot(i)], item, part, m.full[slot(i)][part]);
      }
    }
    hand_out_the_end(i);
  }
  __device__ void load_a(ticket_counter::word_t asked) const {
    int i = 0;
    for (;; ++i) {
      m.empty[slot(i)].wait(parity(i) ^ 1);
      index_t const ticket = __shfl_sync(all_lanes, lane == 0 ? draw(i, asked) : 0, 0);
      if (ticket >= plan.tickets) break;
      auto const item = item_t::of(p, plan, ticket);
      hand_out(i, item);
      copy_in(i, item, p.a, m.a[slot(i)]);
    }
    hand_out_the_end(i);
  }
  __device__ void load_b() const {
    item_t item;
    for (int i = 0; has_item(i, item); ++i) {
      if constexpr (packed) copy_starts(i, item);
      copy_in(i, item, p.b, m.b[slot(i)]);
    }
  }

  // Packed: with the first part of a slot. A box is one piece.
  __device__ void load_starts(int i, item_t const& item) const {
    m.full[slot(i)][0].expect(sizeof(starts_of_piece));
    bulk_load(m.starts[place(i)], starts.pieces + item.piece, sizeof(starts_of_piece), m.full[slot(i)][0],
              used_as_usual());
  }
  __device__ void copy_starts(int i, item_t const& item) const {
    index_t const pieces = min(index_t{tile::width >> plan.log_across}, plan.pieces - item.piece);
    constexpr int units = sizeof(starts_of_piece) / sizeof(uint4);
    auto* const to = reinterpret_cast<uint4*>(m.starts[place(i)]);
    auto const* const from = reinterpret_cast<uint4 const*>(starts.pieces + item.piece);
    for (int k = lane; k < pieces * units; k += warp_size) copy_piece(to + k, from + k);
  }
  __device__ void hand_out(int i, item_t const& item) const {
    if (lane != 0) return;
    m.item[place(i)] = item;
    m.handed_out[place(i)].arrive();
  }

  // 16 bytes a thread, a few rows at a time. What is one for all steps is read once: every multiprocessor asks for it, and a line of the
  // second-level cache answers one after another.
  __device__ void copy_in(int i, item_t const& item, ssmscan::detail::lane_view<T const> const& view, T* to) const {
    constexpr int units = tile::width / tile::unit, together = warp_size / units;
    int const column = lane % units * tile::unit;
    auto const mine = column_t::of(plan, item, column);
    if (view.time_stride() == 0) {
      uint4 row{};
      if (mine.any) row = *reinterpret_cast<uint4 const*>(&view(item.lane, 0) + mine.in_group);
      to += lane / units * tile::width + column;
#pragma unroll 8
      for (int s = 0; s < piece; s += together) *reinterpret_cast<uint4*>(to + s * tile::width) = row;
      asm volatile("fence.acq_rel.cta;" ::: "memory");  // it comes with the arrival, as what is copied does
    } else if (mine.any) {
      index_t const begin = mine.at_piece * piece, stride = view.time_stride();
      int const steps = static_cast<int>(min(index_t{piece}, plan.time - begin));
      T const* from = &view(item.lane, 0) + mine.in_group + (begin + lane / units) * stride;
      to += lane / units * tile::width + column;
#pragma unroll 8
      for (int s = lane / units; s < steps; s += together) {
        copy_piece(to, from);
        to += together * tile::width, from += together * stride;
      }
    }
    m.full[slot(i)][0].arrive_after_copies();
  }
};

}  // namespace ssmscan::device::chunked_columns
