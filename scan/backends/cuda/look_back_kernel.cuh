#pragma once
// look_back for the affine monoids on lanes whose time is contiguous: one pass, every element read once and written once
// (Merrill & Garland 2016), with the same bits whatever the timing.
//
// One block stays on each multiprocessor and passes tiles through a ring of slots in shared memory; its warps have one
// task each and report to one another on barriers, so that loading, reducing, carrying, scanning and storing of different
// tiles overlap, and the copy engine always has work:
//
//   load    takes the next tile (by a ticket, so that tiles start in order of time) and has a and b copied into a free slot
//   reduce  folds each thread's run, scans the row, folds the rows; publishes the tile's aggregate to all blocks
//   gather  reads what other blocks published of the tiles before
//   pass    passes the state over them: what enters the tile
//   scan    runs the recurrence through each thread's run from that state, x taking b's place
//   store   has x copied out and frees the slot
//
// A warp reports by an arrival of each lane for what that lane read and wrote: it takes no longer than one for all of them after
// a __syncwarp, and racecheck follows it.
//
// No block waits for another's prefix: that would be a chain through the whole machine. An aggregate (a, b) takes one
// multiply-add to pass, so that each block passes all of them itself, from the state that entered its own last tile of the
// lane (or from the lane's beginning) over what was published since. The state is folded over the tiles from left to right
// whoever does it, and the bits are the same.
#include <algorithm>
#include <cstdint>

