#pragma once
// NaN, infinities, -0, the greatest and the smallest number at every position of a lane, in a or in b: one lane for each,
// between two that have none. Everything before is as in the clean run, bit for bit, and so are the lanes that have none.
// At and after the position:
//   definition       bit for bit what its one line of arithmetic gives
//   any tree         b: finite, NaN, +inf and -inf exactly where the definition has them; a: a NaN makes everything NaN,
//                    an infinity leaves nothing finite (a tree may find inf - inf where the definition has inf)
//   where all is finite: inside the bound (the signs of zeros: signs_of_zero.hpp)
//   a[0] without an initial state is not read: nothing changes.
// heinsen: as its page says: a = 0 forgets a past of any kind, and else every class is the definition's.
#include <cmath>
#include <limits>
#include <map>

#include "tests/laws/data.hpp"
#include "tests/laws/definition.hpp"
#include "tests/laws/effort.hpp"
#include "tests/laws/verdict.hpp"
#include "tests/laws/within.hpp"

namespace ssmscan::laws {

inline constexpr index_t special_length = 301;

// The values for one position: NaN and both infinities, and one of the four finite ones, which turn so that each of them,
// too, comes to every position of a and of b: over both directions, with and without an initial state. (All seven in every
// combination would cost more than twice as much, most of it in oracles for the finite ones.) Of a complex number they are
// the real part, the imaginary part (the other is 0), or both, in turn: NaN and the infinities are each of the three at
// every position, the finite ones at every twelfth.
inline constexpr index_t values_per_position = 4;
inline constexpr index_t special_lanes = 1 + values_per_position + 1;  // the first and the last have none

template <class T>
std::vector<T> special_values(index_t position, direction d, initial_state i) {
  using real = reference::real_t<T>;
  using limits = std::numeric_limits<real>;
  constexpr real finite[] = {real(-0.0), limits::max(), limits::denorm_min(), -limits::denorm_min()};
  index_t const combination = 2 * static_cast<index_t>(d) + static_cast<index_t>(i), turn = position + combination;
  auto const placed = [&](real v, index_t part) {
    if constexpr (is_complex<T>) {
      return part % 3 == 0 ? T(v, 0) : part % 3 == 1 ? T(0, v) : T(v, v);
    } else {
      return static_cast<T>(v);
    }
  };
  return {placed(limits::quiet_NaN(), turn), placed(limits::infinity(), turn + 1),
          placed(-limits::infinity(), turn + 2), placed(finite[turn % 4], position / 4)};
}

// |a| in [0.9, 1], so that no product over 301 steps underflows and infinity stays infinite until an a = 0 (every 97th);
// |b| below 2^-12, so that the greatest number times any sum is still finite.
template <class T>
sequences<T> calm_sequences(initial_state i) {
  random_stream random(11);
  sequences<T> made{special_lanes, special_length, {}, {}};
  for (index_t k = 0; k < special_lanes * special_length; ++k) {
    made.a.push_back(k % special_length % 97 == 50 ? T(0) : signed_or_turned<T>(random, 0.9, 1));
    made.b.push_back(signed_or_turned<T>(random, 0x1p-14, 0x1p-12));
  }
  if (i == initial_state::given)
    for (index_t lane = 0; lane < special_lanes; ++lane)
      made.initial.push_back(signed_or_turned<T>(random, 0x1p-14, 0x1p-12));
  return made;
}

template <class T>
bool is_nan(T v) {
  if constexpr (is_complex<T>) {
    return std::isnan(v.real()) || std::isnan(v.imag());
  } else {
    return std::isnan(v);
  }
}

enum class number_class { finite, nan, positive_infinity, negative_infinity };

template <class T>
bool is_finite(T v) {
  if constexpr (is_complex<T>) {
    return std::isfinite(v.real()) && std::isfinite(v.imag());
  } else {
    return std::isfinite(v);
  }
}
template <class T>
number_class class_of(T v) {
  if (is_finite(v)) return number_class::finite;
  if constexpr (is_complex<T>) {
    return number_class::nan;  // which part is infinite and which NaN depends on the bracketing
  } else {
    return std::isnan(v) ? number_class::nan
           : v > 0       ? number_class::positive_infinity
                         : number_class::negative_infinity;
  }
}

enum class special_place { in_a, in_b };
inline constexpr special_place both_places[] = {special_place::in_a, special_place::in_b};

template <class T>
std::string not_the_definition(std::vector<T> const& a, std::vector<T> const& b, std::optional<T> initial,
                               std::vector<T> const& x) {
  T state = initial.value_or(T(0));
  for (std::size_t t = 0; t < x.size(); ++t) {
    state = t == 0 && !initial ? b[t] : defined_step(a[t], state, b[t]);
    if (!same_value(state, x[t])) return "not the definition's value at place " + std::to_string(t);
  }
  return "";
}

// What is true of one lane whatever computes it: found once for all subjects.
template <class T>
yardstick<T> const& truth_of(std::vector<T> const& a, std::vector<T> const& b, std::optional<T> initial) {
  static std::map<std::string, yardstick<T>> known;
  std::string key(1, initial ? '1' : '0');
  T const state = initial.value_or(T(0));
  key.append(reinterpret_cast<char const*>(&state), sizeof(T));
  for (auto const* values : {&a, &b})
    key.append(reinterpret_cast<char const*>(values->data()), values->size() * sizeof(T));
  auto const found = known.find(key);
  return found != known.end() ? found->second
                              : known.emplace(std::move(key), yardstick<T>(a, b, initial)).first->second;
}

// One lane in the order of the scan, after `position` in that order; "" if it obeys.
template <class T>
std::string after_special(subject<T> const& s, std::vector<T> const& a, std::vector<T> const& b,
                          std::optional<T> initial, std::vector<T> const& x, index_t position, special_place where) {
  auto const n = static_cast<index_t>(x.size());
  auto const at = [](std::vector<T> const& v, index_t t) { return v[static_cast<std::size_t>(t)]; };
  bool const special_is_finite = is_finite(where == special_place::in_a ? at(a, position) : at(b, position));
  if (!has_a_bound(s)) return "";
  if (s.is_the_definition())
    if (std::string const wrong = not_the_definition(a, b, initial, x); !wrong.empty()) return wrong;
  if (special_is_finite) return truth_of(a, b, initial).outside(s, x);
  bool const tree = s.result != result_class::reformulates;
  T state = initial.value_or(T(0));
  for (index_t t = 0; t < n; ++t) {
    bool const nothing_before = t == 0 ? !initial : !tree && at(a, t) == T(0);
    state = nothing_before ? at(b, t) : defined_step(at(a, t), state, at(b, t));
    if (t < position) continue;
    T const got = at(x, t);
    std::string const here = " at place " + std::to_string(t);
    bool const infinite_a = where == special_place::in_a && !is_nan(at(a, position));
    bool const joins_parts = s.formula == log_formula::in_runs;  // inf - inf there, as in a tree
    if (infinite_a && joins_parts ? is_finite(got) != is_finite(state)
        : infinite_a && tree      ? is_finite(got)
                                  : class_of(got) != class_of(state))
      return "not of the definition's class" + here;
  }
  return "";
}

template <class T>
std::string text_of(T v) {
  if constexpr (is_complex<T>) {
    return "(" + std::to_string(v.real()) + ", " + std::to_string(v.imag()) + ")";
  } else {
    return std::to_string(v);
  }
}

// Every position; fast: every 13th, which is any place of a tile of 8 and of a fan of 16.
inline std::vector<index_t> special_positions(effort e) {
  std::vector<index_t> positions;
  for (index_t p = 0; p < special_length; p += e == effort::full ? 1 : 13) positions.push_back(p);
  return positions;
}

template <class T>
verdict special_values_law(subject<T> const& s, std::vector<index_t> const& positions) {
  constexpr index_t n = special_length;
  verdict found;
  for (direction const d : all_directions)
    for (initial_state const i : both_initial_states) {
      auto const clean = calm_sequences<T>(i);
      outcome<T> const needed = call(s, clean, d);
      auto const in_order = [&](std::vector<T> const& v, index_t lane) {
        std::vector<T> made(v.begin() + lane * n, v.begin() + (lane + 1) * n);
        if (d == direction::reverse) std::reverse(made.begin(), made.end());
        return made;
      };
      for (index_t const position : positions)
        for (special_place const where : both_places) {
          auto const values = special_values<T>(position, d, i);
          auto given = clean;
          index_t const t = d == direction::forward ? position : n - 1 - position;
          for (index_t k = 0; k < values_per_position; ++k)
            (where == special_place::in_a ? given.a : given.b)[static_cast<std::size_t>((1 + k) * n + t)] =
                values[static_cast<std::size_t>(k)];
          outcome<T> const got = call(s, given, d);

          bool const unread = where == special_place::in_a && position == 0 && i == initial_state::absent;
          std::string of_all = got.fault;
          for (index_t const lane : {index_t{0}, special_lanes - 1})
            if (of_all.empty())
              of_all = difference("a lane without one", in_order(needed.x, lane), in_order(got.x, lane));
          for (index_t k = 0; k < values_per_position; ++k) {
            index_t const lane = 1 + k;
            auto const before = in_order(needed.x, lane), after = in_order(got.x, lane);
            std::string wrong = of_all;
            if (wrong.empty() && !same_bits(before.data(), after.data(), unread ? n : position))
              wrong = unread ? "a[0] was read without an initial state" : "changed what is earlier";
            if (wrong.empty() && !unread) {
              std::optional<T> const initial =
                  given.initial.empty() ? std::nullopt : std::optional(given.initial[static_cast<std::size_t>(lane)]);
              wrong =
                  after_special(s, in_order(given.a, lane), in_order(given.b, lane), initial, after, position, where);
            }
            found.add(wrong, [&] {
              return place(s, n, d) + ", " + text_of(values[static_cast<std::size_t>(k)]) +
                     (where == special_place::in_a ? " in a at " : " in b at ") + std::to_string(position) +
                     (i == initial_state::given ? ", with an initial state" : "");
            });
            if (!found.holds()) return found;
          }
        }
    }
  return found;
}

}  // namespace ssmscan::laws
