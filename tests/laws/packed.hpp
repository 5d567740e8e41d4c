#pragma once
// Packed sequences are the sequences one by one: bit for bit on exact data, and on any data where the tree is the
// definition's left fold; empty ones leave their initial state as their final one; a reset mask says what offsets say;
// a NaN in one sequence leaves every other sequence's bits alone.
#include "tests/laws/exact_data.hpp"
#include "tests/laws/verdict.hpp"
#include "tests/laws/within.hpp"

namespace ssmscan::laws {

inline constexpr index_t packings_per_length = 4;

// Ascending offsets from 0 to time; every kind of neighbour: empty sequences at both ends and in a row, single steps,
// long ones.
inline std::vector<index_t> random_offsets(random_stream& random, index_t time, bool empty_ones) {
  std::vector<index_t> offsets{0};
  if (empty_ones && random.below(2) == 0) offsets.push_back(0);
  index_t const longest = 1 + random.below(std::max<index_t>(time / 2, 1));
  while (offsets.back() < time) {
    index_t const length = random.below(4) == 0 ? (empty_ones ? 0 : 1) : 1 + random.below(longest);
    offsets.push_back(std::min(time, offsets.back() + length));
  }
  if (empty_ones && random.below(2) == 0) offsets.push_back(time);
  return offsets;
}

// The same answer, one call for each sequence.
template <class T>
outcome<T> one_by_one(subject<T> const& s, sequences<T> const& given, std::vector<index_t> const& offsets,
                      direction d) {
  auto const segments = static_cast<index_t>(offsets.size()) - 1;
  outcome<T> made{std::vector<T>(given.b.size()), std::vector<T>(static_cast<std::size_t>(given.lanes * segments)), ""};
  for (index_t k = 0; k < segments; ++k) {
    index_t const begin = offsets[static_cast<std::size_t>(k)], end = offsets[static_cast<std::size_t>(k) + 1];
    sequences<T> one{given.lanes, end - begin, cut(given.a, given.lanes, given.time, begin, end),
                     cut(given.b, given.lanes, given.time, begin, end)};
    if (!given.initial.empty()) one.initial = cut(given.initial, given.lanes, segments, k, k + 1);
    outcome<T> const part = call(s, one, d);
    made.fault += part.fault;
    for (index_t lane = 0; lane < given.lanes; ++lane) {
      std::copy(part.x.begin() + lane * (end - begin), part.x.begin() + (lane + 1) * (end - begin),
                made.x.begin() + lane * given.time + begin);
      made.final[static_cast<std::size_t>(lane * segments + k)] = part.final[static_cast<std::size_t>(lane)];
    }
  }
  return made;
}

enum class packed_data { exact, any };

// Every element of any data against the bound of its own sequence.
template <class T>
std::string outside_packed(subject<T> const& s, sequences<T> const& given, outcome<T> const& got, direction d) {
  if (!got.fault.empty()) return got.fault;
  index_t const segments = given.segments(), n = given.time;
  for (index_t lane = 0; lane < given.lanes; ++lane)
    for (index_t k = 0; k < segments; ++k) {
      auto const segment = [&](std::vector<T> const& v) {
        std::vector<T> made(v.begin() + lane * n + given.offsets[static_cast<std::size_t>(k)],
                            v.begin() + lane * n + given.offsets[static_cast<std::size_t>(k) + 1]);
        if (d == direction::reverse) std::reverse(made.begin(), made.end());
        return made;
      };
      auto const a = segment(given.a), b = segment(given.b), x = segment(got.x);
      auto const at = static_cast<std::size_t>(lane * segments + k);
      std::optional<T> const initial = given.initial.empty() ? std::nullopt : std::optional(given.initial[at]);
      T const last = !x.empty() ? x.back() : initial.value_or(T(0));
      if (!same_bits(last, got.final[at])) return "final is not the last x of sequence " + std::to_string(k);
      if (!has_a_bound(s)) continue;
      // The tree spans all sequences, so its depth is that of the whole length.
      std::string const wrong = yardstick<T>(a, b, initial).outside(s, x.data(), static_cast<index_t>(x.size()), n);
      if (!wrong.empty()) return wrong + " of sequence " + std::to_string(k);
    }
  return "";
}

// A NaN at `position` of lane 0, in a and in b: which other bits change.
template <class T>
std::string nan_crosses(subject<T> const& s, sequences<T> given, outcome<T> const& clean, index_t position,
                        direction d) {
  auto const nan = T(std::numeric_limits<reference::real_t<T>>::quiet_NaN());
  given.a[static_cast<std::size_t>(position)] = given.b[static_cast<std::size_t>(position)] = nan;
  outcome<T> const got = call(s, given, d);
  index_t const k = std::upper_bound(given.offsets.begin(), given.offsets.end(), position) - given.offsets.begin();
  index_t const begin = given.offsets[static_cast<std::size_t>(k) - 1],
                end = given.offsets[static_cast<std::size_t>(k)];
  for (index_t t = 0; t < given.lanes * given.time; ++t)
    if ((t < begin || t >= end) && !same_bits(clean.x[static_cast<std::size_t>(t)], got.x[static_cast<std::size_t>(t)]))
      return "NaN crossed to place " + std::to_string(t);
  return got.fault;
}

template <class T>
verdict packed_law(subject<T> const& s, std::vector<index_t> const& lengths) {
  verdict found;
  constexpr index_t lanes = 2;
  for (index_t const n : lengths)
    for (index_t packing = 0; packing < packings_per_length; ++packing)
      for (direction const d : all_directions)
        for (initial_state const i : both_initial_states) {
          random_stream random(static_cast<std::uint64_t>(12 + packing + n * packings_per_length));
          auto const offsets = random_offsets(random, n, true);
          auto const segments = static_cast<index_t>(offsets.size()) - 1;
          auto const judge = [&](std::string const& wrong, char const* what) {
            found.add(wrong, [&] {
              return place(s, n, d) + ", " + what + ", " + std::to_string(segments) + " sequences" +
                     (i == initial_state::given ? ", with initial states" : "");
            });
          };

          sequences<T> exact{lanes, n, {}, {}};
          for (index_t k = 0; k < lanes * n; ++k) {
            exact.a.push_back(exact_coefficient<T>(random, 50));
            exact.b.push_back(exact_summand<T>(random));
          }
          auto any = random_sequences<T>(13, lanes, n, i);
          if (i == initial_state::given) {
            any.initial.clear();
            for (index_t k = 0; k < lanes * segments; ++k) exact.initial.push_back(exact_summand<T>(random));
            any.initial = random_sequences<T>(14, lanes, segments, i).b;
          }
          exact.offsets = any.offsets = offsets;

          if (s.exact_on_exact_data())
            judge(difference(one_by_one(s, exact, offsets, d), call(s, exact, d)), "exact data");
          outcome<T> const clean = call(s, any, d, aliasing::x_is_b);
          if constexpr (std::same_as<T, std::uint32_t>) {
            judge(difference(one_by_one(s, any, offsets, d), clean), "any data");
          } else {
            if (s.is_the_definition())
              judge(difference(one_by_one(s, any, offsets, d), clean), "any data");
            else
              judge(outside_packed(s, any, clean, d), "any data");
            if (n > 0) judge(nan_crosses(s, any, clean, random.below(n), d), "NaN in one");
          }

          auto masked = any;  // a mask cannot say "empty"
          masked.offsets.clear();
          auto const full = random_offsets(random, n, false);
          masked.reset.assign(static_cast<std::size_t>(n), 0);
          for (std::size_t k = 0; k + 1 < full.size(); ++k) masked.reset[static_cast<std::size_t>(full[k])] = 255;
          if (!masked.reset.empty() && packing % 2 == 0) masked.reset[0] = 0;  // one starts at 0 in any case
          auto with_offsets = masked;
          with_offsets.reset.clear(), with_offsets.offsets = full;
          if (i == initial_state::given)
            masked.initial = with_offsets.initial = random_sequences<T>(15, lanes, with_offsets.segments(), i).b;
          if (n > 0) judge(difference(call(s, with_offsets, d), call(s, masked, d)), "reset mask");
          if (!found.holds()) return found;
        }
  return found;
}

template <class T>
index_t packed_cases(subject<T> const& s, std::vector<index_t> const& lengths) {
  index_t const empty = std::count(lengths.begin(), lengths.end(), 0),
                full = static_cast<index_t>(lengths.size()) - empty;
  index_t const exact = s.exact_on_exact_data(), any = 1, nan = !std::same_as<T, std::uint32_t>, mask = 1;
  index_t const directions = 2, initial_states = 2;
  return packings_per_length * directions * initial_states *
         (full * (exact + any + nan + mask) + empty * (exact + any));
}

}  // namespace ssmscan::laws
