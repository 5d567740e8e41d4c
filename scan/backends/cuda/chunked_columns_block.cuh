#pragma once
// chunked in one pass: what the tasks of its kernel (chunked_columns.cuh) have in common, and its warps.
#include <cstdint>

#include <ssmscan/scan/backends/cuda/chunked_columns_plan.cuh>
#include <ssmscan/scan/backends/cuda/look_back_tile.cuh>
#include <ssmscan/scan/backends/cuda/tickets.cuh>

namespace ssmscan::device::chunked_columns {

// Warps. Of those that fold and of those that carry as many as there are slots, by turns.
inline constexpr int loaders = 2, folders = 3, carriers = 3, waiting = loaders + folders + carriers;
template <class T>
inline constexpr int threads = warp_size* waiting + 2 * columns_tile<T>::workers;

template <class T>
struct block_of_columns {
  using map = affine_map<T>;
  using tile = columns_tile<T>;
  using item_t = item_of_columns<T>;
  using column_t = column_of<T>;

  storage_of_columns<T>& m;
  ssmscan::detail::recurrence_problem<T> const& p;
  plan_of_columns const& plan;
  ticket_counter const& counter;
  words_of_columns<T> words;
  std::uint64_t epoch;
  int lane;  // of this thread in its warp

  __device__ static map combine(map const& earlier, map const& later) { return affine<T>{}(earlier, later); }

  __device__ static int slot(int i) { return i % tile::slots; }
  __device__ static std::uint32_t parity(int i) { return static_cast<std::uint32_t>(i / tile::slots) & 1; }
  // Waits for the i-th item of this block; false if there is no more.
  __device__ bool has_item(int i, item_t& item) const {
    m.handed_out[slot(i)].wait(parity(i));
    item = m.item[slot(i)];
    return item.lanes > 0;
  }
};

}  // namespace ssmscan::device::chunked_columns
