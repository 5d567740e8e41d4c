#pragma once
// chunked in one pass, for lanes that lie beside one another in memory: how the work is cut into tickets, what blocks share of it
// in the workspace, and what a block keeps in shared memory. The kernel is in chunked_columns.cuh.
#include <algorithm>
#include <bit>
#include <cstdint>

#include <ssmscan/scan/backends/cuda/piece_runs.cuh>
#include <ssmscan/scan/backends/cuda/published.cuh>
#include <ssmscan/scan/backends/cuda/staging.cuh>
#include <ssmscan/scan/detail/integers.hpp>
#include <ssmscan/scan/detail/recurrence_problem.hpp>

namespace ssmscan::device::chunked_columns {

using piece_runs::fan, piece_runs::piece;

// A slot holds a piece of 256 steps of each of its columns, in rows of 128 bytes: memory likes no narrower ones.
template <class T>
struct columns_tile {
  static constexpr int width = 128 / static_cast<int>(sizeof(T));  // columns
  static constexpr int unit = 16 / static_cast<int>(sizeof(T));    // columns that are copied together
  static constexpr int cells = fan * width;                        // runs of 16 steps, and threads that scan
  static constexpr int rounds = 2;                                 // cells of each thread that reduces
  static constexpr int workers = cells / rounds;                   // such threads
  static constexpr int slots = 3;                                  // of 64 KiB: what 227 KiB hold
  static constexpr int places = slots + 1;                         // of tickets on their way: scan holds one more
};

// Tickets go through all groups of lanes before the next pieces: memory is read in rows.
struct plan_of_columns {
  index_t lanes, time, pieces, chunks;
  int across, log_across;  // lanes of a slot; its columns are as many pieces of each as there is room for
  index_t groups;          // of `across` lanes
  index_t tickets;

  // Neighbours: of how many lanes, from a multiple of it on, each is beside the one before; as many as there are, or a
  // multiple of columns_tile::unit.
  template <class T>
  static plan_of_columns of(extent size, index_t neighbours) {
    using tile = columns_tile<T>;
    plan_of_columns made{};
    made.lanes = size.lanes, made.time = size.time;
    made.pieces = ssmscan::detail::ceil_div(size.time, index_t{piece});
    made.chunks = ssmscan::detail::ceil_div(made.pieces, index_t{fan});
    made.log_across = std::min(neighbours == size.lanes ? static_cast<int>(ssmscan::detail::ceil_log2(size.lanes))
                                                        : std::countr_zero(static_cast<std::uint64_t>(neighbours)),
                               std::countr_zero(static_cast<unsigned>(tile::width)));
    made.across = 1 << made.log_across;
    made.groups = ssmscan::detail::ceil_div(size.lanes, index_t{made.across});
    made.tickets = made.groups * ssmscan::detail::ceil_div(made.pieces, index_t{tile::width / made.across});
    return made;
  }
  template <class T>
  index_t words() const {
    return pieces == 1 ? 0 : lanes * ((pieces + chunks) * words_of<affine_map<T>> + chunks * words_of<T>);
  }
};

// Published: what a piece makes of a state, what a chunk does, and the states that enter chunks.
template <class T>
struct words_of_columns {
  word* first;

  __device__ word* of_piece(plan_of_columns const& s, index_t of, index_t lane) const {
    return first + (of * s.lanes + lane) * words_of<affine_map<T>>;
  }
  __device__ word* of_chunk(plan_of_columns const& s, index_t of, index_t lane) const {
    return of_piece(s, s.pieces + of, lane);
  }
  __device__ word* of_state(plan_of_columns const& s, index_t of, index_t lane) const {
    return of_piece(s, s.pieces + s.chunks, 0) + (of * s.lanes + lane) * words_of<T>;
  }
};

// What a ticket stands for; of no lanes: no more.
template <class T>
struct item_of_columns {
  index_t lane, piece;  // the first ones
  int lanes;
  T* x;  // of the first lane's step 0

  __device__ static item_of_columns of(ssmscan::detail::recurrence_problem<T> const& p, plan_of_columns const& s,
                                       index_t ticket) {
    // A 64-bit division takes several times as long as one of 32 bits.
    index_t const row = s.tickets <= 0xffffffff
                            ? static_cast<std::uint32_t>(ticket) / static_cast<std::uint32_t>(s.groups)
                            : ticket / s.groups;
    index_t const lane = (ticket - row * s.groups) * s.across;
    return {lane, row * (columns_tile<T>::width >> s.log_across),
            static_cast<int>(min(index_t{s.across}, s.lanes - lane)), &p.x(lane, 0)};
  }
};

inline constexpr int most_parts = 4;  // of a slot

template <class T>
struct storage_of_columns {
  using tile = columns_tile<T>;
  using map = affine_map<T>;

  alignas(128) T a[tile::slots][piece * tile::width];
  alignas(128) T b[tile::slots][piece * tile::width];
  map before[tile::places][fan][tile::width];  // the runs of its piece before a run, folded; of the first, nothing
  map run_total[2][fan][tile::width];
  map total[tile::places][tile::width];         // of pieces
  map before_piece[tile::places][tile::width];  // the pieces of its chunk before a piece, folded
  T before_chunk[tile::places][tile::width];    // the state
  item_of_columns<T> item[tile::places];
  std::uint64_t epoch;  // of this run: its words bear it; known with the first item
  barrier full[tile::slots][most_parts], empty[tile::slots];
  barrier handed_out[tile::places], reduced[tile::places], folded[tile::places], carried[tile::places];
};

// Packed: the starts of a slot's pieces as well, and whether one is in what is folded.
template <class T>
struct storage_of_packed_columns : storage_of_columns<T> {
  using tile = columns_tile<T>;
  static constexpr int most_pieces = tile::width / tile::unit;  // of a slot
  static constexpr int ahead = 8;  // initial states of a piece that are copied with a and b

  T initial[tile::slots][ahead][tile::width];
  starts_of_piece starts[tile::places][most_pieces];
  bool total_starts[tile::places][tile::width], before_piece_starts[tile::places][tile::width];
  // Those that are copied; and all are in b. By places, though copies go into slots: where nothing starts nobody waits for them, and who
  // copies may still be at that piece when its slot is used again; then a parity would tell of the phase before as if it were this one.
  barrier states_came[tile::places], stated[tile::places];
};
template <class T, sequences Of>
using storage_for = std::conditional_t<Of == sequences::packed, storage_of_packed_columns<T>, storage_of_columns<T>>;

// A thread's column of a slot.
template <class T>
struct column_of {
  index_t lane, at_piece;
  int in_group;
  bool any;

  __device__ static column_of of(plan_of_columns const& s, item_of_columns<T> const& item, int column) {
    int const in_group = column & (s.across - 1);
    index_t const at_piece = item.piece + (column >> s.log_across);
    return {item.lane + in_group, at_piece, in_group, in_group < item.lanes && at_piece < s.pieces};
  }
};

}  // namespace ssmscan::device::chunked_columns
