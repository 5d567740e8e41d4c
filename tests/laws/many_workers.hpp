#pragma once
// Threads and lanes where the work is worth sixteen workers and several groups of lanes: the tuned forms give each worker
// two chunks at least, and sequential's lanes to workers in groups of a line of memory (simd/lane_cuts.hpp), so that
// fewer steps or lanes would compare one worker with itself.
#include "tests/laws/arrangement.hpp"
#include "tests/laws/data.hpp"
#include "tests/laws/invariance.hpp"
#include "tests/laws/verdict.hpp"

namespace ssmscan::laws {

inline constexpr index_t long_time = 16 * 8192 + 7;  // one lane: two chunks for each of 16 workers, and a part of one
inline constexpr index_t wide_lanes = 257, wide_time = 511;  // one lane past 16 groups of floats

// One lane, in both directions: 1 thread against more, in place; and against two with x apart, where a tuned form may write
// what it will read again.
template <class T>
verdict long_lane_law(subject<T> const& s) {
  verdict found;
  auto const given = random_sequences<T>(21, 1, long_time, initial_state::given);
  for (direction const d : all_directions) {
    outcome<T> const needed = call(s, given, d, aliasing::apart, 1);
    for (int const threads : more_threads) {
      found.add(difference(needed, call(s, given, d, aliasing::x_is_b, threads)),
                [&] { return place(s, long_time, d) + ", " + std::to_string(threads) + " threads"; });
      if (!found.holds()) return found;
    }
    found.add(difference(needed, call(s, given, d, aliasing::apart, 2)),
              [&] { return place(s, long_time, d) + ", 2 threads, apart"; });
    if (!found.holds()) return found;
  }
  return found;
}

// Many lanes, lane beside lane in memory or one after the other, in both directions: each lane alone on one thread against
// all of them on more.
inline constexpr std::string_view wide_layouts[] = {"lane-major", "time-major"};

template <class T>
verdict wide_law(subject<T> const& s) {
  verdict found;
  auto const given = random_sequences<T>(22, wide_lanes, wide_time, initial_state::given);
  auto const named = [](std::string_view name) -> arrangement const& {
    return *std::find_if(arrangements.begin(), arrangements.end(), [&](auto const& a) { return a.name == name; });
  };
  for (direction const d : all_directions) {
    outcome<T> alone;
    for (index_t lane = 0; lane < wide_lanes; ++lane) {
      auto const own = [&](std::vector<T> const& v) {
        return std::vector<T>(v.begin() + lane * wide_time, v.begin() + (lane + 1) * wide_time);
      };
      sequences<T> one{1, wide_time, own(given.a), own(given.b)};
      one.initial = {given.initial[static_cast<std::size_t>(lane)]};
      outcome<T> const got = call(s, one, d, aliasing::apart, 1);
      alone.x.insert(alone.x.end(), got.x.begin(), got.x.end());
      alone.final.push_back(got.final[0]);
    }
    for (std::string_view const layout : wide_layouts) {
      arrangement const& lie = named(layout);
      laid_out<T> const views({1, wide_lanes, lie, lie, lie, lie, lie}, given, aliasing::x_is_b);
      for (int const threads : more_threads) {
        found.add(difference(alone, views.call(s, d, threads)), [&] {
          return place(s, wide_time, d) + ", 257 lanes " + std::string(layout) + ", " + std::to_string(threads) +
                 " threads";
        });
        if (!found.holds()) return found;
      }
    }
  }
  return found;
}

inline constexpr index_t long_lane_cases = 2 * (std::ssize(more_threads) + 1);
inline constexpr index_t wide_cases = 2 * std::ssize(wide_layouts) * std::ssize(more_threads);

}  // namespace ssmscan::laws
