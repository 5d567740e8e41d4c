#pragma once
// One benchmark of one contender on one problem: make the problem, let it be computed once, verify every element, and
// only then time it. A wrong result is an error and has no speed; a pass that would take too long is skipped, and the
// record says by how much.
#include <any>
#include <chrono>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>

#include "bench/common/contender.hpp"
#include "bench/common/free_memory.hpp"
#include "bench/common/main.hpp"
#include "bench/common/names.hpp"
#include <benchmark/benchmark.h>

namespace ssmscan::bench {

// What the benchmarks of one process share: the problem in hand with its oracle, the bounds, the paces seen.
class session {
 public:
  session(std::string question, options const& given) : question_(std::move(question)), given_(given) {}

  std::string const& question() const { return question_; }
  double max_seconds() const { return given_.max_seconds; }

  template <class T>
  struct bench_of {
    explicit bench_of(problem_shape const& s) : data(s), truth(data) {}
    problem<T> data;
    oracle<T> truth;
  };

  // The problem of a shape: kept until another is asked for, so that contenders of one problem share it.
  template <class T>
  std::shared_ptr<bench_of<T>> at(problem_shape shape) {
    shape.threads = 0, shape.cold = false;  // the same data
    auto held = std::any_cast<std::shared_ptr<bench_of<T>>>(&held_);
    if (held != nullptr && (*held)->data.shape == shape) return *held;
    prepared_.reset();  // looks at the problem
    held_.reset();      // before the next is made: two would not fit where one does
    timed_.clear();
    if (auto const why = no_room_for<T>(shape); !why.empty()) throw std::runtime_error(not_run + why);
    auto made = std::make_shared<bench_of<T>>(shape);
    held_ = made;
    return made;
  }

  // Seconds of the triad on this problem's bytes and so many threads, caches as the benchmark has them. In the way that was the
  // fastest at first; with warm caches the clock is asked again, as what memory gives changes from minute to minute.
  template <class T>
  double triad_seconds(problem<T>& on, int threads, bool cold) {
    auto const key = std::tuple(std::string(dtype_name<T>), on.shape.elements(), on.a.size(), threads, cold);
    auto const before = [&] {
      if (cold) flush_caches();
    };
    auto const found = triads_.find(key);
    if (found == triads_.end()) return (triads_[key] = measure_bound<bound_kernel::triad>(on, threads, before)).seconds;
    auto& best = found->second;
    if (!cold) best.seconds = seconds_of_bound<bound_kernel::triad>(on, best.how, best.threads, before);
    return best.seconds;
  }

  // The bound beside a case: measured, and the case warmed up, at each of its repetitions, and whenever another was timed or made
  // ready before it. Then neither its place in the order nor what was made meanwhile (interleaved repetitions make their problems
  // anew) reaches its time, and what memory gives in that minute is in both. As long as Google Benchmark looks for the number of
  // iterations it asks for more each time: as many again is another repetition.
  template <class Bound, class Warm>
  double beside(std::string const& name, benchmark::IterationCount iterations, Bound const& bound, Warm const& warm) {
    if (timed_ != name || iterations <= iterations_) {
      bound_ = bound();
      warm();
      timed_ = name;
    }
    iterations_ = iterations;
    return bound_;
  }

  void flush_caches() { flusher_(); }

  // What was prepared last stays for the next run of the same case: its repetitions need no other.
  template <class Make>
  prepared const& kept(std::string const& name, Make const& make) {
    if (!prepared_ || prepared_name_ != name) {
      prepared_.reset();  // before the next is made: two may not fit
      timed_.clear();
      prepared_ = make();
      prepared_name_ = name;
    }
    return *prepared_;
  }

  // Paces, in seconds per element, of the largest pass yet in a series of benchmarks that differ in size only.
  struct pace {
    index_t elements;
    double seconds;
  };
  std::map<std::string, pace> paces;

