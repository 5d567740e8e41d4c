#pragma once
// The law of exact data: at every length, bit for bit the definition; forward and reverse, x apart, in b's place and in
// a's, with and without an initial state; the final state too. Any lost, doubled, moved or swapped operand shows.
#include "tests/laws/effort.hpp"
#include "tests/laws/exact_data.hpp"
#include "tests/laws/verdict.hpp"

namespace ssmscan::laws {

// Every length to the longest; fast: every length across sixteen tiles of 8, then every 7th; brief: across four, every
// 61st.
inline std::vector<index_t> exact_lengths(effort e) {
  std::vector<index_t> lengths;
  index_t const every = e == effort::brief ? 34 : 130, step = e == effort::brief ? 61 : e == effort::fast ? 7 : 1;
  for (index_t n = 0; n <= exact_data<float>::longest; n += n < every ? 1 : step) lengths.push_back(n);
  return lengths;
}

// One lane, and on threads also enough lanes that an elementwise step is shared out.
template <class T>
std::vector<index_t> exact_lanes(subject<T> const& s) {
  return s.backend == "serial" ? std::vector<index_t>{1} : std::vector<index_t>{1, exact_data<T>::most_lanes};
}

template <class T>
verdict exact_law(subject<T> const& s, std::vector<index_t> const& lengths) {
  static exact_data<T> const data;
  verdict found;
  for (index_t const lanes : exact_lanes(s))
    for (direction const d : all_directions)
      for (initial_state const i : both_initial_states)
        for (index_t const n : lengths) {
          auto const given = data.window(lanes, n, d, i);
          auto const expected = data.expected(lanes, n, d, i);
          for (aliasing const alias : all_aliasings) {
            found.add(difference(expected, call(s, given, d, alias)), [&] {
              return s.name + ", " + std::to_string(lanes) + " lanes of " + std::to_string(n) + ", " +
                     std::string(to_string(d)) + ", " + std::string(to_string(alias)) +
                     (i == initial_state::given ? ", with an initial state" : "");
            });
            if (!found.holds()) return found;
          }
        }
  return found;
}

}  // namespace ssmscan::laws
