#pragma once
// Where every b and the initial state are zeros, x is zeros, and their signs are the definition's: real, x[t] = fma(a[t],
// x[t-1], b[t]) is -0 where both of its terms are, else +0. Of any a for the definition, complex too, and for heinsen on
// real numbers, whose logarithms carry them; of real a >= +0 for the trees: a negative a inside a segment makes of its
// +0 + -0 another zero than what enters it would have made (docs/numerics.md). heinsen restarts at a = 0, where x is b with
// its sign. Complex, a part of x is a sum of products of both parts, one of them negated: no a, not even a positive one,
// keeps the signs of a segment apart from what enters it, and a logarithm has one sign for two. So there they are nobody's
// but the definition's.
#include "tests/laws/data.hpp"
#include "tests/laws/definition.hpp"
#include "tests/laws/verdict.hpp"
#include "tests/laws/within.hpp"

namespace ssmscan::laws {

template <class T>
bool keeps_signs_of_zero(subject<T> const& s) {
  return has_a_bound(s) && (std::floating_point<T> || s.is_the_definition());
}

template <class T>
requires std::floating_point<T> || is_complex<T> sequences<T> zeros(subject<T> const& s, std::uint64_t seed,
                                                                    index_t time, initial_state i) {
  using real = reference::real_t<T>;
  bool const any_sign = s.is_the_definition() || s.result == result_class::reformulates;
  bool const may_be_zero = s.result != result_class::reformulates;
  random_stream random(seed);
  sequences<T> made{1, time, {}, {}};
  // Rarely one sign, so that runs of the other are longer than a fan and than a tile of 8.
  auto const part = [&](bool mostly_negative) {
    return std::copysign(real(0), real((random.below(12) == 0) != mostly_negative ? -1 : 1));
  };
  auto const zero = [&](bool mostly_negative) {
    if constexpr (is_complex<T>) {
      real const of_real = part(mostly_negative);
      return T(of_real, part(!mostly_negative));
    } else {
      return part(mostly_negative);
    }
  };
  bool const mostly_negative = random.below(4) != 0;
  for (index_t t = 0; t < time; ++t) {
    if (may_be_zero && random.below(9) == 0) {
      made.a.push_back(T(0));
    } else if constexpr (is_complex<T>) {
      made.a.push_back(signed_or_turned<T>(random, 0.5, 1.02));
    } else {
      T const a = T(random.between(0.5, 1.02));
      made.a.push_back(any_sign && random.below(2) == 0 ? -a : a);
    }
    made.b.push_back(zero(mostly_negative));
  }
  if (i == initial_state::given) made.initial = {zero(mostly_negative)};
  return made;
}

inline constexpr std::uint64_t seeds_of_zeros = 4;

template <class T>
requires std::floating_point<T> || is_complex<T> verdict signs_of_zero_law(subject<T> const& s,
                                                                           std::vector<index_t> const& lengths) {
  verdict found;
  for (index_t const n : lengths)
    for (direction const d : all_directions)
      for (initial_state const i : both_initial_states)
        for (std::uint64_t seed = 0; seed < seeds_of_zeros; ++seed) {
          auto const given = zeros<T>(s, seed, n, i);
          outcome<T> needed{std::vector<T>(given.b.size()), given.initial, ""};
          needed.final.resize(1);  // without an initial state: +0, also of no steps
          for (index_t step = 0; step < n; ++step) {
            auto const t = static_cast<std::size_t>(d == direction::forward ? step : n - 1 - step);
            bool const nothing_before = step == 0 && given.initial.empty();
            needed.final[0] = needed.x[t] =
                nothing_before ? given.b[t] : defined_step(given.a[t], needed.final[0], given.b[t]);
          }
          found.add(difference(needed, call(s, given, d)), [&] {
            return place(s, n, d) + ", zeros, seed " + std::to_string(seed) +
                   (i == initial_state::given ? ", with an initial state" : "");
          });
          if (!found.holds()) return found;
        }
  return found;
}

}  // namespace ssmscan::laws
