#pragma once
// Integer helpers shared by the algorithms and by what they say of themselves.
#include <ssmscan/scan/concepts.hpp>

namespace ssmscan::detail {

SSMSCAN_HOST_DEVICE constexpr index_t ceil_div(index_t n, index_t d) { return (n + d - 1) / d; }

// The least k with 2^k >= n; 0 for n <= 1.
SSMSCAN_HOST_DEVICE constexpr index_t ceil_log2(index_t n) {
  index_t k = 0;
  while ((index_t{1} << k) < n) ++k;
  return k;
}

// The greatest k with 2^k <= n; 0 for n <= 1.
SSMSCAN_HOST_DEVICE constexpr index_t floor_log2(index_t n) {
  index_t k = 0;
  while (n > 1) n /= 2, ++k;
  return k;
}

SSMSCAN_HOST_DEVICE constexpr index_t count_ones(index_t n) {
  index_t ones = 0;
  for (; n > 0; n &= n - 1) ++ones;
  return ones;
}

// Where share `i` of `shares` begins, of n things dealt out in order, the first shares the greater by one: share `shares`
// begins where all end.
SSMSCAN_HOST_DEVICE constexpr index_t share_begin(index_t n, index_t shares, index_t i) {
  index_t const left = n % shares;
  return n / shares * i + (i < left ? i : left);
}

// What is moved in all, as algorithm_info::bytes tells it: a time step's share.
constexpr double per_step(index_t moved, index_t time) {
  return time > 0 ? static_cast<double>(moved) / static_cast<double>(time) : 0;
}

// How many of n ascending values are at most v.
SSMSCAN_HOST_DEVICE constexpr index_t count_not_above(index_t const* values, index_t n, index_t v) {
  index_t begin = 0;
  while (begin < n) {
    index_t const middle = begin + (n - begin) / 2;
    if (values[middle] <= v) {
      begin = middle + 1;
    } else {
      n = middle;
    }
  }
  return begin;
}

}  // namespace ssmscan::detail
