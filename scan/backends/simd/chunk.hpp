#pragma once
// What one worker does with one chunk of `chunked` and `look_back`, for the affine monoid: the tree of
// algorithms/chunked.hpp (runs of 16, 16 runs a block, 16 blocks a chunk), walked 16 runs at a time in the lanes of
// vectors. Plain C++: the door to the code that is compiled once a SIMD target (chunk-inl.hpp).
//
// Up: every run is scanned, then the runs' last values block by block, then the blocks' last values; what a run's scan
// leaves is kept, lane beside lane. Down: the state that enters gives those of the blocks' ends, these the runs' ends,
// these every element, x = A state + B. In between lies the wait for the state that enters.
#include <algorithm>
#include <array>
#include <string_view>

#include <ssmscan/scan/algorithms/chunked.hpp>
#include <ssmscan/scan/arithmetic.hpp>
#include <ssmscan/scan/monoids/affine.hpp>

namespace ssmscan::simd {

inline constexpr index_t run = 16, block = run * run, chunk = block * run;  // elements
inline constexpr std::size_t rows = 16;                                     // runs of a block, blocks of a chunk
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
struct alignas(64) scanned_runs {
  using real = typename parts_of<T>::real;
  static constexpr std::size_t step = rows * parts_of<T>::count;  // reals of all runs at one step
  real a[rows * step];
  real b[rows * step];
};

// What a worker keeps of the chunk it is at. 16 bytes an element of a real type of 4 bytes: it stays in the second-level
// cache.
template <class T>
struct alignas(64) chunk_scratch {
  std::array<scanned_runs<T>, rows> blocks;
  scanned_runs<T> ends;                      // the scan of each block's run ends
  alignas(64) T run_a[block], run_b[block];  // the runs' last values
  T block_a[run], block_b[run];              // the scan of the blocks' last values
  T block_state[1 + run];                    // the state that enters the chunk, and those at the blocks' ends
  T run_state[1 + block];                    // and at the runs' ends
  alignas(64) T in_a[block],
      in_b[block];  // a block that is not contiguous, or not whole, or not as it stands in memory
  alignas(64) T out[chunk];
};

// n elements of one lane, 0 < n <= chunk. Time steps through a and b by their strides (0: one value for all). `first`:
// what stands in the place of b[0], where it is the first of its sequence; else null.
template <class T>
struct chunk_source {
  T const* a;
  T const* b;
  index_t a_stride, b_stride;
  index_t n;
  T const* first;
};

enum class write : bool { through_the_cache, past_the_cache };

template <class T>
struct chunk_sink {
  T* x;
  index_t stride;
  write how;
};

template <class T>
struct chunk_functions {
  // Leaves the chunk's summary (a, b) where n = chunk.
  affine_map<T> (*up)(chunk_source<T> const&, chunk_scratch<T>&);
  // x, by the state that enters; null: none does.
  void (*down)(chunk_source<T> const&, chunk_scratch<T>&, T const* state, chunk_sink<T> const&);
};

}  // namespace ssmscan::simd
