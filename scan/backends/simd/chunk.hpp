#pragma once
// What one worker does with one chunk of `chunked` and `look_back`, for the affine monoid: the tree of
// algorithms/chunked.hpp (runs of 16, 16 runs a block, 16 blocks a chunk), walked 16 runs at a time in the lanes of
// vectors. Plain C++: the door to the code that is compiled once a SIMD target (chunk-inl.hpp).
//
// A walk goes by groups of blocks: every run is scanned, what its scan leaves is kept, lane beside lane; the runs' last
// values are scanned, block beside block; the state that enters the chunk gives that at the blocks' ends, and these the
// runs' ends, and these every element, x = A state + B. A summary is the same up-sweep with nothing kept. The first block
// of the next group is scanned before a group is finished: the group's run ends are a chain that others wait for.
#include <algorithm>
#include <array>
#include <span>
#include <string_view>

#include <ssmscan/scan/algorithms/chunked.hpp>
#include <ssmscan/scan/arithmetic.hpp>
#include <ssmscan/scan/monoids/affine.hpp>

namespace ssmscan::simd {

inline constexpr index_t run = 16, block = run * run, chunk = block * run;  // elements
inline constexpr std::size_t rows = 16;                                     // runs of a block, blocks of a chunk

// Bytes of a line of memory, and of the narrowest vector that any target has, which is the narrowest store past the cache.
inline constexpr index_t line_bytes = 64, narrow_bytes = 16;
// Numbers from `at` to the first that begins a line.
template <class T>
index_t to_line(T const* at) {
  auto const address = static_cast<index_t>(reinterpret_cast<std::uintptr_t>(at) % line_bytes);
  return (line_bytes - address) % line_bytes / static_cast<index_t>(sizeof(T));
}
static_assert(chunked::length == chunk && chunked::fan == run, "the tree is the text's");

template <class T>
struct parts_of {
  using real = T;
  static constexpr std::size_t count = 1;
};
template <class R>
struct parts_of<std::complex<R>> {
  using real = R;
  static constexpr std::size_t count = 2;
};

// 16 by 16 pairs (A, B) as their runs' scans left them: step by step, of all 16 runs; a complex number's parts apart.
template <class T>
struct alignas(line_bytes) scanned_runs {
  using real = typename parts_of<T>::real;
  static constexpr std::size_t step = rows * parts_of<T>::count;  // reals of all runs at one step
  real a[rows * step];
  real b[rows * step];
};

// Blocks that are scanned one behind the other before the first of them is finished: their run ends are scanned side by
// side in a vector of 16 bytes, so that there are 4 of floats, 2 of 8 bytes, 1 of more. What is kept of them and of the next
// group's first, 10 to 16 KiB, leaves room in the first-level cache.
template <class T>
inline constexpr index_t group = std::max<index_t>(narrow_bytes / index_t{sizeof(T)}, 1);

// A number for each run of a block, and one in front of them, `row` to the next block's.
template <class T>
struct run_ends {
  static constexpr index_t row = 2 * run;  // the one in front has a run's room, so that rows begin at lines
  alignas(line_bytes) T a[group<T> * row]{}, b[group<T> * row]{};
};

// Of a block, between its scan and its finish.
template <class T>
struct kept_block {
  scanned_runs<T>* scanned;
  T *last_a, *last_b;  // of each run by itself
  T *end_a, *end_b;    // of the block up to and including a run
  affine_map<T> all() const { return {end_a[run - 1], end_b[run - 1]}; }
};

// What a worker keeps of the chunk it is at: of a group of blocks, and of the first one of the next group. It stays in the
// first-level cache.
template <class T>
struct alignas(line_bytes) chunk_scratch {
  static constexpr index_t room = line_bytes / index_t{sizeof(T)};  // of a line, on either side of a group
  static constexpr index_t two_groups = 2 * group<T>;               // blocks: the one at hand and the next
  static constexpr auto their_runs = static_cast<std::size_t>(two_groups * run);
  static constexpr index_t of_group = room + group<T> * block + room;
  scanned_runs<T> scanned[group<T> + 1];
  alignas(line_bytes) T last_a[their_runs]{}, last_b[their_runs]{};  // of each run by itself
  run_ends<T> ends;                                                  // of each block up to and including a run
  index_t own[run];  // of a block in which sequences start: starts-inl.hpp
  // A block that is not contiguous, or not whole, or not as it stands in memory.
  alignas(line_bytes) T in_a[block], in_b[block];
  alignas(line_bytes) T out[static_cast<std::size_t>(2 * of_group)];  // a group that is made, and one that is written
  alignas(line_bytes) T run_a[block], run_b[block];                   // of a chunk, the runs' last values

