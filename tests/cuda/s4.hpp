#pragma once
// What the tests of S4 on a device share: signals, comparisons, a workspace that counts on nothing.
#include <cstring>
#include <limits>

#include "tests/cuda/gpu.hpp"
#include <gtest/gtest.h>

#include <ssmscan/ssm/convolution.hpp>

namespace ssmscan::s4 {

inline std::size_t at(index_t i) { return static_cast<std::size_t>(i); }
inline constexpr index_t lengths[] = {1, 2, 3, 16, 17, 97, 784, 1000, 1024, 4093};

template <class T>
inline constexpr double unit = static_cast<double>(std::numeric_limits<T>::epsilon()) / 2;

template <class T>
std::vector<T> signal(index_t count, unsigned state = 1) {
  std::vector<T> made;
  for (index_t i = 0; i < count; ++i) {
    state = state * 1664525u + 1013904223u;
    made.push_back(static_cast<T>(static_cast<double>(state >> 8) / 0x1p23 - 1));
  }
  return made;
}
template <class X>
bool same(std::vector<X> const& a, std::vector<X> const& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(X)) == 0;
}
template <class T>
ssm::vector_norms norms(std::vector<T> const& values) {
  return ssm::norms_of(std::span<T const>(values));
}
template <class T>
std::vector<T> row_of(std::vector<T> const& all, index_t row, index_t length) {
  return {all.begin() + row * length, all.begin() + (row + 1) * length};
}

// Device memory full of NaN, so that nothing counts on zeros.
class workspace_of : public gpu::memory {
 public:
  explicit workspace_of(std::size_t bytes) : memory(bytes) {
    need_success(cudaMemset(data(), 0xff, bytes), "filling a workspace");
  }
};

using reals = testing::Types<float, double>;

}  // namespace ssmscan::s4
