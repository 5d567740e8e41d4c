#pragma once
// Laws that need no oracle, only the subject itself: what is changed in the input so that every operation is the same
// one, gives the same bits. Scaling b by a power of two, negating b, and mirroring time; appending the identity leaves
// what came before. A subject that reformulates (logarithms of b) keeps the bits of mirroring only; for it the rest is
// compared within its bound by the laws of within.hpp.
#include "tests/laws/data.hpp"
#include "tests/laws/lengths.hpp"
#include "tests/laws/verdict.hpp"

namespace ssmscan::laws {

template <class T>
std::vector<T> times(std::vector<T> values, T factor) {
  for (T& v : values) v *= factor;
  return values;
}

// x(factor * b, factor * initial) = factor * x(b, initial): factor is a power of two, or its negative.
template <class T>
verdict scaling_law(subject<T> const& s, std::vector<index_t> const& lengths) {
  verdict found;
  for (index_t const n : lengths)
    for (direction const d : all_directions)
      for (double const factor : {-1.0, 0x1p-10, -0x1p7}) {
        auto const k = static_cast<typename reference::real_t<T>>(factor);
        auto given = random_sequences<T>(3, 1, n, initial_state::given);
        outcome<T> needed = call(s, given, d);
        needed.x = times(needed.x, T(k)), needed.final = times(needed.final, T(k));
        given.b = times(given.b, T(k)), given.initial = times(given.initial, T(k));
        found.add(difference(needed, call(s, given, d)),
                  [&] { return place(s, n, d) + ", b times " + std::to_string(factor); });
        if (!found.holds()) return found;
      }
  return found;
}

// The reverse scan is the forward scan of the mirror image.
template <class T>
verdict mirror_law(subject<T> const& s, std::vector<index_t> const& lengths) {
  verdict found;
  for (index_t const n : lengths)
    for (initial_state const i : both_initial_states) {
      constexpr index_t lanes = 2;
      auto const given = random_sequences<T>(4, lanes, n, i);
      auto image = given;
      image.a = mirrored(given.a, lanes, n), image.b = mirrored(given.b, lanes, n);
      outcome<T> needed = call(s, image, direction::forward);
      needed.x = mirrored(needed.x, lanes, n);
      found.add(difference(needed, call(s, given, direction::reverse)),
                [&] { return place(s, n, direction::reverse); });
      if (!found.holds()) return found;
    }
  return found;
}

// (1, 0) after the end, which is the beginning in reverse, changes nothing before it.
template <class T>
verdict padding_law(subject<T> const& s, std::vector<index_t> const& lengths) {
  verdict found;
  for (index_t const n : lengths)
    for (direction const d : all_directions)
      for (index_t const padding : {1, 7, 100}) {
        auto const given = random_sequences<T>(5, 1, n, initial_state::given);
        auto longer = given;
        longer.time += padding;
        auto const end = [&](std::vector<T>& v) { return d == direction::forward ? v.end() : v.begin(); };
        longer.a.insert(end(longer.a), static_cast<std::size_t>(padding), T(1));
        longer.b.insert(end(longer.b), static_cast<std::size_t>(padding), T(0));
        outcome<T> const got = call(s, longer, d);
        index_t const begin = d == direction::forward ? 0 : padding;
        found.add(got.fault.empty() ? difference("x", call(s, given, d).x, cut(got.x, 1, n + padding, begin, begin + n))
                                    : got.fault,
                  [&] { return place(s, n, d) + ", padded by " + std::to_string(padding); });
        if (!found.holds()) return found;
      }
  return found;
}

}  // namespace ssmscan::laws
