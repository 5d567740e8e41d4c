#pragma once
// Whether a problem finds room: one that does not is not run, and its record says so, instead of the machine ending the program.
#include <cmath>
#include <string>

#include "bench/common/verify.hpp"
#include "machine/free_memory.hpp"

namespace ssmscan::bench {

// Empty, or why not. a, b and x, the definition in higher precision with its two sums, and as much again as those three, of
// pairs, for contenders that keep arrays of their own (Hillis-Steele, libraries that scan pairs).
template <class T>
std::string no_room_for(problem_shape const& s) {
  constexpr double gib = 1 << 30, looked_for_above = 1;
  constexpr double of_problem = 3 * sizeof(T), of_definition = sizeof(typename precision<T>::wide) + 2 * sizeof(float);
  double const needed = static_cast<double>(s.elements()) * (of_problem + of_definition + 2 * of_problem) / gib;
  if (needed < looked_for_above) return "";
  double const free = free_gib();
  if (needed <= free) return "";
  auto const words = [](double value) { return std::to_string(std::lround(value)) + " GiB"; };
  return "memory: needs " + words(std::ceil(needed)) + ", " + words(std::floor(free)) + " are free";
}

}  // namespace ssmscan::bench
