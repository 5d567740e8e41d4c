#pragma once
// Tiles of time of the fused selective scan: four steps of a row at once, read and written as one where they are aligned and
// all of them a sequence's.
#include <cstdint>

#include <ssmscan/ssm/cuda/selective_arguments.hpp>
#include <ssmscan/ssm/cuda/selective_math.cuh>

namespace ssmscan::device {

inline constexpr int quad_time = 4, quads_of_tile = tile_time / quad_time;
inline constexpr int row_time = tile_time + quad_time;  // a row of a tile in shared memory: no two in the same banks

// Steps of a row, as many as are read or written at once.
template <class T, int Count>
struct alignas(Count * sizeof(T) < 16 ? Count * sizeof(T) : 16) pack {
  T of[Count];
  __device__ T wide(int i) const { return of[i]; }
  __device__ void set(int i, T const* row) { of[i] = *row; }
};
// 16-bit values stay packed in words: taken apart, each would fill a register.
template <class T, int Count>
requires(sizeof(T) == 2) struct alignas(Count * sizeof(T) < 16 ? Count * sizeof(T) : 16) pack<T, Count> {
  std::uint32_t of[Count / 2];
  __device__ float wide(int i) const { return widened(T{static_cast<std::uint16_t>(of[i / 2] >> (i % 2 * 16))}); }
  __device__ void set(int i, T const* row) { of[i / 2] |= std::uint32_t{row->bits} << (i % 2 * 16); }
};
template <class T>
using quad = pack<T, quad_time>;

template <class T, int Count, class Real>
__device__ pack<T, Count> narrowed_pack(Real const* values) {
  pack<T, Count> made;
  if constexpr (sizeof(T) == 2) {
#pragma unroll
    for (int i = 0; i < Count; i += 2)
      made.of[i / 2] = narrowed<T>(values[i]).bits | std::uint32_t{narrowed<T>(values[i + 1]).bits} << 16;
  } else {
#pragma unroll
    for (int i = 0; i < Count; ++i) made.of[i] = values[i];
  }
  return made;
}
template <class T>
__device__ void keep(T& to, quad<T> const& from, int i) {
  if constexpr (sizeof(T) == 2)
    to.bits = static_cast<std::uint16_t>(from.of[i / 2] >> (i % 2 * 16));
  else
    to = from.of[i];
}

// The steps of a tile that are a sequence's.
struct tile_range {
  int begin, end;
  __device__ bool has_all(int t) const { return begin <= t && t + quad_time <= end; }
  __device__ bool has_none(int t) const { return t + quad_time <= begin || end <= t; }
  __device__ bool has(int t) const { return begin <= t && t < end; }
};

// Four steps of 16 bits that may begin in the middle of a word, as the words they lie in. They are put together where they are
// used: where they are read, that would wait for memory.
template <class T>
struct loose_quad {
  std::uint32_t of[3];
};
template <class T>
__device__ quad<T> joined(loose_quad<T> const& words, int shift) {
  quad<T> made;
#pragma unroll
  for (int k = 0; k < 2; ++k) made.of[k] = __funnelshift_r(words.of[k], words.of[k + 1], 16 * shift);
  return made;
}
template <class T>
__device__ quad<T> joined(quad<T> const& steps, int) {
  return steps;
}
template <class T>
__device__ unsigned shift_in_word(T const* at) {
  return static_cast<unsigned>(reinterpret_cast<std::uintptr_t>(at) / sizeof(T) % 2);
}
// Steps t .. t + 3 of a tile's row, of those that the sequence has.
template <class T>
__device__ loose_quad<T> load_loose_quad(T const* row, int t, int shift, tile_range sequence) {
  int const from = t - shift;
  T const* const at = row + from;
  loose_quad<T> made{};
  if (from >= sequence.begin && from + 4 + 2 * shift <= sequence.end) {
#pragma unroll
    for (int k = 0; k < 2; ++k) made.of[k] = reinterpret_cast<std::uint32_t const*>(at)[k];
    if (shift > 0) made.of[2] = reinterpret_cast<std::uint32_t const*>(at)[2];
  } else {
#pragma unroll
    for (int i = 0; i < 6; ++i)
      if (sequence.has(from + i) && i < quad_time + shift) made.of[i / 2] |= std::uint32_t{at[i].bits} << (i % 2 * 16);
  }
  return made;
}

template <class T>
__device__ quad<T> load_quad(T const* row, int t, tile_range range, bool vectors) {
  if (vectors && range.has_all(t)) return *reinterpret_cast<quad<T> const*>(row + t);
  quad<T> made{};
#pragma unroll
  for (int i = 0; i < quad_time; ++i)
    if (range.has(t + i)) made.set(i, row + t + i);
  return made;
}
template <class T>
__device__ void store_quad(T* row, int t, tile_range range, bool vectors, quad<T> const& values) {
  if (vectors && range.has_all(t)) {
    *reinterpret_cast<quad<T>*>(row + t) = values;
    return;
  }
#pragma unroll
  for (int i = 0; i < quad_time; ++i)
    if (range.has(t + i)) keep(row[t + i], values, i);
}

}  // namespace ssmscan::device
