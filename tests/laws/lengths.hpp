#pragma once
// Lengths for the laws that compare a subject with itself.
#include <vector>

#include "tests/laws/effort.hpp"

namespace ssmscan::laws {

// Lengths around tiles of 8 and chunks of 4096, powers of two and primes.
inline std::vector<index_t> const& chosen_lengths() {
  static std::vector<index_t> const lengths{
      0,   1,   2,   3,   5,   7,   8,   9,   13,  16,  17,   23,   24,   25,   31,   32,   33,   40,   63,    64,   65,
      100, 127, 128, 129, 255, 257, 300, 511, 513, 997, 1000, 1023, 1025, 2049, 4095, 4096, 4097, 8193, 12289, 20011};
  return lengths;
}

// For what costs a few calls a length. brief: the few that cross something.
inline std::vector<index_t> crossing_lengths(effort e);
inline std::vector<index_t> most_lengths(effort e) {
  return e == effort::brief ? crossing_lengths(e) : chosen_lengths();
}

// For what costs many calls a length. full: all of them. fast: those that just cross something: the ends, a tile of 8, the
// fan of 16 and its square, sixteen tiles (one for each of 16 threads), a chunk of 4096, and at three lanes (shares of 2048
// bodies) all of 16 threads of the texts. (Of the tuned forms: many_workers.hpp.)
inline std::vector<index_t> crossing_lengths(effort e) {
  if (e == effort::full) return chosen_lengths();
  if (e == effort::brief) return {0, 1, 2, 8, 9, 17, 129, 1000, 4097, 8193};
  return {0, 1, 2, 7, 8, 9, 17, 129, 257, 1000, 4097, 12289};
}

// For what costs many lanes a call: as above to a power of two, and past one chunk; full: past two.
inline std::vector<index_t> short_lengths(effort e) {
  if (e != effort::full) return {0, 1, 2, 7, 8, 9, 17, 129, 257, 4097};
  std::vector<index_t> some;
  for (index_t const n : chosen_lengths())
    if (n <= 1025 || n == 4097 || n == 8193) some.push_back(n);
  return some;
}

}  // namespace ssmscan::laws
