#pragma once
// For tests of what kernels are built of: numbers whose arithmetic is exact, and values of several words.
#include <array>
#include <random>
#include <vector>

#include "tests/cuda/gpu.hpp"

#include <ssmscan/scan/backends/cuda/launch.cuh>

namespace ssmscan::device {

using number = std::uint32_t;

inline std::vector<number> random_numbers(std::size_t n, number seed) {
  std::mt19937 random(seed);
  std::vector<number> made(n);
  for (number& v : made) v = static_cast<number>(random());
  return made;
}

template <int Words>
struct several {
  std::array<number, Words> of;
};

inline constexpr number poison = 0x5a5a5a5a;
inline constexpr int byte_of_poison = 0x5a;

inline void wait() { need_success(cudaDeviceSynchronize(), "waiting for a kernel"); }

}  // namespace ssmscan::device
