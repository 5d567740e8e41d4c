#pragma once
// What a block of look_back keeps in shared memory: the ring of slots, the aggregates on their way, and the barriers.
#include <ssmscan/scan/backends/cuda/look_back_plan.cuh>
#include <ssmscan/scan/backends/cuda/look_back_steps.cuh>
#include <ssmscan/scan/backends/cuda/staging.cuh>
#include <ssmscan/scan/concepts.hpp>

namespace ssmscan::device {

// bulk: a, b, x contiguous in time, every lane 16-byte aligned; reversed: so is memory, and time runs down in it, in slots
// too. Of the two only tiles whose every byte can be copied in bulk are reversed. bulk_in_cluster: bulk, and the blocks, a tile
// each, are one cluster: what they publish they write into one another's shared memory.
enum class copies { bulk, bulk_in_cluster, bulk_reversed, by_element };

inline constexpr int largest_cluster = 16;  // blocks; more than 8 only where the device has room

template <class Steps, int Slots>
struct look_back_storage {
  using T = typename Steps::scalar;
  using stored = typename Steps::stored;
  using tile = look_back_tile<T>;
  static constexpr int slots = Slots;
  // Groups of warps that reduce, in turns: of 16 bits a tile takes no longer to come than one of them to reduce it. A slot is always
  // the same group's, so that a group sees each phase of the slot's barrier, and takes no earlier one for the one it waits for.
  static constexpr int reducers = sizeof(stored) == 2 && slots % 2 == 0 ? 2 : 1;
  static_assert(slots % reducers == 0);
  // Aggregates that a thread asks for at a time: of 5, 160 a warp, about a tile of each multiprocessor; fewer of those that take more
  // registers, or more of what memory there is.
  static constexpr int aggregate_bytes = sizeof(typename Steps::aggregate);
  static constexpr int looks = aggregate_bytes > 16 ? 3 : aggregate_bytes > 8 && is_packed<Steps> ? 4 : 5;
  // On their way from gather to pass, so many together, which pass reads in parts.
  static constexpr int batches = 2, batch = looks * warp_size, part = 64 / aggregate_bytes;

  alignas(128) stored a[slots][tile::length];
  alignas(128) stored b[slots][tile::length];
  typename Steps::map before[slots][tile::threads];  // a run: all of its tile that is earlier
  // Packed: bits of the tile's elements and of the one after, set where a sequence starts or all ends; of a tile with none,
  // as first_start says, nothing.
  static constexpr int head_words = tile::length / 32 + 1, no_start = tile::length + 1;
  std::uint32_t heads[is_packed<Steps> ? slots : 1][is_packed<Steps> ? head_words : 1];
  int first_start[slots];
  std::uint32_t row_starts[2 * reducers][tile::rows];  // runs in which a sequence starts
  typename Steps::map row_total[2 * reducers][tile::rows];
  alignas(16) typename Steps::aggregate gathered[batches][batch];
  alignas(16) typename Steps::tables tables;
  typename Steps::aggregate own[slots];  // of the slot's tile, where the block keeps its lanes
  typename Steps::state carry[slots];
  work_item item[slots];
  std::uint64_t epoch;  // of this run: its words bear it; known with the first item
  barrier handed_out[slots], full[slots], marked[slots], reduced[slots], carried[slots], scanned[slots], empty[slots];
  std::uint32_t marks[batches][looks];  // of a batch: those in which a sequence starts
  barrier batch_full[batches], batch_empty[batches];
  // In a cluster: batch 0 is complete, of as many aggregates as there are tiles before; and whether a sequence starts in each.
  barrier told;
  std::uint64_t marks_told[is_packed<Steps> ? largest_cluster : 1];
};

inline constexpr int look_back_warps_of_tasks = 4;  // load, gather, pass, store
template <class Steps, int Slots>
inline constexpr int look_back_threads = warp_size*(look_back_warps_of_tasks +
                                                    (look_back_storage<Steps, Slots>::reducers + 1) *
                                                        look_back_tile<typename Steps::scalar>::rows +
                                                    (is_packed<Steps> ? 1 : 0));

template <class Steps>
inline constexpr bool fits = sizeof(look_back_storage<Steps, Steps::slots>) <= 227 * 1024;

}  // namespace ssmscan::device
