#pragma once
// What the tasks of look_back's kernel (look_back_kernel.cuh) have in common: the problem, the rings, and where a thread stands.
#include <cstdint>

#include <ssmscan/scan/backends/cuda/half_storage.hpp>
#include <ssmscan/scan/backends/cuda/look_back_plan.cuh>
#include <ssmscan/scan/backends/cuda/look_back_storage.cuh>
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
                        in_cluster = How == copies::bulk_in_cluster;

  storage& m;
  detail::recurrence_problem<stored> const& p;
  look_back_plan const& plan;
  ticket_counter const& counter;
  word* words;
  std::uint64_t epoch;
  std::uint32_t const* heads;  // packed: a bit for each step and one more, set where a sequence starts or all ends
  int lane;                    // of this thread in its warp

  __device__ map combine(map const& earlier, map const& later) const {
    return Steps::combine(m.tables, earlier, later);
  }

  // The ring: the i-th tile of this block. Likewise the k-th group of aggregates, in a ring of its own.
  // (Unsigned, as each task divides for each item.)
  __device__ static std::uint32_t slot(std::uint32_t i) { return i % slots; }
  __device__ static std::uint32_t parity(std::uint32_t i) { return i / slots & 1; }
  __device__ static std::uint32_t group(std::uint32_t k) { return k % storage::groups; }
  __device__ static std::uint32_t group_parity(std::uint32_t k) { return k / storage::groups & 1; }

  // a is one for all steps of a lane: it is not copied, but written into the slot.
  __device__ bool fills_a() const { return in_bulk && p.a.time_stride() == 0; }

  __device__ word* aggregate_at(index_t of_lane, index_t t) const {
    return words + (of_lane * plan.tiles + t) * words_of<aggregate>;
  }

  // Waits until the task before has reported on the i-th item; false if there is no more. That there is no more goes from task to
  // task too; where there is one slot, and so one item, it would come after the last store, and each task is told at once.
  __device__ bool has_item(int i, work_item& item, barrier (&reports)[slots]) const {
    if constexpr (slots == 1) {
      m.handed_out[0].wait(parity(i));
      if (m.item[0].lanes == 0) return false;
    }
    reports[slot(i)].wait(parity(i));
    item = m.item[slot(i)];
    return item.lanes > 0;
  }
};

}  // namespace ssmscan::device
