#pragma once
// What offsets of packed sequences have to be, wherever they are given and can be read.
#include <span>
#include <string>

#include <ssmscan/scan/concepts.hpp>
#include <ssmscan/scan/error.hpp>

namespace ssmscan::detail {

// At least one value; the number of sequences is one less.
inline void check_offsets(std::span<index_t const> offsets, index_t time) {
  if (offsets.front() != 0) throw_invalid("offsets", "first = " + std::to_string(offsets.front()), "first = 0");
  for (std::size_t k = 1; k < offsets.size(); ++k)
    if (offsets[k] < offsets[k - 1])
      throw_invalid(
          "offsets",
          std::to_string(offsets[k - 1]) + " then " + std::to_string(offsets[k]) + " at position " + std::to_string(k),
          "ascending values");
  if (offsets.back() != time)
    throw_invalid("offsets", "last = " + std::to_string(offsets.back()), "last = time = " + std::to_string(time));
}

}  // namespace ssmscan::detail
