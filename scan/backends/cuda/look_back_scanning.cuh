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
  using block::keeps_lanes;
  using block::m, block::p, block::plan, block::starts, block::lane, block::slot, block::parity;
  using typename block::T, typename block::state_t, typename block::map, typename block::tile, typename block::storage;

  // ---- reduce ----
  // The tiles i with i % reducers == turn.
  __device__ void reduce(int row, int turn) const {
    int const in_lane = row % plan.rows_per_lane, region = row / plan.rows_per_lane;
    int const begin = (in_lane * warp_size + lane) * tile::run;
    for (int i = turn; has_item(i, m.full); i += storage::reducers) {
      work_item const item = block::item(i);
      int const meeting = i % (2 * storage::reducers);
      if constexpr (is_packed<Steps>) m.marked[slot(i)].wait(parity(i));
      int const count = region < item.lanes ? max(0, min(tile::run, item.elements - begin)) : 0;
      std::uint32_t const heads = heads_from(i, begin);
      map own = Steps::identity();
      std::uint32_t const starts = runs_that_start(heads, count);
      if (count > 0) own = run_at(i, item, region, begin, count).fold(heads, how_of(starts, count));
      own = scan_of_row(own, lane - max(last_of(starts & (below(lane) | std::uint32_t{1} << lane)), 0),
                        [&](map const& earlier, map const& later) { return combine(earlier, later); });
      map const earlier = shuffle_up(own, 1);
      if (lane == warp_size - 1) m.row_total[meeting][row] = own;
      if (is_packed<Steps> && lane == warp_size - 1) m.row_starts[meeting][row] = starts;
      rows_meet(turn);
      // Those before this one; packed, from the last on in which a sequence starts.
      int const of_lane = region * plan.rows_per_lane, first = last_row_that_starts(i, meeting, of_lane, in_lane);
      map rows = m.row_total[meeting][of_lane + first];
#pragma unroll
      for (int r = 1; r < tile::rows - 1; ++r)
        if (r < in_lane && r > first) rows = combine(rows, m.row_total[meeting][of_lane + r]);
      if (plan.tiles > 1 && row == tile::rows - 1) {
        map const total = starts == 0 ? combine(rows, own) : own;
        bool const has_start = is_packed<Steps> && m.first_start[slot(i)] < item.elements;
        if (in_cluster) {
          tell(item, from_last_thread(total), has_start);
        } else if (keeps_lanes) {
          if (lane == warp_size - 1) m.own[slot(i)] = Steps::published(m.tables, total);
        } else if (lane == warp_size - 1) {
          publish(aggregate_at(item.lane, item.tile), Steps::published(m.tables, total), has_start, m.epoch);
        }
      }
      bool const begins = in_lane == 0 || (starts & below(lane)) != 0;
      map before = combine(rows, earlier);  // of all threads, and not of some: no branch
      if (begins) before = earlier;
      if (lane == 0) before = rows;
      m.before[slot(i)][row * warp_size + lane] = before;
      m.reduced[slot(i)].arrive();
    }
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
  __device__ void tell(work_item const& item, map const& total, bool has_start) const {
    if (item.tile + 1 + lane >= plan.tiles) return;
    auto const of_block = blockIdx.x + 1 + static_cast<std::uint32_t>(lane);
    std::uint64_t parts[words_of<typename block::aggregate>] = {};
    auto const made = Steps::published(m.tables, total);
    std::memcpy(parts, &made, sizeof(made));
#pragma unroll
    for (int k = 0; k < words_of<typename block::aggregate>; ++k)
      store_in_cluster(reinterpret_cast<std::uint64_t*>(&m.gathered[0][item.tile]) + k, parts[k], m.told, of_block);
    if constexpr (is_packed<Steps>)
      store_in_cluster(&m.marks_told[item.tile], std::uint64_t{has_start}, m.told, of_block);
  }

  // Packed: bits of a run's elements and of the one after, the first lowest; beyond those, whatever stands there.
  __device__ std::uint32_t heads_from(int i, int begin) const {
    if (!is_packed<Steps> || m.first_start[slot(i)] == block::storage::no_start) return 0;
    std::uint32_t const* const from = m.heads[slot(i)] + begin / 32;
    return __funnelshift_r(from[0], from[1], static_cast<std::uint32_t>(begin % 32));
  }
  // Packed: bits of a warp's threads, those in whose runs a sequence starts; the rows of a lane, before one, the last of those.
  __device__ static std::uint32_t runs_that_start(std::uint32_t heads, int count) {
    if constexpr (!is_packed<Steps>) return 0;
    return __ballot_sync(all_lanes, slot_run<Steps, How>::starts_inside(heads, count));
  }
  // What is done with states, or in a run that is cut short, takes long, and is left to the threads that have to.
  __device__ elements how_of(std::uint32_t starts, int count) const {
    bool const is_long = p.initial || p.final || count < tile::run;
    return (is_long ? starts >> lane & 1 : starts) != 0 ? elements::separately : elements::in_one_run;
  }
  __device__ int last_row_that_starts(int i, int meeting, int of_lane, int before) const {
    if (!is_packed<Steps> || m.first_start[slot(i)] == block::storage::no_start) return 0;
    bool const starts = lane < before && m.row_starts[meeting][of_lane + lane] != 0;
    return max(last_of(__ballot_sync(all_lanes, starts)), 0);
  }
  __device__ static std::uint32_t below(int bit) { return (std::uint32_t{1} << bit) - 1; }
  __device__ static int last_of(std::uint32_t bits) { return 31 - __clz(static_cast<int>(bits)); }
  // The run of a lane's elements from `begin` on.
  __device__ slot_run<Steps, How> run_at(int i, work_item const& item, int region, int begin, int count) const {
    int const at = region * plan.rows_per_lane * tile::row + (reversed ? item.elements - 1 - begin : begin);
    return {m.tables,
            p,
            m.a[slot(i)] + at,
            m.b[slot(i)] + at,
            count,
            item.lane + region,
            item.tile * tile::length + begin,
            starts.pieces};
  }

  // ---- scan ----
  __device__ void scan(int row) const {
    int const in_lane = row % plan.rows_per_lane, region = row / plan.rows_per_lane;
    int const begin = (in_lane * warp_size + lane) * tile::run;
    for (int i = 0; has_item(i, m.reduced); ++i) {
      work_item const item = block::item(i);
      if (plan.tiles > 1) m.carried[slot(i)].wait(parity(i));
      int const count = region < item.lanes ? max(0, min(tile::run, item.elements - begin)) : 0;
      std::uint32_t const heads = heads_from(i, begin), starts = runs_that_start(heads, p.final ? count + 1 : count);
      if (count > 0) {
        state_t const carry = plan.tiles > 1 ? m.carry[slot(i)] : state_t(0);
        map const before = m.before[slot(i)][row * warp_size + lane];
        bool const begins = is_packed<Steps> ? m.first_start[slot(i)] < begin : item.tile == 0;
        state_t const entering = begin == 0 ? carry
                                 : begins   ? Steps::after_start(before)
                                            : Steps::after(m.tables, before, carry);
        T const last = run_at(i, item, region, begin, count).recur(entering, heads, how_of(starts, count));
        if (!is_packed<Steps> && p.final && item.tile == plan.tiles - 1 && begin + count == item.elements)
          p.final(item.lane + region, 0) = last;
      }
      if constexpr (in_bulk) fence_before_bulk_store();
      m.scanned[slot(i)].arrive();
    }
  }
};

}  // namespace ssmscan::device
