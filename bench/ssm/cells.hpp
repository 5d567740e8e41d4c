#pragma once
// What the cells of bench_ssm share: a signal, the distance that refuses a result, and the loop that verifies and then times.
#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bench/common/main.hpp"
#include "bench/common/names.hpp"
#include "bench/common/outcome.hpp"
#include "bench/common/peak_memory.hpp"
#include <benchmark/benchmark.h>

#include <ssmscan/ssm/detail/error_of_largest.hpp>

namespace ssmscan::bench {

// In [-1, 1), from a linear congruential generator.
template <class T>
std::vector<T> some_signal(index_t count) {
  std::vector<T> made;
  unsigned state = 1;
  for (index_t i = 0; i < count; ++i) {
    state = state * 1664525u + 1013904223u;
    made.push_back(static_cast<T>(static_cast<double>(state >> 8) / 0x1p23 - 1));
  }
  return made;
}

// Relative to the largest: what S4's float kernels promise (docs/s4.md), and of doubles ten times that promise, for scans
// and recurrences of up to 2^18 steps.
template <class T>
inline constexpr double tolerance = std::is_same_v<T, float> ? 5e-6 : 1e-9;

template <class T, class U>
std::string difference(std::span<T const> computed, std::span<U const> expected) {
  double const error = ssm::detail::error_of_largest(computed, expected);
  if (error <= tolerance<T>) return "";
  return wrong_result + ("off by " + std::to_string(error) + " of the largest; need " + std::to_string(tolerance<T>));
}

inline double seconds_of(std::function<void()> const& pass) {
  auto const begin = std::chrono::steady_clock::now();
  pass();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}
inline double least_seconds(std::function<void()> const& pass, int times) {
  double least = seconds_of(pass);
  for (int i = 1; i < times; ++i) least = std::min(least, seconds_of(pass));
  return least;
}

struct work {
  std::function<void()> pass;
  std::function<std::string()> check;                             // empty: right
  std::function<void(benchmark::State&, double seconds)> told{};  // counters, from the seconds of a pass
};

// What a record times, made and verified once for all its repetitions, which follow one another.
struct verified_work {
  std::string name, wrong;
  work made;
  std::size_t beside = 0;
};

inline verified_work verify(std::string const& name, double limit, std::function<work()> const& make) {
  verified_work held{.name = name, .wrong = "", .made = make()};
  double first = 0;
  held.beside = peak_bytes_of([&] { first = seconds_of(held.made.pass); });
  held.wrong = held.made.check();
  if (held.wrong.empty() && first > limit)
    held.wrong = not_run + ("a pass takes over " + std::to_string(limit) + " s: " + std::to_string(first) + " s");
  return held;
}

// Verified, then timed; a pass beyond the limit is not.
inline void add(benchmark_name const& name, double limit, std::function<work()> const& make) {
  auto const body = [name = name.text(), make, limit](benchmark::State& state) {
    static std::unique_ptr<verified_work> kept;  // of the record that ran last
    try {
      if (kept == nullptr || kept->name != name) {
        kept.reset();
        kept = std::make_unique<verified_work>(verify(name, limit, make));
      }
      if (!kept->wrong.empty()) return state.SkipWithError(kept->wrong.c_str());
      double timed = 0;
      for (auto _ : state) {
        double const seconds = seconds_of(kept->made.pass);
        state.SetIterationTime(seconds);
        timed += seconds;
      }
      if (kept->beside > 0) state.counters["bytes_beside"] = static_cast<double>(kept->beside);
      if (kept->made.told) kept->made.told(state, timed / static_cast<double>(state.iterations()));
    } catch (std::exception const& error) { state.SkipWithError(error.what()); }
  };
  benchmark::RegisterBenchmark(name.text().c_str(), body)->UseManualTime();
}

}  // namespace ssmscan::bench
