#pragma once
// Rows of fused_time's tiles in shared memory: 16-byte pieces, read without bank conflicts, and rows of 16-bit steps that lie
// one step late.
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
