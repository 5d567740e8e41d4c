#pragma once
// Numbers for tests that need many and unlike ones, the same on every machine.
#include <complex>
#include <cstdint>

namespace ssmscan::ssm::test {

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