  // Of block k of a walk.
  static constexpr index_t place(index_t k) { return k % (group<T> + 1); }
  static constexpr index_t last_place(index_t k) { return k % two_groups * run; }
  kept_block<T> kept(index_t k) {
    index_t const end = k % group<T> * run_ends<T>::row + run;
    return {&scanned[place(k)], last_a + last_place(k), last_b + last_place(k), ends.a + end, ends.b + end};
  }
  // Of the group that begins with block `first`; and all there is room for.
  run_ends<T>& ends_of(index_t) { return ends; }
  std::span<scanned_runs<T>> every_scanned() { return scanned; }
  std::span<T> every_last_a() { return last_a; }
};

// The sequences that start in a chunk, its first place excepted where `first` stands there: one starts at the place
// `offsets[i] - begin`, of empty ones there the last counts, and takes in `initial[i * initial_stride]` (null: nothing).
template <class T>
struct chunk_starts {
  index_t const* offsets = nullptr;
  index_t count = 0;
  index_t begin = 0;
  T const* initial = nullptr;
  index_t initial_stride = 0;
};

// n elements of one lane, n > 0: a chunk or several, of which the last need not be whole. Time steps through a and b by their
// strides (0: one value for all). `first`: what stands in the place of b[0], where it is the first of its sequence; else null.
// next_a, next_b: what is asked of memory on the way, as many elements as are read, contiguous; null: nothing. behind_a, behind_b:
// what is asked instead of what would be beyond the last block, as much as next_b is ahead of b; null: that which comes next.
// lane_length: a walk may go over lanes that follow one another in memory, of so many steps each, whole blocks, in which no sequence
// starts; nothing enters them, `first` has a number for each (null: none), and n is of them all. 0: one lane.
template <class T>
struct chunk_source {
  T const* a;
  T const* b;
  index_t a_stride, b_stride;
  index_t n;
  T const* first;
  T const* next_a = nullptr;
  T const* next_b = nullptr;
  chunk_starts<T> starts{};
  T const* behind_a = nullptr;
  T const* behind_b = nullptr;
  index_t lane_length = 0;

  T const* first_of_block(index_t begin) const { return begin == 0 ? first : nullptr; }  // of one lane
};

enum class write : bool { through_the_cache, past_the_cache };

template <class T>
struct chunk_sink {
  T* x;
  index_t stride;
  write how;
};

// Workers that share a lane, unit by unit of a few chunks: each draws one when it begins to scan it, and scans one whole unit
// ahead of where it finishes. What its scans leave is kept until then (turn_scratch), while the others' sums come: so
// nothing is scanned twice, and a worker waits for scans only, which wait for none.
template <class T>
class unit_exchange {
 public:
  index_t const unit;                                                // chunks; the lane's last unit may have fewer
  virtual index_t draw() = 0;                                        // the next unit's number in the lane
  virtual void leaves(index_t chunk, affine_map<T> const& sum) = 0;  // of a chunk, as chunk_functions::summary gives it
  virtual T enters(index_t chunk) = 0;                               // the state; chunk > 0, ascending

 protected:
  explicit unit_exchange(index_t chunks_of_a_unit) : unit(chunks_of_a_unit) {}
  ~unit_exchange() = default;
};

// A chunk's scratch, and room for what is kept of two more: 100 KiB of floats, in the second-level cache. A worker's blocks
// are counted in its own order.
template <class T>
struct alignas(line_bytes) turn_scratch : chunk_scratch<T> {
  static constexpr index_t ahead = 2 * run;  // blocks that are scanned before the first of them is finished
  static constexpr index_t most_chunks = ahead / run, room_for = ahead + group<T>;
  static constexpr auto blocks = static_cast<std::size_t>(room_for), runs = blocks * rows,
                        groups = static_cast<std::size_t>(room_for / group<T>);
  scanned_runs<T> far[blocks];
  alignas(line_bytes) T far_last_a[runs]{}, far_last_b[runs]{};
  run_ends<T> far_ends[groups];

  kept_block<T> kept(index_t i) {
    index_t const at = i % room_for, end = at % group<T> * run_ends<T>::row + run;
    run_ends<T>& its_ends = ends_of(i);
    return {&far[at], far_last_a + at * run, far_last_b + at * run, its_ends.a + end, its_ends.b + end};
  }
  run_ends<T>& ends_of(index_t first) { return far_ends[first % room_for / group<T>]; }
  std::span<scanned_runs<T>> every_scanned() { return far; }
  std::span<T> every_last_a() { return far_last_a; }
};

inline void no_flush() {}

template <class T>
struct chunk_functions {
  // A chunk's (a, b); n = chunk. Where a sequence starts in it, b is its state whatever enters, and a means nothing.
  affine_map<T> (*summary)(chunk_source<T> const&, chunk_scratch<T>&);
  // x, by the state that enters (null: none does), and the state after the last chunk. Others may read x after a flush.
  T (*walk)(chunk_source<T> const&, chunk_scratch<T>&, T const* state, chunk_sink<T> const&);
  // A worker's share of a lane: x of the units that it draws. Null: there is none, and a lane is shared by the two above.
  void (*walk_in_turns)(chunk_source<T> const&, turn_scratch<T>&, unit_exchange<T>&, chunk_sink<T> const&) = nullptr;
  // What a worker has written past the cache is there for others. Once a worker: it waits for memory.
  void (*flush)() = no_flush;
};

}  // namespace ssmscan::simd
