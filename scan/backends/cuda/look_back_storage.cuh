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
  // Aggregates that a thread asks for at a time: of 5, 160 a warp, about a tile of each multiprocessor; fewer of those that take more
  // registers.
  static constexpr int looks = sizeof(typename Steps::aggregate) > 16 ? 3 : 5;
  static constexpr int groups =
      sizeof(typename Steps::aggregate) > 16 ? 4 : 8;  // of 32, on their way from gather to pass

  alignas(128) stored a[slots][tile::length];
  alignas(128) stored b[slots][tile::length];
  typename Steps::map before[slots][tile::threads];  // a run: all of its tile that is earlier
  // Packed: bits of the tile's elements and of the one after, set where a sequence starts or all ends; of a tile with none,
  // as first_start says, nothing.
  static constexpr int head_words = tile::length / 32 + 1, no_start = tile::length + 1;
  std::uint32_t heads[is_packed<Steps> ? slots : 1][is_packed<Steps> ? head_words : 1];
  int first_start[slots];
  std::uint32_t row_starts[2][tile::rows];  // runs in which a sequence starts
  typename Steps::map row_total[2][tile::rows];
  alignas(16) typename Steps::aggregate gathered[groups][warp_size];
  alignas(16) typename Steps::tables tables;
  typename Steps::state carry[slots];
  work_item item[slots];
  barrier handed_out[slots], full[slots], marked[slots], reduced[slots], carried[slots], scanned[slots], empty[slots];
  std::uint32_t marks[groups];  // of a group: those in which a sequence starts
  barrier group_full[groups], group_empty[groups];
  // In a cluster: group 0 is complete, of as many aggregates as there are tiles before; and whether a sequence starts in each.
  barrier told;
  std::uint64_t marks_told[is_packed<Steps> ? largest_cluster : 1];
};

inline constexpr int look_back_warps_of_tasks = 4;  // load, gather, pass, store
template <class Steps>
inline constexpr int look_back_threads = warp_size*(look_back_warps_of_tasks +
                                                    2 * look_back_tile<typename Steps::scalar>::rows +
                                                    (is_packed<Steps> ? 1 : 0));

template <class Steps>
inline constexpr bool fits = sizeof(look_back_storage<Steps, Steps::slots>) <= 227 * 1024;

}  // namespace ssmscan::device
