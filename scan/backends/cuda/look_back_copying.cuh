#pragma once
// Two tasks of look_back's kernel: load and store, which move tiles between global memory and the ring of slots.
#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <limits>

#include <ssmscan/scan/backends/cuda/look_back_block.cuh>

namespace ssmscan::device {

template <class Steps, copies How, int Slots>
struct look_back_copying : look_back_block<Steps, How, Slots> {
  using block = look_back_block<Steps, How, Slots>;
  using block::bulk_unit, block::in_bulk, block::in_cluster, block::reversed, block::has_item, block::fills_a;
  using block::keeps_lanes, block::meet, block::expect_words;
  using block::m, block::p, block::plan, block::counter, block::lane, block::slot, block::parity;
  using typename block::T, typename block::stored, typename block::tile, typename block::storage;

  // The lanes of an array copied in bulk: evenly spaced, so that no address takes a division.
  template <class V>
  struct lanes_in_bulk {
    V* first;
    index_t spacing;

    __device__ lanes_in_bulk(detail::lane_view<V> const& of, index_t lanes) {
      __builtin_assume(!in_bulk || of.is_even());
      first = &of(0, 0), spacing = lanes > 1 ? &of(1, 0) - first : 0;
    }
    __device__ V* at(index_t lane, index_t t) const { return first + lane * spacing + (reversed ? -t : t); }
  };
  using inputs = lanes_in_bulk<stored const>;

  // ---- load ----
  // As soon as the kernel before is done; answered in `load`.
  __device__ ticket_counter::word_t ask_first() const { return meet() ? ask() : 0; }

  __device__ void load(ticket_counter::word_t asked) const {
    if (in_bulk && lane != 0 && !fills_a()) return wait_for_cluster();
    inputs const a(p.a, plan.lanes), b(p.b, plan.lanes);
    std::uint64_t const policy = reading_policy();
    // A lane's tiles wait for all before them: where there are many, tickets are drawn as late as can be, so that tiles begin in
    // their order, but for the first of few, whose slots are free; else early enough to have been answered.
    constexpr int many = 6;
    bool const drawn = meet() || Slots > 1;
    int const first_late = plan.tiles < many || !meet() ? std::numeric_limits<int>::max() : has_few() ? Slots - 2 : 0;
    index_t const by_index = meet() ? 0 : gridDim.x;
    index_t ticket = meet() ? to_all(answer(asked)) : static_cast<index_t>(blockIdx.x), of_lane = -1, before = 0;
    int i = 0;
    auto item = work_item::of<T>(plan, ticket);
    if (meet() && lane == 0) m.epoch = counter.epoch(asked);
    while (ticket < plan.tickets) {
      bool const late = i >= first_late;
      if (!keeps_lanes || item.tile == 0) {
        if (drawn && !late) asked = ask();
        item.ahead = static_cast<int>(item.lane == of_lane ? item.tile - before : item.tile);
        of_lane = item.lane, before = item.tile;
      }
      hand_out(i, item);
      copy_in(i, item, a, b, policy);
      ++i;
      if (keeps_lanes && item.tile + 1 < plan.tiles) {
        item.template next<T>(plan);
        continue;
      }
      if (late) {
        m.scanned[slot(i)].wait(parity(i) ^ 1);  // the slot's tile before: its x is on its way out
        asked = ask();
      }
      ticket = drawn ? to_all(answer(asked)) + by_index : ticket + gridDim.x;
      item = work_item::of<T>(plan, ticket);
    }
    wait_for_cluster();  // its tile is on its way, and no slot is waited for before all have come here
    // Each block draws one ticket too many; this is the last of them all.
    if (drawn && lane == 0 && ticket == plan.tickets + gridDim.x - 1) counter.leave(asked);
    for (int end = 0; end < storage::reducers; ++end, ++i) hand_out(i, {});
  }

  // Before one block writes into another that one has to run, and its barrier to expect it. All threads have said that they do.
  __device__ static void wait_for_cluster() {
    if constexpr (in_cluster) ptx::barrier_cluster_wait(ptx::sem_acquire);
  }

  // All blocks together draw the first tickets, one way or another: their tiles, and the words of many more, can be on the way to
  // the second-level cache before the draws are answered. By a thread that has nothing else to do; of tiles it pays where there are
  // a few for each block.
  __device__ void ask_ahead() const {
    if (!meet()) return;
    expect_words(blockIdx.x * index_t{words_of_line});
    constexpr int rounds = 2;
    if (!in_bulk || !has_few()) return;
    inputs const a(p.a, plan.lanes), b(p.b, plan.lanes);
#pragma unroll 1
    for (int k = 0; k < rounds; ++k) {
      auto const item = work_item::of<T>(plan, blockIdx.x + index_t{k} * gridDim.x);
      std::uint32_t const bytes = item.elements / bulk_unit * bulk_unit * sizeof(stored);
      if (bytes == 0) continue;
      if (!fills_a()) bulk_prefetch(a.at(item.lane, lowest_in_memory(item)), bytes);
      bulk_prefetch(b.at(item.lane, lowest_in_memory(item)), bytes);
    }
  }

  // Tiles for each block, but more than are under way in the first moment.
  __device__ bool has_few() const {
    constexpr int least = 4, most = 16;
    return Slots > 1 && plan.tickets >= index_t{least} * gridDim.x && plan.tickets <= index_t{most} * gridDim.x;
  }

  __device__ ticket_counter::word_t ask() const { return lane == 0 ? counter.ask() : 0; }
  __device__ index_t answer(ticket_counter::word_t asked) const { return lane == 0 ? counter.answer(asked) : 0; }
  __device__ index_t to_all(index_t of_first) const {
    return in_bulk && !fills_a() ? of_first : __shfl_sync(all_lanes, of_first, 0);  // in bulk there is only the first
  }

