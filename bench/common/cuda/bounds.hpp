#pragma once
// What device memory allows, as bench/common/bounds.hpp has it for the host: x = a b, element by element, and x = b.
// Each thread moves some vectors of 16 bytes; how many is best depends on the size, so every way is measured and the
// fastest is the bound.
#include <array>
#include <cstdint>

#include "bench/common/bounds.hpp"
#include "bench/common/cuda/device.hpp"

namespace ssmscan::bench::gpu {

inline constexpr std::array vectors_per_thread{1, 2, 4};

// Words: float, double (products) and uint32_t (sums). All pointers are aligned to 16 bytes.
template <class W>
void enqueue_triad(W const* a, W const* b, W* x, std::size_t words, int vectors);
template <class W>
void enqueue_copy(W const* b, W* x, std::size_t words, int vectors);

// Reads all and adds it up: total[0] += the sum of words floats, whose bytes are a multiple of 16. Each thread keeps `vectors` loads
// under way, over and over; as many blocks as run at a time.
inline constexpr std::array reading_vectors{4, 8, 16};
void enqueue_read(float const* from, float* total, std::size_t words, int vectors);

}  // namespace ssmscan::bench::gpu
