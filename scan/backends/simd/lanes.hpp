#pragma once
// What one worker does with some lanes of `sequential`, for the affine monoid: the definition, lane beside lane in the
// lanes of vectors where they are neighbours in memory; some at once, turned in registers or side by side, where they are not.
#include <ssmscan/scan/backends/simd/chunk.hpp>

namespace ssmscan::simd {

enum class row_order : std::uint8_t { by_strips, row_by_row, from_second_level };

// Lanes [0, lanes) of `time` steps; strides in elements. state[lane] enters and leaves: before the first step it is
// x[-1], or where `starts` is set nothing, so that x[0] = b[0].
template <class T>
struct lanes_piece {
  struct view_in {
    T const* data;
    index_t lane_stride, time_stride;
  };
  view_in a, b;
  T* x;
  index_t x_lane_stride, x_time_stride;
  index_t lanes, time;
  T* state;
  bool starts;
  write how;  // past_the_cache: x begins at a multiple of 16 bytes, its rows are whole lines of 64 bytes apart
  // What the worker folds next, steps and lanes apart as here: memory is asked for its beginning meanwhile the last steps are
  // folded. Null: nothing.
  T const *next_a = nullptr, *next_b = nullptr;
  // Rows past the cache. From the second level: what comes next is one piece of memory, of which as many numbers are asked for
  // as are folded meanwhile, from next_a and next_b on the way rows follow one another (where they run down these are the
  // beginning of its last line); either null: nothing of it.
  row_order order = row_order::by_strips;
};

// Rows past the cache are folded so many at a time, some lines of each.
inline constexpr index_t strip_rows = 16;

// Lanes that are walked along abreast, each along its own memory, in vectors of 32 bytes.
template <class T>
inline constexpr index_t lanes_abreast = 32 / index_t{sizeof(typename parts_of<T>::real)};

template <class T>
struct lanes_functions {
  void (*fold)(lanes_piece<T> const&);
  void (*flush)();  // what a worker wrote past the cache is there for others afterwards
};

}  // namespace ssmscan::simd
