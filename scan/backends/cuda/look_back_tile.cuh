#pragma once
// The tree of the tuned look_back, and how a block's threads hold it. A thread folds a run of elements from left to right;
// the 32 runs of a warp make a row, scanned by doubling (Hillis & Steele); the rows of a tile are folded from left to right,
// and so are the tiles of a lane. Whoever computes a part, and when, the brackets stand where they stand: they depend on the
// position in the lane alone.
#include <array>
#include <bit>
#include <cstdint>

#include <ssmscan/scan/arithmetic.hpp>
#include <ssmscan/scan/backends/cuda/half_floats.cuh>
#include <ssmscan/scan/monoids/affine.hpp>

namespace ssmscan::device {

inline constexpr int warp_size = 32;
inline constexpr unsigned all_lanes = 0xffffffffu;

template <class T>
struct look_back_tile {
  // 80 bytes: read 16 at a time, five times; and since 5 is odd, eight neighbouring threads meet all 32 banks.
  static constexpr int run = 80 / static_cast<int>(sizeof(T));
  static constexpr int row = warp_size * run;
  static constexpr int rows = 8;
  static constexpr int length = rows * row;
  static constexpr int threads = rows * warp_size;
};

// Elements of a thread's run, in registers; stored in words of 16 bytes, or of 8 where elements have 2.
template <class T, class Stored, int Count>
struct elements_in_registers {
  static constexpr int length = Count;
  using word = std::conditional_t<sizeof(Stored) == 2, uint2, uint4>;
  using words = std::array<word, length * sizeof(Stored) / sizeof(word)>;
  using elements = std::array<Stored, length>;
  std::array<T, length> values;

  SSMSCAN_HOST_DEVICE void load(Stored const* shared) {
    words raw;
#pragma unroll
    for (std::size_t k = 0; k < raw.size(); ++k) raw[k] = reinterpret_cast<word const*>(shared)[k];
    auto const made = std::bit_cast<elements>(raw);
#pragma unroll
    for (int k = 0; k < length; ++k) values[k] = widened(made[k]);
  }
  SSMSCAN_HOST_DEVICE void store(Stored* shared) const {
    elements made;
#pragma unroll
    for (int k = 0; k < length; ++k) made[k] = narrowed<Stored>(values[k]);
    auto const raw = std::bit_cast<words>(made);
#pragma unroll
    for (std::size_t k = 0; k < raw.size(); ++k) reinterpret_cast<word*>(shared)[k] = raw[k];
  }
  SSMSCAN_HOST_DEVICE elements_in_registers reversed() const {
    elements_in_registers made;
#pragma unroll
    for (int k = 0; k < length; ++k) made.values[k] = values[length - 1 - k];
    return made;
  }
};

// The value of the thread `distance` before this one in its warp; its own where there is none.
template <class V>
__device__ V shuffle_up(V const& v, int distance) {
  using raw = std::array<std::uint32_t, sizeof(V) / 4>;
  raw parts = std::bit_cast<raw>(v);
#pragma unroll
  for (auto& part : parts) part = __shfl_up_sync(all_lanes, part, distance);
  return std::bit_cast<V>(parts);
}

// The value of the last thread of the warp.
template <class V>
__device__ V from_last_thread(V const& v) {
  using raw = std::array<std::uint32_t, sizeof(V) / 4>;
  raw parts = std::bit_cast<raw>(v);
#pragma unroll
  for (auto& part : parts) part = __shfl_sync(all_lanes, part, warp_size - 1);
  return std::bit_cast<V>(parts);
}

// Inclusive over the threads of a warp, by doubling; each takes in the `earlier_ones` before it: all, or, packed, those from the
// last on in which a sequence starts.
template <class Map, class Combine>
__device__ Map scan_of_row(Map own, int earlier_ones, Combine const& combine) {
#pragma unroll
  for (int distance = 1; distance < warp_size; distance *= 2) {
    Map const earlier = shuffle_up(own, distance);
    if (earlier_ones >= distance) own = combine(earlier, own);
  }
  return own;
}

}  // namespace ssmscan::device