#include <ssmscan/scan/backends/cuda/half_storage.hpp>
#include <ssmscan/scan/backends/cuda/look_back_plan.cuh>
#include <ssmscan/scan/backends/cuda/look_back_run.cuh>
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
  static constexpr bool in_bulk = How != copies::by_element, reversed = How == copies::bulk_reversed;

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
  __device__ static int slot(int i) { return i % slots; }
  __device__ static std::uint32_t parity(int i) { return static_cast<std::uint32_t>(i / slots) & 1; }
  __device__ static int group(int k) { return k % storage::groups; }
  __device__ static std::uint32_t group_parity(int k) { return static_cast<std::uint32_t>(k / storage::groups) & 1; }

  __device__ word* aggregate_at(index_t of_lane, index_t t) const {
    return words + (of_lane * plan.tiles + t) * words_of<aggregate>;
  }

  // Waits for the i-th ticket; false if there is no more.
  __device__ bool has_item(int i, work_item& item) const {
    m.ticketed[slot(i)].wait(parity(i));
    index_t const ticket = m.ticket[slot(i)];
    if (ticket < 0) return false;
    item = work_item::of<T>(plan, ticket);
    return true;
  }

  // ---- load ----
  __device__ void load() const {
    if (in_bulk && lane != 0) return;
    // Where blocks do not meet the first ticket is the block's index: a draw less to wait for.
    bool const meet = plan.blocks_meet(), drawn = meet || Slots > 1;
    index_t const by_index = meet ? 0 : gridDim.x;
    if (meet) ask_ahead();
    int i = 0;
    index_t ticket = meet ? to_all(draw()) : static_cast<index_t>(blockIdx.x);
    while (ticket < plan.tickets) {
      index_t const next = drawn ? draw() + by_index : ticket + gridDim.x;  // asked for before it is needed
      hand_out(i, ticket);
      copy_in(i, work_item::of<T>(plan, ticket));
      ticket = drawn ? to_all(next) : next;
      ++i;
    }
    // Each block draws one ticket too many; this is the last of them all.
    if (drawn && lane == 0 && ticket == plan.tickets + gridDim.x - 1) counter.leave();
    hand_out(i, -1);
  }

  // All blocks together draw the first tickets, one way or another: their tiles can be on the way to the second-level cache
  // before the draws are answered. It pays where there are a few tiles for each block, and costs where they are fewer or many.
  __device__ void ask_ahead() const {
    constexpr int rounds = 2, least = 4, most = 16;  // tiles of each block
    if (!in_bulk || Slots == 1 || plan.tickets < index_t{least} * gridDim.x || plan.tickets > index_t{most} * gridDim.x)
      return;
    for (int k = 0; k < rounds; ++k) {
      auto const item = work_item::of<T>(plan, blockIdx.x + index_t{k} * gridDim.x);
      std::uint32_t const bytes = item.elements / bulk_unit * bulk_unit * sizeof(stored);
      if (bytes == 0) continue;
      bulk_prefetch(&p.a(item.lane, lowest_in_memory(item)), bytes);
      bulk_prefetch(&p.b(item.lane, lowest_in_memory(item)), bytes);
    }
  }

  __device__ index_t draw() const { return lane == 0 ? counter.draw() : 0; }
  __device__ static index_t to_all(index_t of_first) {
    return in_bulk ? of_first : __shfl_sync(all_lanes, of_first, 0);  // in bulk there is only the first
  }

  __device__ void hand_out(int i, index_t ticket) const {
    m.empty[slot(i)].wait(parity(i) ^ 1);
    if (lane == 0) {
      m.ticket[slot(i)] = ticket;
      m.ticketed[slot(i)].arrive();
    }
  }

  __device__ void copy_in(int i, work_item const& item) const {
    stored* const to_a = m.a[slot(i)];
    stored* const to_b = m.b[slot(i)];
    index_t const begin = item.tile * tile::length;
    int const region = plan.rows_per_lane * tile::row;
    if constexpr (in_bulk) {
      int const whole = item.elements / bulk_unit * bulk_unit;
      std::uint32_t const bytes = whole * sizeof(stored);
      for (int l = 0; l < item.lanes; ++l)
        for (int e = whole; e < item.elements; ++e) {
          to_a[l * region + e] = p.a(item.lane + l, begin + e);
          to_b[l * region + e] = p.b(item.lane + l, begin + e);
        }
      std::uint32_t const head_bytes = is_packed<Steps> ? words_of_heads(item) * sizeof(std::uint32_t) : 0;
      m.full[slot(i)].arrive_expecting(2 * bytes * item.lanes + head_bytes);
      if constexpr (is_packed<Steps>) bulk_load(m.heads[slot(i)], heads_of(item), head_bytes, m.full[slot(i)]);
      if (bytes == 0) return;
      index_t const lowest = lowest_in_memory(item);
      for (int l = 0; l < item.lanes; ++l) {
        bulk_load(to_a + l * region, &p.a(item.lane + l, lowest), bytes, m.full[slot(i)]);
        bulk_load(to_b + l * region, &p.b(item.lane + l, lowest), bytes, m.full[slot(i)]);
      }
    } else {
      for (int l = 0; l < item.lanes; ++l) {
        copy_elements(to_a + l * region, p.a, item.lane + l, begin, item.elements);
        copy_elements(to_b + l * region, p.b, item.lane + l, begin, item.elements);
      }
      if constexpr (is_packed<Steps>)
        for (int w = lane; w < words_of_heads(item); w += warp_size)
          copy_element(&m.heads[slot(i)][w], heads_of(item) + w);
      if constexpr (sizeof(stored) >= 4) {
        m.full[slot(i)].arrive_after_copies();
      } else {
        copies_are_done();
        m.full[slot(i)].arrive();
      }
    }
  }

  // An item's bits of `heads`, those of its elements and of the one after, in pieces of 16 bytes.
  __device__ std::uint32_t const* heads_of(work_item const& item) const {
    static_assert(tile::length % 128 == 0);
    return heads + item.tile * (tile::length / 32);
  }
  __device__ static int words_of_heads(work_item const& item) { return (item.elements / 128 + 1) * 4; }

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

  // ---- reduce ----
  __device__ void reduce(int row) const {
    work_item item;
    int const in_lane = row % plan.rows_per_lane, region = row / plan.rows_per_lane;
    int const begin = (in_lane * warp_size + lane) * tile::run;
    for (int i = 0; has_item(i, item); ++i) {
      m.full[slot(i)].wait(parity(i));
      int const count = region < item.lanes ? max(0, min(tile::run, item.elements - begin)) : 0;
      map own = Steps::identity();
      if (count > 0) own = run_at(i, item, region, begin, count).fold(heads_from(i, begin));
      own = scan_of_row(own, lane, [&](map const& earlier, map const& later) { return combine(earlier, later); });
      map const earlier = shuffle_up(own, 1);
      if (lane == warp_size - 1) m.row_total[i & 1][row] = own;
      asm volatile("bar.sync 1, %0;" ::"n"(tile::threads) : "memory");
      map rows = m.row_total[i & 1][region * plan.rows_per_lane];  // those before this one
#pragma unroll
      for (int r = 1; r < tile::rows - 1; ++r)
        if (r < in_lane) rows = combine(rows, m.row_total[i & 1][region * plan.rows_per_lane + r]);
      if (plan.tiles > 1 && row == tile::rows - 1 && lane == warp_size - 1) {
        map const total = combine(rows, own);
        publish(aggregate_at(item.lane, item.tile), Steps::published(m.tables, total), Steps::starts(total), epoch);
      }
      m.before[slot(i)][row * warp_size + lane] = lane == 0 ? rows : in_lane == 0 ? earlier : combine(rows, earlier);
      m.reduced[slot(i)].arrive();
    }
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
    if (plan.tiles == 1) return;
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
      if (plan.tiles > 1) {
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

  // The state after the first `count` of a group. What starts it is the first aggregate of a lane, or, packed, the
  // last in which a sequence starts.
  __device__ state_t pass_group(int of, state_t state, int count, bool starts_lane) const {
    aggregate const* const aggregates = m.gathered[group(of)];
    constexpr int step = 16;  // read ahead of the multiply-adds, which wait for one another
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

  // ---- scan ----
  __device__ void scan(int row) const {
    work_item item;
    int const in_lane = row % plan.rows_per_lane, region = row / plan.rows_per_lane;
    int const begin = (in_lane * warp_size + lane) * tile::run;
    for (int i = 0; has_item(i, item); ++i) {
      m.reduced[slot(i)].wait(parity(i));
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
  }

  // ---- store ----
  __device__ void store() const {
    if (in_bulk && lane != 0) return;
    work_item item;
    for (int i = 0; has_item(i, item); ++i) {
      m.scanned[slot(i)].wait(parity(i));
      for (int l = 0; l < item.lanes; ++l) {
        stored const* const from = m.b[slot(i)] + l * plan.rows_per_lane * tile::row;
        stored* const to = &p.x(item.lane + l, lowest_in_memory(item));
        if constexpr (in_bulk) {
          int const whole = item.elements / bulk_unit * bulk_unit;
          if (whole > 0) bulk_store(to, from, whole * sizeof(stored));
          for (int e = whole; e < item.elements; ++e) to[e] = from[e];
        } else {
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

// A word is of this run where it bears `epoch`.
template <class Steps, copies How, int Slots>
__global__ void __launch_bounds__(look_back_threads<typename Steps::scalar>, 1)
    look_back_kernel(__grid_constant__ detail::recurrence_problem<typename Steps::stored> const p,
                     __grid_constant__ look_back_plan const plan, __grid_constant__ ticket_counter const counter,
                     word* words, std::uint64_t epoch, std::uint32_t const* heads) {
  extern __shared__ __align__(128) unsigned char memory[];
  using storage = look_back_storage<Steps, Slots>;
  static_assert(fits<Steps>);
  auto& m = *reinterpret_cast<storage*>(memory);
  constexpr int rows = look_back_tile<typename Steps::scalar>::rows;
  m.tables.fill(static_cast<int>(threadIdx.x), static_cast<int>(blockDim.x));
  if (threadIdx.x == 0) {
    for (int s = 0; s < storage::slots; ++s) {
      m.ticketed[s].initialise(1);
      m.full[s].initialise(How == copies::by_element ? warp_size : 1);
      m.reduced[s].initialise(rows * warp_size);
      m.carried[s].initialise(warp_size);
      m.scanned[s].initialise(rows * warp_size);
      m.empty[s].initialise(How == copies::by_element ? warp_size : 1);
    }
    for (int k = 0; k < storage::groups; ++k)
      m.group_full[k].initialise(warp_size), m.group_empty[k].initialise(warp_size);
    barriers_are_initialised();
  }
  int const warp = threadIdx.x / warp_size;
  look_back_block<Steps, How, Slots> const block{m,     p,     plan,  counter,
                                                 words, epoch, heads, static_cast<int>(threadIdx.x % warp_size)};
  __syncthreads();
  if (warp == 0) {
    block.load();
  } else if (warp == 1) {
    block.gather();
  } else if (warp == 2) {
    block.pass();
  } else if (warp == 3) {
    block.store();
  } else {
    int const row = warp - look_back_warps_of_tasks;
    if (row < rows) {
      block.reduce(row);
    } else {
      block.scan(row - rows);
    }
  }
}

}  // namespace ssmscan::device
