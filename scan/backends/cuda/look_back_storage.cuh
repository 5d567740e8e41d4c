#pragma once
// What a block of look_back keeps in shared memory: the ring of slots, the aggregates on their way, and the barriers.
#include <complex>

#include <ssmscan/scan/backends/cuda/look_back_tile.cuh>
#include <ssmscan/scan/backends/cuda/staging.cuh>
#include <ssmscan/scan/concepts.hpp>

namespace ssmscan::device {

// bulk: a, b, x contiguous in time, every lane 16-byte aligned; reversed: so is memory, and time runs down in it, in slots
// too. Of the two only tiles whose every byte can be copied in bulk are reversed.
enum class copies { bulk, bulk_reversed, by_element };

template <class T>
inline constexpr int most_slots = sizeof(T) > 8 ? 4 : 5;  // what 227 KiB hold

template <class T, int Slots>
struct look_back_storage {
  using tile = look_back_tile<T>;
  static constexpr int slots = Slots;
  static constexpr int looks = 5;  // of a thread at a time: 160 aggregates, about a tile of each multiprocessor
  static constexpr int groups = sizeof(T) > 8 ? 4 : 8;  // of 32 aggregates, on their way from gather to pass

  alignas(128) T a[slots][tile::length];
  alignas(128) T b[slots][tile::length];
  affine_map<T> before[slots][tile::threads];  // a run: all of its tile that is earlier
  affine_map<T> row_total[2][tile::rows];
  alignas(16) affine_map<T> gathered[groups][warp_size];
  T carry[slots];
  index_t ticket[slots];  // -1: no more
  barrier ticketed[slots], full[slots], reduced[slots], carried[slots], scanned[slots], empty[slots];
  barrier group_full[groups], group_empty[groups];
};

inline constexpr int look_back_warps_of_tasks = 4;  // load, gather, pass, store
template <class T>
inline constexpr int look_back_threads = warp_size*(look_back_warps_of_tasks + 2 * look_back_tile<T>::rows);

static_assert(sizeof(look_back_storage<double, most_slots<double>>) <= 227 * 1024 &&
              sizeof(look_back_storage<std::complex<double>, most_slots<std::complex<double>>>) <= 227 * 1024);

}  // namespace ssmscan::device
