#pragma once
// Data with full mantissas for laws that compare a subject with itself, and windows of it.
#include <algorithm>
#include <vector>

#include "tests/laws/call.hpp"
#include "tests/laws/random.hpp"

namespace ssmscan::laws {

enum class initial_state { absent, given };
inline constexpr initial_state both_initial_states[] = {initial_state::absent, initial_state::given};

// |a| in [0.5, 1.02] with any sign or phase, parts of b in [-1, 1]; uint32_t: any values. Memory is a few elements to a
// few tens, and no product comes near overflow; products of more than a hundred may underflow in float, as they do in use.
template <class T>
sequences<T> random_sequences(std::uint64_t seed, index_t lanes, index_t time, initial_state i) {
  random_stream random(seed);
  sequences<T> made{lanes, time, {}, {}};
  auto const fill = [&](std::vector<T>& values, index_t n, double low, double high) {
    values.reserve(static_cast<std::size_t>(n));
    for (index_t k = 0; k < n; ++k) {
      if constexpr (std::same_as<T, std::uint32_t>) {
        values.push_back(static_cast<T>(random.bits()));
      } else {
        values.push_back(signed_or_turned<T>(random, low, high));
      }
    }
  };
  fill(made.a, lanes * time, 0.5, 1.02);
  fill(made.b, lanes * time, 0, 1);
  if (i == initial_state::given) fill(made.initial, lanes, 0, 1);
  return made;
}

// Elements [begin, end) of every lane.
template <class T>
std::vector<T> cut(std::vector<T> const& values, index_t lanes, index_t time, index_t begin, index_t end) {
  std::vector<T> made;
  made.reserve(static_cast<std::size_t>(lanes * (end - begin)));
  for (index_t lane = 0; lane < lanes; ++lane)
    made.insert(made.end(), values.begin() + lane * time + begin, values.begin() + lane * time + end);
  return made;
}

template <class T>
std::vector<T> mirrored(std::vector<T> values, index_t lanes, index_t time) {
  for (index_t lane = 0; lane < lanes; ++lane)
    std::reverse(values.begin() + lane * time, values.begin() + (lane + 1) * time);
  return values;
}

template <class T>
std::string place(subject<T> const& s, index_t time, direction d) {
  return s.name + ", " + std::to_string(time) + " steps, " + std::string(to_string(d));
}

}  // namespace ssmscan::laws
