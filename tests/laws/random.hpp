#pragma once
// Reproducible data: the same on every machine and compiler (SplitMix64: Steele, Lea, Flood 2014).
#include <complex>
#include <cstdint>

#include <ssmscan/scan/arithmetic.hpp>

namespace ssmscan::laws {

class random_stream {
 public:
  explicit random_stream(std::uint64_t seed) : state_(seed) {}

  std::uint64_t bits() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  index_t below(index_t n) { return static_cast<index_t>(bits() % static_cast<std::uint64_t>(n)); }
  // All mantissa bits of a float or a double are in use.
  double unit() { return static_cast<double>(bits() >> 11) * 0x1p-53; }
  double between(double low, double high) { return low + (high - low) * unit(); }

 private:
  std::uint64_t state_;
};

// |a| in [low, high], any sign or phase.
template <class T>
T signed_or_turned(random_stream& random, double low, double high) {
  double const magnitude = random.between(low, high);
  if constexpr (is_complex<T>) {
    using part = typename T::value_type;
    double const phase = random.between(0, 6.283185307179586);
    return T(static_cast<part>(magnitude * std::cos(phase)), static_cast<part>(magnitude * std::sin(phase)));
  } else {
    return static_cast<T>(random.below(2) == 0 ? magnitude : -magnitude);
  }
}

}  // namespace ssmscan::laws
