#pragma once
// chunked in one pass: what the tasks of its kernel (chunked_columns.cuh) have in common, and its warps.
#include <cstdint>

#include <ssmscan/scan/backends/cuda/chunked_columns_plan.cuh>
#include <ssmscan/scan/backends/cuda/look_back_tile.cuh>
#include <ssmscan/scan/backends/cuda/tickets.cuh>

namespace ssmscan::device::chunked_columns {

// Warps. Those that fold and those that carry go by turns: as many of each as there are slots, or what registers leave.
inline constexpr int loaders = 2;
template <class T>
inline constexpr int turns = sizeof(T) > 8 ? 2 : columns_tile<T>::slots;
template <class T>
inline constexpr int waiting = loaders + 2 * turns<T>;
template <class T>
inline constexpr int threads = warp_size* waiting<T> + columns_tile<T>::workers + columns_tile<T>::cells;

template <class T, sequences Of>
struct block_of_columns {
  static constexpr bool packed = Of == sequences::packed;
  using map = affine_map<T>;
  using tile = columns_tile<T>;
  using item_t = item_of_columns<T>;
  using column_t = column_of<T>;

  storage_for<T, Of>& m;
  ssmscan::detail::recurrence_problem<T> const& p;
  plan_of_columns const& plan;
  ticket_counter const& counter;
  words_of_columns<T> words;
  std::uint64_t const& epoch;  // of this run: its words bear it; known with the first item
  int lane;                    // of this thread in its warp
  starts_for<Of> starts;

  __device__ static map combine(map const& earlier, map const& later) { return affine<T>{}(earlier, later); }
  // Where a sequence starts in `later`, without what is earlier. Nobody asks for the a of what is made of such a one.
  __device__ static map combine(map const& earlier, map const& later, bool starts) {
    return packed && starts ? later : combine(earlier, later);
  }
  __device__ static T completed(map const& prefix, piece_runs::state_before<T> const& before, bool starts) {
    return packed && starts ? prefix.b : piece_runs::completed(prefix, before);
  }

  // The i-th item: where its a and b stand, and where what is known of it; parity and turn are the phases of the barriers there.
  __device__ static int slot(int i) { return i % tile::slots; }
  __device__ static std::uint32_t parity(int i) { return static_cast<std::uint32_t>(i / tile::slots) & 1; }
  __device__ static int place(int i) { return i % tile::places; }
  __device__ static std::uint32_t turn(int i) { return static_cast<std::uint32_t>(i / tile::places) & 1; }
  // Waits for the i-th item of this block; false if there is no more.
  __device__ bool has_item(int i, item_t& item) const {
    m.handed_out[place(i)].wait(turn(i));
    item = m.item[place(i)];
    return item.lanes > 0;
  }
};

}  // namespace ssmscan::device::chunked_columns