  __device__ void hand_out(int i, work_item const& item) const {
    m.empty[slot(i)].wait(parity(i) ^ 1);
    if (lane == 0) {
      m.item[slot(i)] = item;
      m.handed_out[slot(i)].arrive();
    }
  }

  // What is read once need not stay in the second-level cache: as a hint that is worth 0.01 to 0.03 where there are few tiles for each
  // block, and of at most 4 bytes in long lanes; elsewhere it costs as much, and up to 0.05 of 8 bytes.
  __device__ std::uint64_t reading_policy() const {
    constexpr int many = 64, long_lane = 16;  // tiles of each block, of a lane
    bool const once = plan.tickets * plan.tiles_per_ticket < index_t{many} * gridDim.x ||
                      (sizeof(stored) <= 4 && plan.tiles >= long_lane);
    return once ? used_once() : used_as_usual();
  }

  __device__ void copy_in(int i, work_item const& item, inputs const& a, inputs const& b, std::uint64_t policy) const {
    stored* const to_a = m.a[slot(i)];
    stored* const to_b = m.b[slot(i)];
    index_t const begin = item.tile * tile::length;
    int const region = plan.rows_per_lane * tile::row;
    if constexpr (in_bulk) {
      bool const fills = fills_a();
      if (fills) {
        for (int l = 0; l < item.lanes; ++l) fill(to_a + l * region, *a.at(item.lane + l, 0), item.elements);
        if (lane != 0) {
          m.full[slot(i)].arrive();
          return;
        }
      }
      int const whole = item.elements / bulk_unit * bulk_unit, arrays = fills ? 1 : 2;
      std::uint32_t const bytes = whole * sizeof(stored);
      if (whole < item.elements) {
#pragma unroll 1
        for (int l = 0; l < item.lanes; ++l)
#pragma unroll 1
          for (int e = whole; e < item.elements; ++e) {
            if (!fills) to_a[l * region + e] = *a.at(item.lane + l, begin + e);
            to_b[l * region + e] = *b.at(item.lane + l, begin + e);
          }
      }
      m.full[slot(i)].arrive_expecting(arrays * bytes * item.lanes);
      if (bytes == 0) return;
      index_t const lowest = lowest_in_memory(item);
#pragma unroll 1
      for (int l = 0; l < item.lanes; ++l) {
        if (!fills) bulk_load(to_a + l * region, a.at(item.lane + l, lowest), bytes, m.full[slot(i)], policy);
        bulk_load(to_b + l * region, b.at(item.lane + l, lowest), bytes, m.full[slot(i)], policy);
      }
    } else {
      for (int l = 0; l < item.lanes; ++l) {
        copy_elements(to_a + l * region, p.a, item.lane + l, begin, item.elements);
        copy_elements(to_b + l * region, p.b, item.lane + l, begin, item.elements);
      }
      if constexpr (sizeof(stored) >= 4) {
        m.full[slot(i)].arrive_after_copies();
      } else {
        copies_are_done();
        m.full[slot(i)].arrive();
      }
    }
  }

  // All of a part of a slot, and up to 16 bytes more.
  __device__ void fill(stored* to, stored value, int count) const {
    constexpr int together = 16 / static_cast<int>(sizeof(stored));
    std::array<stored, together> made;
#pragma unroll
    for (auto& each : made) each = value;
    auto const piece = std::bit_cast<uint4>(made);
    for (int e = lane * together; e < count; e += warp_size * together) *reinterpret_cast<uint4*>(to + e) = piece;
  }

  __device__ static index_t lowest_in_memory(work_item const& item) {
    index_t const begin = item.tile * tile::length;
    return reversed ? begin + item.elements - 1 : begin;
  }

  __device__ void copy_elements(stored* to, detail::lane_view<stored const> const& from, index_t of_lane, index_t begin,
                                int count) const {
    stored const* const first = &from(of_lane, begin);
    index_t const stride = from.time_stride();
#pragma unroll 8
    for (int e = lane; e < count; e += warp_size) {
      if constexpr (sizeof(stored) >= 4) {
        copy_element(to + e, first + e * stride);
      } else {  // less than what is copied asynchronously
        to[e] = first[e * stride];
      }
    }
  }

  // ---- store ----
  __device__ void store() const {
    if (in_bulk && lane != 0) return;
    lanes_in_bulk<stored> const x(p.x, plan.lanes);
    for (int i = 0; has_item(i, m.scanned); ++i) {
      work_item const item = block::item(i);
#pragma unroll 1
      for (int l = 0; l < item.lanes; ++l) {
        stored const* const from = m.b[slot(i)] + l * plan.rows_per_lane * tile::row;
        if constexpr (in_bulk) {
          stored* const to = x.at(item.lane + l, lowest_in_memory(item));
          int const whole = item.elements / bulk_unit * bulk_unit;
          if (whole > 0) bulk_store(to, from, whole * sizeof(stored));
#pragma unroll 1
          for (int e = whole; e < item.elements; ++e) to[e] = from[e];
        } else {
          stored* const to = &p.x(item.lane + l, lowest_in_memory(item));
          index_t const stride = p.x.time_stride();
#pragma unroll 8
          for (int e = lane; e < item.elements; e += warp_size) to[e * stride] = from[e];
        }
      }
      if constexpr (in_bulk) bulk_stores_have_been_read();
      m.empty[slot(i)].arrive();
    }
    if constexpr (in_bulk) bulk_stores_are_done();
  }
};

}  // namespace ssmscan::device
