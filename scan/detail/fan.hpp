#pragma once
// What one worker does with one chunk while it is in cache: a shallow tree instead of one long chain. Runs of `Fan`
// values are scanned, their last values form the next level, and so on (up); then each finished prefix is carried into
// the run after it, level by level (down). With Fan = 2 this is Blelloch's scan; with 16 the chain a rounding error can
// travel along is 15 a level instead of the chunk's length, for the same 2n combines. Level s holds positions s-1,
// 2s-1, 3s-1, ...
#include <algorithm>

#include <ssmscan/scan/concepts.hpp>

namespace ssmscan::detail {

template <index_t Fan>
SSMSCAN_HOST_DEVICE constexpr index_t top_level(index_t n) {
  index_t s = 1;
  while (s * Fan <= n) s *= Fan;
  return s;
}

// Afterwards each value is the prefix of its run on its level; values[n - 1] is the product of all where n is a power
// of Fan.
template <index_t Fan, class M, class Value>
SSMSCAN_HOST_DEVICE void fan_up(M const& combine, Value* values, index_t n) {
  for (index_t s = 1; s <= n; s *= Fan)
    for (index_t k = 1; k < n / s; ++k)
      if (k % Fan != 0) values[(k + 1) * s - 1] = combine(values[k * s - 1], values[(k + 1) * s - 1]);
}

// Completes every prefix; `carry` (null: nothing) is what comes before the chunk.
template <index_t Fan, class M, class Value>
SSMSCAN_HOST_DEVICE void fan_down(M const& combine, Value* values, index_t n, Value const* carry) {
  for (index_t s = top_level<Fan>(n); s >= 1; s /= Fan)
    for (index_t k = 0; k < n / s; ++k) {
      Value const* const before = k < Fan ? carry : values + k / Fan * Fan * s - 1;
      bool const complete = k % Fan == Fan - 1;  // by the level above
      if (before != nullptr && !complete) values[(k + 1) * s - 1] = combine(*before, values[(k + 1) * s - 1]);
    }
}

// Combines of fan_up, and of fan_down with or without a carry.
template <index_t Fan>
constexpr index_t fan_up_work(index_t n) {
  index_t combines = 0;
  for (index_t s = 1; s <= n; s *= Fan) combines += n / s - (n / s + Fan - 1) / Fan;
  return combines;
}
enum class carry_in { none, one };
template <index_t Fan>
constexpr index_t fan_down_work(index_t n, carry_in carry) {
  index_t combines = 0;
  for (index_t s = 1; s <= n; s *= Fan) {
    index_t const incomplete = n / s - n / s / Fan;
    combines += carry == carry_in::one ? incomplete : incomplete - std::min(n / s, Fan - 1);
  }
  return combines;
}

// Depth of the prefix of length m of a chunk: one chain per non-zero digit of m in base Fan, the higher digits carried
// in. `before`: depth of the carry into the chunk, negative where there is none.
template <index_t Fan>
constexpr index_t fan_depth(index_t m, index_t before) {
  index_t depth = before;
  index_t level = 0;
  for (index_t s = 1; s * Fan <= m; s *= Fan) ++level;
  for (index_t s = top_level<Fan>(m); s >= 1; s /= Fan, --level) {
    index_t const digit = m / s % Fan;
    if (digit == 0) continue;
    index_t const chain = level * (Fan - 1) + digit - 1;
    depth = depth < 0 ? chain : std::max(depth, chain) + 1;
  }
  return depth;
}

}  // namespace ssmscan::detail
