#pragma once
// Two tasks of look_back's kernel: reduce and scan, which compute with the tiles in the ring of slots.
#include <algorithm>
#include <cstdint>
#include <cstring>

#include <ssmscan/scan/backends/cuda/look_back_block.cuh>
#include <ssmscan/scan/backends/cuda/look_back_run.cuh>

namespace ssmscan::device {

template <class Steps, copies How, int Slots>
struct look_back_scanning : look_back_block<Steps, How, Slots> {
  using block = look_back_block<Steps, How, Slots>;
  using block::in_bulk, block::in_cluster, block::reversed, block::aggregate_at, block::combine, block::has_item;
  using block::m, block::p, block::plan, block::epoch, block::lane, block::slot, block::parity;
  using typename block::T, typename block::state_t, typename block::map, typename block::tile, typename block::storage;

  // ---- reduce ----
  // The tiles i with i % reducers == turn.
  __device__ void reduce(int row, int turn) const {
    work_item item;
    int const in_lane = row % plan.rows_per_lane, region = row / plan.rows_per_lane;
    int const begin = (in_lane * warp_size + lane) * tile::run;
    int i = turn;
    for (; has_item(i, item, m.full); i += storage::reducers) {
      auto& row_total = m.row_total[static_cast<std::uint32_t>(i) % (2 * storage::reducers)];
      int const count = region < item.lanes ? max(0, min(tile::run, item.elements - begin)) : 0;
      map own = Steps::identity();
      if (count > 0) own = run_at(i, item, region, begin, count).fold(heads_from(i, begin));
      own = scan_of_row(own, lane, [&](map const& earlier, map const& later) { return combine(earlier, later); });
      map const earlier = shuffle_up(own, 1);
      if (lane == warp_size - 1) row_total[row] = own;
      rows_meet(turn);
      map rows = row_total[region * plan.rows_per_lane];  // those before this one
#pragma unroll
      for (int r = 1; r < tile::rows - 1; ++r)
        if (r < in_lane) rows = combine(rows, row_total[region * plan.rows_per_lane + r]);
      if (plan.tiles > 1 && row == tile::rows - 1) {
        if (in_cluster) {
          tell(item, from_last_thread(combine(rows, own)));
        } else if (lane == warp_size - 1) {
          map const total = combine(rows, own);
          publish(aggregate_at(item.lane, item.tile), Steps::published(m.tables, total), Steps::starts(total), epoch);
        }
      }
      map before = combine(rows, earlier);  // of all threads, and not of some: no branch
      if (in_lane == 0) before = earlier;
      if (lane == 0) before = rows;
      m.before[slot(i)][row * warp_size + lane] = before;
      m.reduced[slot(i)].arrive();
    }
    m.reduced[slot(i)].arrive();  // there is no more
  }

  __device__ static void rows_meet(int turn) {
    static_assert(storage::reducers <= 2);
    if (storage::reducers == 1 || turn == 0) {
      asm volatile("bar.sync 1, %0;" ::"n"(tile::threads) : "memory");
    } else {
      asm volatile("bar.sync 2, %0;" ::"n"(tile::threads) : "memory");
    }
  }

  // To the blocks of the cluster that have later tiles of the lane, each thread one: they run, and expect as many bytes.
  __device__ void tell(work_item const& item, map const& total) const {
    if (item.tile + 1 + lane >= plan.tiles) return;
    auto const of_block = blockIdx.x + 1 + static_cast<std::uint32_t>(lane);
    std::uint64_t parts[words_of<typename block::aggregate>] = {};
    auto const made = Steps::published(m.tables, total);
    std::memcpy(parts, &made, sizeof(made));
#pragma unroll
    for (int k = 0; k < words_of<typename block::aggregate>; ++k)
      store_in_cluster(reinterpret_cast<std::uint64_t*>(&m.gathered[0][item.tile]) + k, parts[k], m.told, of_block);
    if constexpr (is_packed<Steps>)
      store_in_cluster(&m.marks_told[item.tile], std::uint64_t{Steps::starts(total)}, m.told, of_block);
  }

  // Packed: bits of a run's elements and of the one after, the first lowest; beyond those, whatever stands there.
  __device__ std::uint32_t heads_from(int i, int begin) const {
    if constexpr (!is_packed<Steps>) return 0;
    std::uint32_t const* const from = m.heads[slot(i)] + begin / 32;
    return __funnelshift_r(from[0], from[1], static_cast<std::uint32_t>(begin % 32));
  }
  // The run of a lane's elements from `begin` on.
  __device__ slot_run<Steps, How> run_at(int i, work_item const& item, int region, int begin, int count) const {
    int const at = region * plan.rows_per_lane * tile::row + (reversed ? item.elements - 1 - begin : begin);
    return {
        m.tables, p, m.a[slot(i)] + at, m.b[slot(i)] + at, count, item.lane + region, item.tile * tile::length + begin};
  }

  // ---- scan ----
  __device__ void scan(int row) const {
    work_item item;
    int const in_lane = row % plan.rows_per_lane, region = row / plan.rows_per_lane;
    int const begin = (in_lane * warp_size + lane) * tile::run;
    int i = 0;
    for (; has_item(i, item, m.reduced); ++i) {
      m.carried[slot(i)].wait(parity(i));
      int const count = region < item.lanes ? max(0, min(tile::run, item.elements - begin)) : 0;
      if (count > 0) {
        state_t const carry = m.carry[slot(i)];
        map const before = m.before[slot(i)][row * warp_size + lane];
        state_t const entering = begin == 0       ? carry
                                 : item.tile == 0 ? Steps::after_start(before)
                                                  : Steps::after(m.tables, before, carry);
        T const last = run_at(i, item, region, begin, count).recur(entering, heads_from(i, begin));
        if (!is_packed<Steps> && p.final && item.tile == plan.tiles - 1 && begin + count == item.elements)
          p.final(item.lane + region, 0) = last;
      }
      if constexpr (in_bulk) fence_before_bulk_store();
      m.scanned[slot(i)].arrive();
    }
    m.scanned[slot(i)].arrive();  // there is no more
  }
};

}  // namespace ssmscan::device
