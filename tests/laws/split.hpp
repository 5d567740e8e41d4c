#pragma once
// Composition: a sequence cut at t, the first part's final state the second part's initial one, is the whole. Bit for
// bit on exact data, and on any data where the tree is the definition's left fold; within the sum of the two parts'
// bounds elsewhere (within.hpp).
#include "tests/laws/exact_data.hpp"
#include "tests/laws/verdict.hpp"

namespace ssmscan::laws {

inline std::vector<index_t> const& split_lengths() {
  static std::vector<index_t> const lengths{2, 9, 16, 17, 25, 40, 65, 100, 257};
  return lengths;
}

// Cuts the lane at `at` steps from where the scan begins.
template <class T>
outcome<T> in_two_parts(subject<T> const& s, sequences<T> const& whole, index_t at, direction d) {
  index_t const n = whole.time, begin = d == direction::forward ? 0 : n - at, end = begin + at;
  auto const part = [&](index_t from, index_t to, std::vector<T> initial) {
    return call(s, sequences<T>{1, to - from, cut(whole.a, 1, n, from, to), cut(whole.b, 1, n, from, to), initial}, d);
  };
  outcome<T> first = part(begin, end, whole.initial);
  outcome<T> second = d == direction::forward ? part(end, n, first.final) : part(0, begin, first.final);
  outcome<T>& early = d == direction::forward ? first : second;
  outcome<T> const& late = d == direction::forward ? second : first;
  early.x.insert(early.x.end(), late.x.begin(), late.x.end());
  return {early.x, second.final, first.fault + second.fault};
}

template <class T>
verdict split_law(subject<T> const& s, std::vector<index_t> const& lengths) {
  static exact_data<T> const data;
  verdict found;
  for (index_t const n : lengths)
    for (index_t at = 0; at <= n; ++at)
      for (direction const d : all_directions) {
        auto const where = [&] { return place(s, n, d) + ", cut at " + std::to_string(at); };
        auto const whole = data.window(1, n, d, initial_state::given);
        found.add(difference(data.expected(1, n, d, initial_state::given), in_two_parts(s, whole, at, d)), where);
        if (s.is_the_definition()) {
          auto const any = random_sequences<T>(10, 1, n, initial_state::given);
          found.add(difference(call(s, any, d), in_two_parts(s, any, at, d)), where);
        }
        if (!found.holds()) return found;
      }
  return found;
}

}  // namespace ssmscan::laws
