#pragma once
// sequential in segments of time: how the work is cut into tickets, and what a block keeps in shared memory. The kernel is in
// sequential_segments.cuh.
#include <algorithm>
#include <cstdint>

#include <ssmscan/scan/backends/cuda/look_back_tile.cuh>
#include <ssmscan/scan/backends/cuda/packed_pieces.cuh>
#include <ssmscan/scan/backends/cuda/staging.cuh>
#include <ssmscan/scan/concepts.hpp>
#include <ssmscan/scan/detail/integers.hpp>

namespace ssmscan::device::sequential_segments {

// Below, a state is waited for longer than the segments of all lanes take to come.
inline constexpr index_t lanes_enough = 3 << 11;

template <class T>
struct shape {
  static constexpr int row_bytes = sizeof(T) > 4 ? 512 : 256;            // memory likes wide rows
  static constexpr int width = row_bytes / static_cast<int>(sizeof(T));  // lanes
  static constexpr int steps = sizeof(T) > 8 ? 16 : 32;                  // of a group, which fills a slot
  static constexpr int most_steps = sizeof(T) > 4 ? 128 : 256;   // of a segment: a state is handed on once in so many
  static constexpr int unit = 16 / static_cast<int>(sizeof(T));  // elements of a piece, which is copied at a time
  static constexpr int loaders = 64, computers = width;          // threads
  static constexpr int threads = warp_size + loaders + computers;
};

// Packed: where sequences start in the piece of a slot, and which one each of the slot's steps is of.
template <class T>
struct starts_of_group {
  starts_of_piece piece;
  index_t sequence[shape<T>::steps];
};

// What fits into 227 KiB less what else there is. Packed, a slot has the starts of its piece, and a few initial states, as well.
inline constexpr int states_ahead = 8;
template <class T, sequences Of>
inline constexpr int slots = Of == sequences::packed
                                 ? (216 << 10) / ((2 * shape<T>::steps + states_ahead) * shape<T>::row_bytes +
                                                  static_cast<int>(sizeof(starts_of_group<T>)))
                                 : (208 << 10) / (2 * shape<T>::steps * shape<T>::row_bytes);
template <class T, sequences Of>
inline constexpr int places = slots<T, Of> + 2;  // of tickets on their way: one in each slot, one before, one after

struct plan {
  index_t lanes, time, together;  // of how many lanes, from a multiple of it on, each is beside the one before
  int groups;                     // of a segment
  index_t across, columns;        // tickets of `together` lanes, and of all lanes, for a segment
  index_t segments, tickets;

  template <class T>
  static plan of(extent size, index_t together) {
    plan made{size.lanes, size.time, together, 0, 0, 0, 0, 0};
    index_t const groups = ssmscan::detail::ceil_div(size.time, index_t{shape<T>::steps});
    made.groups = static_cast<int>(std::min(groups, index_t{shape<T>::most_steps / shape<T>::steps}));
    made.across = ssmscan::detail::ceil_div(together, index_t{shape<T>::width});
    made.columns = size.lanes / together * made.across;
    made.segments = ssmscan::detail::ceil_div(groups, index_t{made.groups});
    made.tickets = made.columns * made.segments;
    return made;
  }
};

template <class T>
struct ticket_item {
  index_t lane, segment;  // the first lane
  int lanes;              // 0: no more
  T const *a, *b;         // of the first lane's first step
};

template <class T, sequences Of>
struct storage {
  using s = shape<T>;
  static constexpr int slots = sequential_segments::slots<T, Of>, places = sequential_segments::places<T, Of>;
  alignas(128) T a[slots][s::steps * s::width];
  alignas(128) T b[slots][s::steps * s::width];
  T state[places][s::width];  // before a ticket
  ticket_item<T> item[places];
  std::uint64_t epoch;
  barrier loaded[slots], read[slots], handed_out[places], known[places];
};
template <class T, sequences Of>
struct storage_for : storage<T, Of> {};
template <class T>
struct storage_for<T, sequences::packed> : storage<T, sequences::packed> {
  starts_of_group<T> starts[slots<T, sequences::packed>];
  T initial[slots<T, sequences::packed>][states_ahead][shape<T>::width];
};

// Where a warp is among the slots, or among the places.
template <int Count>
struct turn {
  int at = 0;
  std::uint32_t parity = 0;
  __device__ void advance(int by = 1) {
    for (at += by; at >= Count; at -= Count) parity ^= 1;
  }
};

}  // namespace ssmscan::device::sequential_segments
