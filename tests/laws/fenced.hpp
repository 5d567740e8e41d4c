#pragma once
// Memory between red zones. The zones hold NaN (0xdeadbeef for integers): what reads one poisons its result, what
// writes one is found by `intact`.
#include <algorithm>
#include <bit>
#include <complex>
#include <cstring>
#include <vector>

#include <ssmscan/scan/arithmetic.hpp>

namespace ssmscan::laws {

// A value that no result has: for floats a quiet NaN with a payload of its own.
template <class T>
T poison() {
  if constexpr (is_complex<T>) {
    return T(poison<typename T::value_type>(), poison<typename T::value_type>());
  } else if constexpr (std::same_as<T, float>) {
    return std::bit_cast<float>(0x7fdeadbeu);
  } else if constexpr (std::same_as<T, double>) {
    return std::bit_cast<double>(0x7ffdeadbeefdeadbu);
  } else {
    return static_cast<T>(0xdeadbeefu);
  }
}

template <class T>
bool same_bits(T const& p, T const& q) {
  return std::memcmp(&p, &q, sizeof(T)) == 0;
}
template <class T>
bool same_bits(T const* p, T const* q, index_t n) {
  return n <= 0 || std::memcmp(p, q, static_cast<std::size_t>(n) * sizeof(T)) == 0;
}

template <class T>
class fenced {
 public:
  static constexpr index_t zone = 24;  // elements; longer than any vector register and than a tile of 8

  fenced() : fenced(0) {}
  explicit fenced(index_t n) : n_(n), values_(static_cast<std::size_t>(n + 2 * zone), poison<T>()) {}
  explicit fenced(std::vector<T> const& given) : fenced(static_cast<index_t>(given.size())) {
    std::copy(given.begin(), given.end(), data());
  }

  T* data() { return values_.data() + zone; }
  T const* data() const { return values_.data() + zone; }
  index_t size() const { return n_; }
  bool holds(std::vector<T> const& expected) const { return same_bits(data(), expected.data(), n_); }
  std::vector<T> values() const { return {data(), data() + n_}; }

  bool intact() const {
    auto const clean = [](T const& v) { return same_bits(v, poison<T>()); };
    return std::all_of(values_.begin(), values_.begin() + zone, clean) &&
           std::all_of(values_.end() - zone, values_.end(), clean);
  }

 private:
  index_t n_;
  std::vector<T> values_;
};

}  // namespace ssmscan::laws
