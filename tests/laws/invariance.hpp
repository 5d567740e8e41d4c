#pragma once
// Bits depend on (algorithm, tree, dtype, time length) and on nothing else: not on the number of lanes, not on the
// number of threads, not on the run; and two subjects with the same tree id have the same bits.
#include "tests/laws/data.hpp"
#include "tests/laws/definition.hpp"
#include "tests/laws/verdict.hpp"

namespace ssmscan::laws {

// Of a subject that says it is the definition: its step after step, on any data.
template <class T>
verdict definition_law(subject<T> const& s, std::vector<index_t> const& lengths) {
  verdict found;
  for (index_t const n : lengths)
    for (direction const d : all_directions) {
      auto const given = random_sequences<T>(17, 1, n, initial_state::given);
      outcome<T> needed{std::vector<T>(given.b.size()), given.initial, ""};
      for (index_t step = 0; step < n; ++step) {
        auto const t = static_cast<std::size_t>(d == direction::forward ? step : n - 1 - step);
        needed.final[0] = needed.x[t] = defined_step(given.a[t], needed.final[0], given.b[t]);
      }
      found.add(difference(needed, call(s, given, d)), [&] { return place(s, n, d); });
      if (!found.holds()) return found;
    }
  return found;
}

// Each of 13 lanes alone.
template <class T>
verdict lanes_law(subject<T> const& s, std::vector<index_t> const& lengths) {
  verdict found;
  constexpr index_t lanes = 13;
  for (index_t const n : lengths)
    for (direction const d : all_directions) {
      auto const given = random_sequences<T>(6, lanes, n, initial_state::given);
      outcome<T> const together = call(s, given, d);
      std::string wrong = together.fault;
      for (index_t lane = 0; lane < lanes && wrong.empty(); ++lane) {
        auto const at = static_cast<std::size_t>(lane);
        sequences<T> one{1, n, cut(given.a, lanes, n, 0, n), cut(given.b, lanes, n, 0, n)};
        auto const own = [&](std::vector<T> const& v) {
          return std::vector<T>(v.begin() + lane * n, v.begin() + (lane + 1) * n);
        };
        one.a = own(given.a), one.b = own(given.b), one.initial = {given.initial[at]};
        outcome<T> const alone = call(s, one, d);
        wrong = difference(outcome<T>{own(together.x), {together.final[at]}, ""}, alone);
      }
      found.add(wrong, [&] { return place(s, n, d) + ", 13 lanes"; });
      if (!found.holds()) return found;
    }
  return found;
}

inline constexpr int more_threads[] = {2, 3, 7, 16};  // than one

template <class T>
verdict threads_law(subject<T> const& s, std::vector<index_t> const& lengths) {
  verdict found;
  for (index_t const n : lengths) {
    auto const given = random_sequences<T>(7, 3, n, initial_state::given);
    outcome<T> const needed = call(s, given, direction::forward, aliasing::apart, 1);
    for (int const threads : more_threads) {
      found.add(difference(needed, call(s, given, direction::forward, aliasing::x_is_b, threads)),
                [&] { return place(s, n, direction::forward) + ", " + std::to_string(threads) + " threads"; });
      if (!found.holds()) return found;
    }
  }
  return found;
}

inline constexpr int repetitions = 5;

template <class T>
verdict repetition_law(subject<T> const& s, std::vector<index_t> const& lengths) {
  verdict found;
  for (index_t const n : lengths) {
    auto const given = random_sequences<T>(8, 2, n, initial_state::given);
    outcome<T> const needed = call(s, given);
    for (int run = 1; run < repetitions; ++run) {
      found.add(difference(needed, call(s, given)), [&] { return place(s, n, direction::forward) + ", run again"; });
      if (!found.holds()) return found;
    }
  }
  return found;
}

// s against another that carries the same tree.
template <class T>
verdict same_tree_law(subject<T> const& s, subject<T> const& other, std::vector<index_t> const& lengths) {
  verdict found;
  for (index_t const n : lengths)
    for (direction const d : all_directions) {
      auto const given = random_sequences<T>(9, 2, n, initial_state::given);
      found.add(difference(call(other, given, d), call(s, given, d)),
                [&] { return place(s, n, d) + ", against " + other.name; });
      if (!found.holds()) return found;
    }
  return found;
}

}  // namespace ssmscan::laws
