#pragma once
// What the tasks of look_back's kernel (look_back_kernel.cuh) have in common: the problem, the rings, and where a thread stands.
#include <cstdint>

#include <ssmscan/scan/backends/cuda/half_storage.hpp>
#include <ssmscan/scan/backends/cuda/look_back_plan.cuh>
#include <ssmscan/scan/backends/cuda/look_back_storage.cuh>
#include <ssmscan/scan/backends/cuda/packed_starts.hpp>
#include <ssmscan/scan/detail/recurrence_problem.hpp>

namespace ssmscan::device {

template <class Steps, copies How, int Slots>
struct look_back_block {
  using T = typename Steps::scalar;
  using stored = typename Steps::stored;
  using state_t = typename Steps::state;
  using map = typename Steps::map;
  using aggregate = typename Steps::aggregate;
  using tile = look_back_tile<T>;
  using storage = look_back_storage<Steps, Slots>;
  static constexpr int slots = storage::slots;
  static constexpr int bulk_unit = bulk_alignment / static_cast<int>(sizeof(stored));  // elements
  static constexpr bool in_bulk = How != copies::by_element, reversed = How == copies::bulk_reversed,
                        in_cluster = How == copies::bulk_in_cluster, keeps_lanes = takes_whole_lanes<Steps>;

  storage& m;
  detail::recurrence_problem<stored> const& p;
  look_back_plan const& plan;
  ticket_counter const& counter;
  word* words;
  detail::sequence_starts const& starts;  // packed
  int lane;                               // of this thread in its warp

  __device__ map combine(map const& earlier, map const& later) const {
    return Steps::combine(m.tables, earlier, later);
  }

  // The ring: the i-th tile of this block. Likewise the k-th batch of aggregates, in a ring of its own.
  __device__ static std::uint32_t slot(std::uint32_t i) { return i % slots; }
  __device__ static std::uint32_t parity(std::uint32_t i) { return i / slots & 1; }
  __device__ static std::uint32_t batch(std::uint32_t k) { return k % storage::batches; }
  __device__ static std::uint32_t batch_parity(std::uint32_t k) { return k / storage::batches & 1; }

  // Where blocks do not meet, or in one cluster, of which all run or none, the first ticket is the block's index: a draw less to
  // wait for.
  __device__ bool meet() const { return !keeps_lanes && !in_cluster && plan.blocks_meet(); }

  // A word is half of what the second-level cache asks memory for, so that a look at one whose other half is not there waits for memory.
  // So as many words as a line has are asked for before anybody publishes there.
  __device__ void expect_words(index_t from) const {
    index_t const all = plan.lanes * plan.tiles * words_of<aggregate>;
    if (from + words_of_line <= all) bulk_prefetch(words + from, words_of_line * sizeof(word));
  }

  // a is one for all steps of a lane: it is not copied, but written into the slot.
  __device__ bool fills_a() const { return in_bulk && p.a.time_stride() == 0; }

  __device__ word* aggregate_at(index_t of_lane, index_t t) const {
    return words + (of_lane * plan.tiles + t) * words_of<aggregate>;
  }

  // Waits for the i-th item, and for what the task before reports on it; false if there is no more.
  __device__ bool has_item(std::uint32_t i) const {
    m.handed_out[slot(i)].wait(parity(i));
    return m.item[slot(i)].lanes > 0;
  }
  __device__ bool has_item(std::uint32_t i, barrier (&reports)[slots]) const {
    if (!has_item(i)) return false;
    reports[slot(i)].wait(parity(i));
    return true;
  }
  // It stays until the slot is empty.
  __device__ work_item const& item(std::uint32_t i) const { return m.item[slot(i)]; }
};

}  // namespace ssmscan::device
