#pragma once
// Two tasks of look_back's kernel: gather and pass, which find the state that enters a tile.
#include <algorithm>
#include <cstdint>

#include <ssmscan/scan/backends/cuda/look_back_block.cuh>

namespace ssmscan::device {

template <class Steps, copies How, int Slots>
struct look_back_passing : look_back_block<Steps, How, Slots> {
  using block = look_back_block<Steps, How, Slots>;
  using block::aggregate_at, block::has_item, block::in_cluster;
  using block::m, block::plan, block::epoch, block::lane, block::slot, block::group, block::group_parity;
  using typename block::state_t, typename block::aggregate, typename block::storage;

  // ---- gather and pass ----
  // Where this block stands in a lane. The aggregates from there to an item's tile go from gather to pass in groups of 32,
  // each as soon as it is complete: at least one group, if only an empty one, for each item.
  struct place {
    index_t lane = -1, tile = 0;
    __device__ void enter(index_t of_lane) {
      if (of_lane != lane) lane = of_lane, tile = 0;
    }
    __device__ int ahead(work_item const& item, int most) const {
      return static_cast<int>(min(index_t{most}, item.tile - tile));
    }
  };

  __device__ void gather() const {
    if (plan.tiles == 1 || in_cluster) return;
    work_item item;
    place at;
    int k = 0;
    for (int i = 0; has_item(i, item); ++i) {
      at.enter(item.lane);
      do {
        int const count = at.ahead(item, storage::looks * warp_size);
        k = gather(at, count, k);
        at.tile += count;
      } while (at.tile < item.tile);
    }
  }

  // Hands over `count` aggregates from k on; the k after them.
  __device__ int gather(place const& from, int count, int k) const {
    reading<aggregate> found[storage::looks];
    bool missing[storage::looks];
#pragma unroll
    for (int q = 0; q < storage::looks; ++q) missing[q] = q * warp_size + lane < count;
    int handed = 0;
    do {
#pragma unroll
      for (int q = 0; q < storage::looks; ++q)
        if (missing[q]) found[q].look(aggregate_at(from.lane, from.tile + q * warp_size + lane));
#pragma unroll
      for (int q = 0; q < storage::looks; ++q) {
        missing[q] = missing[q] && !found[q].ready(epoch);
        if (q != handed || (q > 0 && q * warp_size >= count) || __any_sync(all_lanes, missing[q])) continue;
        m.group_empty[group(k)].wait(group_parity(k) ^ 1);
        m.gathered[group(k)][lane] = found[q].value();
        if constexpr (is_packed<Steps>) {
          bool const marked = q * warp_size + lane < count && found[q].marked();
          std::uint32_t const marks = __ballot_sync(all_lanes, marked);
          if (lane == 0) m.marks[group(k)] = marks;
        }
        m.group_full[group(k)].arrive();
        ++k, ++handed;
      }
    } while (handed * warp_size < count);
    return k;
  }

  __device__ void pass() const {
    work_item item;
    place at;
    state_t state(0);
    int k = 0;
    for (int i = 0; has_item(i, item); ++i) {
      at.enter(item.lane);
      if (in_cluster && item.tile > 0) {
        state = pass_told(static_cast<int>(item.tile));
      } else if (!in_cluster && plan.tiles > 1) {
        do {
          int const count = at.ahead(item, warp_size);
          m.group_full[group(k)].wait(group_parity(k));
          state = pass_group(k, state, count, at.tile == 0);
          m.group_empty[group(k)].arrive();
          ++k;
          at.tile += count;
        } while (at.tile < item.tile);
      }
      if (lane == 0) m.carry[slot(i)] = state;
      m.carried[slot(i)].arrive();
    }
  }

  // In a cluster each block has one tile, and all before it are one group.
  __device__ state_t pass_told(int count) const {
    m.told.wait(0);
    if constexpr (is_packed<Steps>) {
      std::uint32_t const marks = __ballot_sync(all_lanes, lane < count && m.marks_told[lane] != 0);
      if (lane == 0) m.marks[0] = marks;
      __syncwarp();
    }
    return pass_group(0, state_t(0), count, true);
  }

  // The state after the first `count` of a group. What starts it is the first aggregate of a lane, or, packed, the
  // last in which a sequence starts.
  __device__ state_t pass_group(int of, state_t state, int count, bool starts_lane) const {
    aggregate const* const aggregates = m.gathered[group(of)];
    // Read ahead of the multiply-adds, which wait for one another: what the registers hold.
    constexpr int step = sizeof(aggregate) > 16 ? 8 : 16;
    int start = starts_lane ? 0 : -1;
    if constexpr (is_packed<Steps>) start = warp_size - 1 - __clz(static_cast<int>(m.marks[group(of)]));
    if (count > 0 && start >= 0) state = Steps::passed_first(aggregates[start]);
#pragma unroll
    for (int k = 0; k < warp_size; k += step) {
      aggregate ahead[step];
#pragma unroll
      for (int s = 0; s < step; ++s) ahead[s] = aggregates[k + s];
      if (k + step <= count && k > start) {
#pragma unroll
        for (int s = 0; s < step; ++s) state = Steps::pass(ahead[s], state);
      } else {
#pragma unroll
        for (int s = 0; s < step; ++s)
          if (k + s < count && k + s > start) state = Steps::pass(ahead[s], state);
      }
    }
    return state;
  }
};

}  // namespace ssmscan::device
