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
  index_t tiles;             // of one lane
  int rows_per_lane;         // in a slot
  int lanes_per_slot;        // more than one where a lane is one short tile
  index_t tiles_per_ticket;  // one, or all of a lane
  index_t tickets;

  SSMSCAN_HOST_DEVICE bool blocks_meet() const { return tiles > tiles_per_ticket; }

  template <class T>
  static constexpr look_back_plan of(extent size) {
    using tile = look_back_tile<T>;
    look_back_plan made{size.lanes, size.time, detail::ceil_div(size.time, index_t{tile::length}), tile::rows, 1, 1, 0};
    if (made.tiles == 1) {
      made.rows_per_lane = static_cast<int>(detail::ceil_div(size.time, index_t{tile::row}));
      made.lanes_per_slot = tile::rows / made.rows_per_lane;
    }
    made.tickets = made.tiles * detail::ceil_div(size.lanes, index_t{made.lanes_per_slot});
    return made;
  }
  // The same for so many blocks: each keeps its lanes, from the first tile to the last, where there are enough for all blocks to end
  // at about the same time. Then nobody waits for another, and nothing is published.
  look_back_plan among(index_t blocks) const {
    constexpr index_t enough = 64;
    look_back_plan made = *this;
    if (tiles > 1 && lanes >= enough * blocks) made.tiles_per_ticket = tiles, made.tickets = lanes;
    return made;
  }
  template <class Aggregate>
  index_t words() const {
    return blocks_meet() ? lanes * tiles * words_of<Aggregate> : 0;
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
    index_t lane = plan.blocks_meet() ? 0 : ticket;
    if (plan.blocks_meet() && plan.lanes > 1)  // a 64-bit division takes several times as long as one of 32 bits
      lane = plan.tickets <= 0xffffffff ? static_cast<std::uint32_t>(ticket) / static_cast<std::uint32_t>(plan.tiles)
                                        : ticket / plan.tiles;
    index_t const tile = plan.blocks_meet() ? ticket - lane * plan.tiles : 0;
    return {lane, 1, tile, static_cast<int>(min(length, plan.time - tile * length))};
  }
  // The next tile of the lane.
  template <class T>
  __device__ void next(look_back_plan const& plan) {
    index_t const length = look_back_tile<T>::length;
    ++tile;
    elements = static_cast<int>(min(length, plan.time - tile * length));
  }
};

}  // namespace ssmscan::device
