#pragma once
// Rows of fused_time's tiles: brought from global memory to shared without waiting, in 16-byte pieces that are read without
// bank conflicts. Rows that do not begin at 16 bytes come in words of 4 or 8, a step or two of 16-bit ones; one of 16-bit steps
// that begins in the middle of a word lies one step late, and is read back by a shift over words.
#include <cuda_pipeline.h>

#include <ssmscan/ssm/cuda/selective_tiles.cuh>

namespace ssmscan::device {

// Rows of a tile in shared memory, in pieces of 16 bytes. A thread reads its own pieces, 32 or 64 bytes from its
// neighbour's: by the exclusive or, no two that are read at once lie in the same banks.
template <class T, int Steps>
struct time_row {
  static constexpr int piece_bytes = 16, piece_steps = piece_bytes / static_cast<int>(sizeof(T));
  static constexpr int pieces = Steps / piece_steps;  // of a thread
  static constexpr int at_once = 128 / piece_bytes;   // pieces that all banks give
  static constexpr int length = 32 * Steps, row_pieces = 32 * pieces;
  static constexpr int word_bytes = sizeof(T) < 4 ? 4 : static_cast<int>(sizeof(T));
  static constexpr int word_steps = word_bytes / static_cast<int>(sizeof(T)), words = length / word_steps;
  static constexpr int stride = length + (word_steps > 1 ? piece_steps : 0);  // a shifted row has a word more
  using piece = pack<T, piece_steps>;
  __device__ static int place(int thread, int piece) {
    return thread * pieces + (piece ^ (thread / (at_once / pieces) % pieces));
  }
  __device__ static int place_of(int piece) { return place(piece / pieces, piece % pieces); }
  __device__ static int place_of_step(int t) { return place_of(t / piece_steps) * piece_steps + t % piece_steps; }
  __device__ static piece const& at(T const* row, int thread, int i) {
    return reinterpret_cast<piece const*>(row)[place(thread, i)];
  }
  // The place of a word Count x i words after that of `place`.
  template <int Count>
  __device__ static int moved(int place, int i) {
    constexpr int alike = at_once / pieces;  // threads whose pieces lie alike among the banks
    static_assert(Count * word_steps % (alike * Steps) == 0);
    int const steps_on = i * Count * word_steps;
    return steps_on + (place ^ steps_on / (alike * Steps) % pieces * piece_steps);
  }
  // The steps by which a row that begins at `from` lies late.
  __device__ static int shift_of(T const* from) {
    return static_cast<int>(reinterpret_cast<std::uintptr_t>(from) / sizeof(T) % word_steps);
  }
  // As at, of a row that may lie late.
  template <bool Shifted>
  __device__ static piece read(T const* row, int thread, int i, int shift) {
    piece made = at(row, thread, i);
    if constexpr (Shifted) {
      constexpr int count = piece_bytes / word_bytes;
      std::uint32_t const next =
          *reinterpret_cast<std::uint32_t const*>(row + place_of(thread * pieces + i + 1) * piece_steps);
#pragma unroll
      for (int k = 0; k < count; ++k)
        made.of[k] = __funnelshift_r(made.of[k], k + 1 < count ? made.of[k + 1] : next, 16 * shift);
    }
    return made;
  }
};

// A tile of the row `at`, of which `left` steps are the sequence's; zeros beyond.
template <bool Whole, class T, int Steps>
__device__ void bring_piece(T* to, T const* from, int k, int left) {
  using row = time_row<T, Steps>;
  if (Whole || k * row::piece_steps < left)  // all of it is the sequence's, or none
    __pipeline_memcpy_async(to, from, row::piece_bytes);
  else
    *reinterpret_cast<typename row::piece*>(to) = typename row::piece{};
}
template <bool Whole, class T, int Steps>
__device__ void bring_in_pieces(T* row_in_shared, T const* at, int left, int lane) {
  using row = time_row<T, Steps>;
#pragma unroll
  for (int i = 0; i < row::pieces; ++i) {
    int const k = i * 32 + lane;
    bring_piece<Whole, T, Steps>(row_in_shared + row::place_of(k) * row::piece_steps, at + k * row::piece_steps, k,
                                 left);
  }
}

// The same of a row that lies `shift` late, in words: a thread's are lane, lane + 32, ... . A word of two steps of which only one
// is the sequence's, as the first where the sequence `begins` and its last may be, is read by step.
template <class T, int Steps>
__device__ void bring_in_words(T* to, T const* at, bool begins, int left, int shift, int lane) {
  using row = time_row<T, Steps>;
  int const own = row::place_of_step(lane * row::word_steps);
  T const* const from = at + (lane * row::word_steps - shift);
  bool const is_edge = shift > 0 && begins && lane == 0, has_more = shift > 0 && lane == 0;
  auto const bring = [&](int i, bool is_whole) {
    __pipeline_memcpy_async(to + row::template moved<32>(own, i), from + i * 32 * row::word_steps, row::word_bytes,
                            is_whole ? 0 : row::word_bytes);
  };
  auto const bring_more = [&](bool is_whole) {
    __pipeline_memcpy_async(to + row::place_of_step(row::length), from + row::length, row::word_bytes,
                            is_whole ? 0 : row::word_bytes);
  };
  if (left > row::length) {  // the sequence goes on beyond the tile
#pragma unroll
    for (int i = 0; i < row::words / 32; ++i)
      if (i > 0 || !is_edge) bring(i, true);
    if (has_more) bring_more(true);
  } else {
    // Words before `whole` are the sequence's, those from `none` on have no step of it.
    int const whole = (left + shift) / row::word_steps - lane,
              none = (left + shift + row::word_steps - 1) / row::word_steps - lane;
#pragma unroll 1
    for (int i = 0; i < row::words / 32; ++i) {
      bool const is_whole = i * 32 < whole;
      if ((is_whole || i * 32 >= none) && (i > 0 || !is_edge)) bring(i, is_whole);
    }
    if (has_more && row::words >= none) bring_more(false);
  }
  if (row::word_steps > 1 && (begins || left <= row::length) && lane < 2) {
    bool const is_last = lane > 0;
    if (!is_last && shift > 0 && begins) to[row::place_of_step(1)] = at[0];
    if (is_last && left <= row::length && (left - 1 + shift) % row::word_steps == 0) {
      T* const word = to + row::place_of_step(left - 1 + shift);
      word[0] = at[left - 1], word[row::word_steps - 1] = T{};
    }
  }
}

template <bool Shifted, class T, int Steps, class Real>
__device__ void read_row(T const* row, int thread, int shift, Real (&to)[Steps]) {
  using of = time_row<T, Steps>;
#pragma unroll
  for (int i = 0; i < of::pieces; ++i) {
    auto const values = of::template read<Shifted>(row, thread, i, shift);
#pragma unroll
    for (int j = 0; j < of::piece_steps; ++j) to[i * of::piece_steps + j] = Real(values.wide(j));
  }
}

}  // namespace ssmscan::device
