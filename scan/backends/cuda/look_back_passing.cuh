#pragma once
// Two tasks of look_back's kernel: gather and pass, which find the state that enters a tile.
#include <algorithm>
#include <cstdint>

#include <ssmscan/scan/backends/cuda/look_back_block.cuh>

namespace ssmscan::device {

template <class Steps, copies How, int Slots>
struct look_back_passing : look_back_block<Steps, How, Slots> {
  using block = look_back_block<Steps, How, Slots>;
  using block::aggregate_at, block::has_item, block::in_cluster, block::keeps_lanes, block::meet;
  using block::expect_words;
  using block::m, block::plan, block::lane, block::slot, block::parity, block::batch, block::batch_parity;
  using typename block::state_t, typename block::aggregate, typename block::storage;

  // ---- gather ----
  // The aggregates of the tiles before an item's that this block has not passed yet go from gather to pass in batches: at least one,
  // if only an empty one, for each item, and one when there is no more. Whoever looks too early looks again, and each look takes
  // its place among the copies: so it waits until the item's own aggregate is out, as those before it were begun before it.
  __device__ void gather() const {
    if (!meet()) return;
    std::uint32_t k = 0;
    for (std::uint32_t i = 0;; ++i) {
      bool const more = has_item(i, m.reduced);
      work_item const item = block::item(i);
      int left = more ? item.ahead : 0;
      do {
        int const count = min(left, storage::batch);
        gather(item.lane, item.tile - left, count, k++);
        left -= count;
      } while (left > 0);
      if (!more) return;
    }
  }

  // `count` aggregates, from a lane's tile `from` on, as the k-th batch.
  __device__ void gather(index_t of_lane, index_t from, int count, std::uint32_t k) const {
    constexpr int ahead = 3;  // words of each block
    index_t const word = (of_lane * plan.tiles + from + count) * words_of<aggregate>;
    if (lane == 0 && word % words_of_line == 0)
      expect_words(word + index_t{ahead} * gridDim.x / words_of_line * words_of_line);
    reading<aggregate> found[storage::looks];
    bool missing[storage::looks];
    std::uint64_t const epoch = m.epoch;
#pragma unroll
    for (int q = 0; q < storage::looks; ++q) missing[q] = q * warp_size + lane < count;
    bool any = true;
    while (any) {
#pragma unroll
      for (int q = 0; q < storage::looks; ++q)
        if (missing[q]) found[q].look(aggregate_at(of_lane, from + q * warp_size + lane));
      any = false;
#pragma unroll
      for (int q = 0; q < storage::looks; ++q) {
        missing[q] = missing[q] && !found[q].ready(epoch);
        any = any || missing[q];
      }
      any = __any_sync(all_lanes, any);
    }
    m.batch_empty[batch(k)].wait(batch_parity(k) ^ 1);
#pragma unroll
    for (int q = 0; q < storage::looks; ++q) {
      if (q * warp_size >= count) continue;
      m.gathered[batch(k)][q * warp_size + lane] = found[q].value();
      if constexpr (is_packed<Steps>) {
        bool const marked = q * warp_size + lane < count && found[q].marked();
        std::uint32_t const marks = __ballot_sync(all_lanes, marked);
        if (lane == 0) m.marks[batch(k)][q] = marks;
      }
    }
    m.batch_full[batch(k)].arrive();
  }

  // ---- pass ----
  __device__ void pass() const {
    if (plan.tiles == 1) return;  // nothing enters
    if constexpr (keeps_lanes) return pass_own();
    state_t state(0);
    if (in_cluster) {
      if (!has_item(0)) return;
      auto const before = static_cast<int>(block::item(0).tile);
      if (before > 0) state = pass_told(before);
      carry(0, state);
      return;
    }
    std::uint32_t k = 0;
    for (std::uint32_t i = 0;; ++i) {
      m.batch_full[batch(k)].wait(batch_parity(k));
      work_item const& item = block::item(i);  // which gather has seen
      if (item.lanes == 0) return;
      int left = item.ahead;
      bool starts_lane = item.tile == left;
      for (;;) {
        state = pass_batch(batch(k), state, min(left, storage::batch), starts_lane);
        m.batch_empty[batch(k)].arrive();
        ++k;
        left -= storage::batch;
        if (left <= 0) break;
        starts_lane = false;
        m.batch_full[batch(k)].wait(batch_parity(k));
      }
      carry(i, state);
    }
  }

