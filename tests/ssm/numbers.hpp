#pragma once
// Numbers for tests that need many and unlike ones, the same on every machine.
#include <complex>
#include <cstddef>
#include <cstdint>

#include <ssmscan/scan/concepts.hpp>

namespace ssmscan::ssm::test {

inline std::size_t at(index_t i) { return static_cast<std::size_t>(i); }

// From a linear congruential generator (its high bits: the low ones repeat soon).
class numbers {
 public:
  explicit numbers(std::uint32_t seed) : state_(seed) {}
  std::uint32_t bits() { return state_ = state_ * 1664525u + 1013904223u; }
  double next() { return static_cast<double>(bits() >> 8) / 0x1p23 - 1; }  // in [-1, 1), exact in float
  std::complex<double> both() {
    double const real = next();
    return {real, next()};
  }

 private:
  std::uint32_t state_;
};

}  // namespace ssmscan::ssm::test