 private:
  std::string question_;
  options given_;
  std::any held_;
  std::optional<prepared> prepared_;
  std::string prepared_name_;
  std::map<std::tuple<std::string, index_t, std::size_t, int, bool>, measured_bound> triads_;
  std::string timed_;  // the case that was timed last, how often, and its bound
  benchmark::IterationCount iterations_ = 0;
  double bound_ = 0;
  cache_flusher flusher_;
};

// Fills x with what no right result is made of.
template <class T>
void spoil(std::vector<T>& x) {
  if constexpr (std::same_as<T, std::uint32_t>) {
    for (auto& value : x) value ^= 0xA5A5A5A5U;
  } else {
    std::fill(x.begin(), x.end(), stored<T>(std::numeric_limits<typename precision<T>::real>::quiet_NaN()));
  }
}

// Empty, or what is wrong with the result as it stands.
template <class T>
std::string judge(session::bench_of<T>& bench, prepared const& made) {
  made.collect();
  return made.check ? made.check() : bench.truth.compare(bench.data.x, made.promised);
}

// Empty, or why there will be no speed.
template <class T>
std::string verify(session& shared, session::bench_of<T>& bench, prepared const& made, std::string const& series) {
  using clock = std::chrono::steady_clock;
  index_t const elements = bench.data.shape.elements();
  double const limit = shared.max_seconds();
  constexpr double doubt = 4;  // a pace says this much too much at times: a cold start, another process
  auto const in_words = [](double seconds) {
    char text[32];
    std::snprintf(text, sizeof text, "%.2g s", seconds);
    return std::string(text);
  };
  auto const seen = shared.paces.find(series);
  if (seen != shared.paces.end() && elements > seen->second.elements) {
    double const expected =
        seen->second.seconds * static_cast<double>(elements) / static_cast<double>(seen->second.elements);
    if (expected > doubt * limit)
      return not_run + ("a pass would take over " + in_words(limit) + ": " + in_words(expected) + ", at the pace of " +
                        std::to_string(seen->second.elements) + " elements");
  }
  spoil(bench.data.x);
  if (made.spoil) made.spoil();
  auto const seconds_of_a_pass = [&] {
    auto const begin = clock::now();
    made.pass();
    return std::chrono::duration<double>(clock::now() - begin).count();
  };
  double seconds = seconds_of_a_pass();  // the first also starts threads and maps memory
  if (seconds < doubt * limit) seconds = std::min(seconds, seconds_of_a_pass());
  constexpr index_t fewest = 1024;  // a pass over fewer costs what a call costs, and says nothing of the pace
  if (elements >= fewest) shared.paces[series] = {elements, seconds};
  std::string wrong = judge(bench, made);
  if (wrong.empty() && seconds > limit)
    return not_run + ("a pass takes over " + in_words(limit) + ": " + in_words(seconds));
  return wrong;
}

// Of a device: what is timed is a batch, replayed, and not the call that was verified; so its result is verified too.
template <class T>
std::string verify_batch(session::bench_of<T>& bench, prepared const& made, device_clock const& by) {
  if (made.spoil) made.spoil();
  by.seconds();
  return judge(bench, made);
}

// The record's counters: `bound` and `timed` are seconds, of one pass of the bound and of all passes.
template <class T>
void report(benchmark::State& state, problem<T> const& on, prepared const& made, double bound, double timed) {
  state.counters["bytes_per_element"] = made.bytes_per_element > 0 ? made.bytes_per_element : on.bytes_per_element();
  if (!on.x.empty()) {  // a counter of 0 would make aggregates that are not numbers
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * on.shape.elements());
    state.counters["share_of_triad"] = bound * static_cast<double>(state.iterations()) / timed;
  }
  state.SetLabel(made.label);
}

// Whole batches: the library's own count of iterations is that of the passes.
template <class T>
void time_on_device(benchmark::State& state, problem<T> const& on, prepared const& made, device_clock const& by) {
  double timed = 0;
  while (state.KeepRunningBatch(by.passes)) {
    double const seconds = by.seconds();
    state.SetIterationTime(seconds);
    timed += seconds;
  }
  report(state, on, made, by.bound, timed);
  state.SetLabel(joined(made.label, by.how));
}