  // What leaves a tile enters the next, as all of a lane are this block's. Not packed.
  __device__ void pass_own() const {
    state_t state(0);
    for (std::uint32_t i = 0; has_item(i, m.reduced); ++i) {
      work_item const& item = block::item(i);
      aggregate const own = m.own[slot(i)];
      state_t const leaving = item.tile == 0 ? Steps::passed_first(own) : Steps::pass(own, state);
      carry(i, item.tile == 0 ? state_t(0) : state);
      state = leaving;
    }
  }

  __device__ void carry(std::uint32_t i, state_t state) const {
    if (lane == 0) m.carry[slot(i)] = state;
    m.carried[slot(i)].arrive();
  }

  // In a cluster each block has one tile, and all before it are one batch.
  __device__ state_t pass_told(int count) const {
    m.told.wait(0);
    if constexpr (is_packed<Steps>) {
      std::uint32_t const marks = __ballot_sync(all_lanes, lane < count && m.marks_told[lane] != 0);
      if (lane == 0) m.marks[0][0] = marks;
      __syncwarp();
    }
    return pass_batch(0, state_t(0), count, true);
  }

  // Aggregates that are read together.
  struct alignas(16) part {
    aggregate at[storage::part];
  };
  static_assert(sizeof(part) == storage::part * sizeof(aggregate) && storage::batch % storage::part == 0);

  // The state after the first `count` of a batch. What starts it is the first aggregate of a lane, or, packed, the last in
  // which a sequence starts. Each part is read while the one before it is passed, as the multiply-adds wait for one another.
  __device__ state_t pass_batch(std::uint32_t of, state_t state, int count, bool starts_lane) const {
    aggregate const* const aggregates = m.gathered[of];
    int k = first_to_pass(of, count, starts_lane);
    if (k >= 0 && count > 0) state = Steps::passed_first(aggregates[k]);
    ++k;
#pragma unroll 1
    for (; k % storage::part != 0 && k < count; ++k) state = Steps::pass(aggregates[k], state);
    if (k >= count) return state;  // what follows begins with a part
    auto const* const parts = reinterpret_cast<part const*>(aggregates);
    constexpr int last = storage::batch / storage::part - 1;
    int p = k / storage::part;
    int const whole = count / storage::part;
    part now = parts[min(p, last)];
#pragma unroll 1
    for (; p + 2 <= whole; p += 2) {
      part const next = parts[p + 1];
      state = pass_all(now, state);
      now = parts[min(p + 2, last)];
      state = pass_all(next, state);
    }
    if (p < whole) {
      state = pass_all(now, state);
      now = parts[min(++p, last)];
    }
    int const rest = count - p * storage::part;
#pragma unroll
    for (int s = 0; s < storage::part - 1; ++s)
      if (s < rest) state = Steps::pass(now.at[s], state);
    return state;
  }

  __device__ static state_t pass_all(part const& of, state_t state) {
#pragma unroll
    for (int s = 0; s < storage::part; ++s) state = Steps::pass(of.at[s], state);
    return state;
  }

  // -1: the state that there is goes on.
  __device__ int first_to_pass(std::uint32_t of, int count, bool starts_lane) const {
    int first = starts_lane ? 0 : -1;
    if constexpr (is_packed<Steps>) {
#pragma unroll
      for (int q = 0; q < storage::looks; ++q) {
        if (q * warp_size >= count) continue;
        std::uint32_t const marks = m.marks[of][q];
        if (marks != 0) first = (q + 1) * warp_size - 1 - __clz(static_cast<int>(marks));
      }
    }
    return first;
  }
};

}  // namespace ssmscan::device
