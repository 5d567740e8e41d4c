#pragma once
// Numbers for tests on a device that need many and unlike ones, of any type.
#include <concepts>
#include <random>
#include <vector>

#include <ssmscan/scan/arithmetic.hpp>
#include <ssmscan/scan/concepts.hpp>

namespace ssmscan::test {

// Real parts in [low, high), imaginary ones in a quarter of that; integers over their whole range.
template <class T>
std::vector<T> random_values(std::mt19937_64& random, index_t n, double low, double high) {
  std::uniform_real_distribution<double> draw(low, high);
  std::vector<T> made(static_cast<std::size_t>(n));
  for (T& v : made) {
    if constexpr (is_complex<T>) {
      v = T(static_cast<typename T::value_type>(draw(random)), static_cast<typename T::value_type>(draw(random) / 4));
    } else if constexpr (std::is_integral_v<T>) {
      v = static_cast<T>(random());
    } else {
      v = static_cast<T>(draw(random));
    }
  }
  return made;
}

}  // namespace ssmscan::test
