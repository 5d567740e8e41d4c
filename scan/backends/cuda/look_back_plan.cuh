#pragma once
// How the work of look_back is cut: lanes into tiles, tiles into tickets; and what blocks share of it in the workspace.
#include <algorithm>
#include <cstdint>

#include <ssmscan/scan/backends/cuda/look_back_tile.cuh>
#include <ssmscan/scan/backends/cuda/published.cuh>
#include <ssmscan/scan/backends/cuda/tickets.cuh>
#include <ssmscan/scan/detail/integers.hpp>

namespace ssmscan::device {

// How the work is cut into tickets; made on the host, the same for all blocks.
struct look_back_plan {
  index_t lanes, time;
  index_t tiles;       // of one lane
  int rows_per_lane;   // in a slot
  int lanes_per_slot;  // more than one where a lane is one short tile
  index_t tickets;

  SSMSCAN_HOST_DEVICE bool blocks_meet() const { return tiles > 1; }

  template <class T>
  static constexpr look_back_plan of(extent size) {
    using tile = look_back_tile<T>;
    look_back_plan made{size.lanes, size.time, detail::ceil_div(size.time, index_t{tile::length}), tile::rows, 1, 0};
    if (made.tiles == 1) {
      made.rows_per_lane = static_cast<int>(detail::ceil_div(size.time, index_t{tile::row}));
      made.lanes_per_slot = tile::rows / made.rows_per_lane;
    }
    made.tickets = made.tiles * detail::ceil_div(size.lanes, index_t{made.lanes_per_slot});
    return made;
  }
  template <class Aggregate>
  index_t words() const {
    return tiles == 1 ? 0 : lanes * tiles * words_of<Aggregate>;
  }
};

// What a ticket stands for; of no lanes: no more. Tickets run through each lane before the next: memory is read in order.
struct work_item {
  index_t lane;  // the first
  int lanes;     // in the slot
  index_t tile;
  int elements;   // of each lane
  int ahead = 0;  // tiles of the lane that this block has not passed yet when it comes to this one

  template <class T>
  __device__ static work_item of(look_back_plan const& plan, index_t ticket) {
    index_t const length = look_back_tile<T>::length;
    if (plan.tiles == 1) {
      index_t const first = ticket * plan.lanes_per_slot;
      return {first, static_cast<int>(min(index_t{plan.lanes_per_slot}, plan.lanes - first)), 0,
              static_cast<int>(plan.time)};
    }
    index_t lane = 0;
    if (plan.lanes > 1)  // a 64-bit division takes several times as long as one of 32 bits
      lane = plan.tickets <= 0xffffffff ? static_cast<std::uint32_t>(ticket) / static_cast<std::uint32_t>(plan.tiles)
                                        : ticket / plan.tiles;
    index_t const tile = ticket - lane * plan.tiles;
    return {lane, 1, tile, static_cast<int>(min(length, plan.time - tile * length))};
  }
};

}  // namespace ssmscan::device
