#pragma once
// The cases of the law of packed sequences, and what turns with them.
#include <array>

#include "tests/laws/arrangement.hpp"
#include "tests/laws/data.hpp"
#include "tests/laws/effort.hpp"

namespace ssmscan::laws {

enum class packed_part { exact_data, any_data, nan_in_one, reset_mask };
inline constexpr index_t packed_part_count = 4;

constexpr std::string_view to_string(packed_part p) {
  return p == packed_part::exact_data   ? "exact data"
         : p == packed_part::any_data   ? "any data"
         : p == packed_part::nan_in_one ? "NaN in one"
                                        : "reset mask";
}

inline constexpr index_t most_packings = 4;

// How many ways each length is cut; fast: the longest, which cost most, one way.
inline index_t packings_of(index_t n) { return n > 1000 && chosen_effort() != effort::full ? 1 : most_packings; }

struct packed_case {
  index_t time;
  index_t packing;  // of packings_of(time)
  direction order;
  initial_state initial;

  // Distinct for each part of each case.
  std::uint64_t number(packed_part part) const {
    index_t const of_length = time * most_packings + packing;
    index_t const of_case = (of_length * 2 + static_cast<index_t>(order)) * 2 + static_cast<index_t>(initial);
    return static_cast<std::uint64_t>(of_case * packed_part_count + static_cast<index_t>(part));
  }
};

inline std::vector<packed_case> packed_cases(std::vector<index_t> const& lengths) {
  std::vector<packed_case> all;
  for (index_t const n : lengths)
    for (index_t packing = 0; packing < packings_of(n); ++packing)
      for (direction const d : all_directions)
        for (initial_state const i : both_initial_states) all.push_back({n, packing, d, i});
  return all;
}

enum class empty_ones { none, some };

// Ascending offsets from 0 to time; every kind of neighbour: empty sequences at both ends and in a row, single steps,
// long ones.
inline std::vector<index_t> random_offsets(random_stream& random, index_t time, empty_ones allowed) {
  std::vector<index_t> offsets{0};
  if (allowed == empty_ones::some && random.below(2) == 0) offsets.push_back(0);
  index_t const longest = 1 + random.below(std::max<index_t>(time / 2, 1));
  while (offsets.back() < time) {
    index_t const length = random.below(4) == 0 ? (allowed == empty_ones::some ? 0 : 1) : 1 + random.below(longest);
    offsets.push_back(std::min(time, offsets.back() + length));
  }
  if (allowed == empty_ones::some && random.below(2) == 0) offsets.push_back(time);
  return offsets;
}

// What no result depends on. Each is drawn anew for each part of each case, so that over a run each value of each meets
// offsets and masks; packed_test.cpp sees that they do.
struct surroundings {
  aliasing alias;
  int threads;  // 0: the backend's default
  placement where;
  index_t lanes() const { return where.batch * where.channel; }
};

inline constexpr std::array<std::array<index_t, 2>, 4> batches_by_channels{{{1, 1}, {1, 2}, {2, 1}, {2, 3}}};
inline constexpr std::array<int, 6> packed_thread_counts{0, 1, 2, 3, 7, 16};

inline surroundings surroundings_of(packed_case const& c, packed_part part) {
  random_stream random(c.number(part));
  auto const one_of = [&](auto const& values) {
    return values[static_cast<std::size_t>(random.below(std::ssize(values)))];
  };
  auto const arranged_as = [&](index_t among) -> arrangement const& { return nth(random.below(among), among); };
  // A NaN is in one element only where that has a place of its own.
  index_t const for_inputs = part == packed_part::nan_in_one ? arrangements_for_outputs : arrangements_for_inputs;
  auto const alias = one_of(all_aliasings);
  auto const threads = one_of(packed_thread_counts);
  auto const [batch, channel] = one_of(batches_by_channels);
  return {alias,
          threads,
          {batch, channel, arranged_as(for_inputs), arranged_as(for_inputs), arranged_as(arrangements_for_outputs),
           arranged_as(for_inputs), arranged_as(arrangements_for_outputs)}};
}

}  // namespace ssmscan::laws