template <class T>
void time_passes(benchmark::State& state, session& shared, std::string const& name, problem<T>& on,
                 prepared const& made, int threads, bool cold) {
  using clock = std::chrono::steady_clock;
  double const triad = shared.beside(
      name, state.max_iterations, [&] { return on.x.empty() ? 0 : shared.triad_seconds(on, threads, cold); },
      [&] {
        if (!cold) warm_up(made.pass);
      });
  double timed = 0;
  if (cold) {
    for (auto _ : state) {
      shared.flush_caches();
      auto const begin = clock::now();
      made.pass();
      double const seconds = std::chrono::duration<double>(clock::now() - begin).count();
      state.SetIterationTime(seconds);
      timed += seconds;
    }
  } else {
    auto const begin = clock::now();
    for (auto _ : state) made.pass();
    timed = std::chrono::duration<double>(clock::now() - begin).count();
  }
  report(state, on, made, triad, timed);
}

inline benchmark_name name_of(std::string const& question, std::string_view dtype, problem_shape const& s) {
  return {.question = question,
          .operation = s.operation == operation::affine ? "affine" : "semi_log",
          .dtype = std::string(dtype),
          .algorithm = "",
          .backend = "",
          .lanes = s.lanes,
          .time = s.time,
          .layout = s.layout,
          .family = s.family,
          .threads = s.threads,
          .reverse = s.direction == direction::reverse,
          .packed = s.packed,
          .state = s.state ? "initial_final" : "",
          .cold = s.cold};
}

// Registers one benchmark; nothing where the contender does not take such problems.
template <class T>
void add_case(std::shared_ptr<session> const& shared, contender<T> const& who, problem_shape const& shape) {
  if (!who.takes(shape)) return;
  auto name = name_of(shared->question(), dtype_name<T>, shape);
  name.algorithm = who.algorithm, name.backend = who.backend, name.inner = who.inner;
  auto sizeless = name;
  sizeless.time = 0;
  struct outcome {
    std::optional<std::string> wrong, batch_wrong;
  };
  auto const verified = std::make_shared<outcome>();  // once for all repetitions
  auto const body = [=, series = sizeless.text(), full = name.text()](benchmark::State& state) {
    try {
      if (who.absent && !who.absent().empty()) return state.SkipWithError((not_run + who.absent()).c_str());
      auto const bench = shared->template at<T>(shape);
      prepared const& made = shared->kept(full, [&] { return who.prepare(bench->data, shape.threads); });
      if (!verified->wrong) verified->wrong = verify(*shared, *bench, made, series);
      if (!verified->wrong->empty()) return state.SkipWithError(verified->wrong->c_str());
      if (!made.device)
        return time_passes(state, *shared, full, bench->data, made, threads_of(who.backend, shape.threads), shape.cold);
      device_clock const clock = made.device(shape.cold ? cache::cold : cache::warm);
      if (!verified->batch_wrong) verified->batch_wrong = verify_batch(*bench, made, clock);
      if (!verified->batch_wrong->empty()) return state.SkipWithError(verified->batch_wrong->c_str());
      time_on_device(state, bench->data, made, clock);
    } catch (std::exception const& error) { state.SkipWithError(error.what()); }
  };
  auto* const added = benchmark::RegisterBenchmark(name.text().c_str(), body);
  if (shape.cold || who.timed_by == contender<T>::clock::device)
    added->UseManualTime();
  else
    added->UseRealTime();
}

// Every algorithm of ours that computes such problems, and `automatic`.
template <class T>
std::vector<contender<T>> our_contenders(operation what, inners which) {
  std::vector<contender<T>> made;
  for_each_offer<T>(capabilities(), what, which, [&](capability const& row, std::string const& inner) {
    made.push_back(ours<T>(std::string(row.algorithm), inner, std::string(row.backend)));
  });
  made.push_back(ours<T>("automatic", "", "openmp"));
  return made;
}

}  // namespace ssmscan::bench
