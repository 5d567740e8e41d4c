#pragma once
// Whoever computes a problem: one of our algorithms, a library, a plain loop, or the bound itself.
#include <functional>
#include <map>
#include <string>

#include "bench/common/bounds.hpp"
#include "bench/common/verify.hpp"

#include <ssmscan/scan/backends/simd/registry.hpp>
#include <ssmscan/scan/detail/algorithm_name.hpp>

namespace ssmscan::bench {

enum class cache { warm, cold };

inline std::string joined(std::string const& one, std::string const& other) {
  return one + (one.empty() || other.empty() ? "" : "; ") + other;
}

// A device's own clock. It times a batch of passes, as one may be shorter than its launch.
struct device_clock {
  index_t passes;                   // in a batch
  std::function<double()> seconds;  // of one run of the batch
  double bound;                     // seconds of the triad on the same bytes
  std::string how;                  // launched in which way
};

// One prepared computation: `pass` is what is timed, by the host's clock.
struct prepared {
  std::function<void()> pass;
  accuracy promised{};
  std::string label = "";
  std::function<void()> collect = [] {};  // brings a result of another form into problem.x
  std::function<std::string()> check{};   // empty = compare problem.x with the oracle; else it says what is wrong
  double bytes_per_element = 0;           // 0 = the problem's own
  std::function<void()> spoil{};          // where the result is made elsewhere than in problem.x: fills that with NaN
  std::function<device_clock(cache)> device{};  // where passes are timed by a device instead
};

template <class T>
struct contender {
  std::string algorithm;  // with its variant
  std::string inner;      // "" where it is the default
  std::string backend;
  std::function<bool(problem_shape const&)> takes;
  std::function<prepared(problem<T>&, int threads)> prepare;  // threads: 0 = all
  enum class clock { host, device } timed_by = clock::host;
  std::function<std::string()> absent{};  // asked before a problem is made: why nobody of this kind can run here, or ""
};

using detail::info_of;

// What a row of such capabilities, of algorithms so registered, promises on the data of common/problem.hpp.
template <class Algorithms>
accuracy promise(std::vector<capability> const& rows, std::string_view algorithm, std::string_view inner,
                 operation what, index_t time) {
  accuracy made;
  Algorithms::for_each([&]<class A>(std::type_identity<A>) {
    // An inner algorithm stands for the tree of the outer one.
    if (detail::is_named(A::info, algorithm) || detail::is_named(A::info, inner))
      made.right_steps = std::max(made.right_steps, static_cast<double>(A::info.roundings(time)));
  });
  for (auto const& row : rows) {
    if (row.algorithm != algorithm || row.result != "reformulates" || row.operation != what) continue;
    // In double-double logarithms: less than one unit per coefficient, and a few per log-sum-exp (for log, exp and their
    // sum at most 16 by the C library, 27 by CUDA's: reference/heinsen_bound.hpp has it to the unit). As printed in a
    // paper: in the working precision, where the logarithms grow with time.
    double const log_sum_exp = row.backend == "cuda" ? 27 : 16;
    constexpr double greatest_log_a = 0.25;
    made.right_steps = log_sum_exp * (made.right_steps + 1);
    if (info_of<Algorithms>(algorithm)->formula == log_formula::as_printed)
      made.logs = 1 + greatest_log_a * static_cast<double>(time);
    break;
  }
  return made;
}

// A paper's formula as printed has no exact zeros, which long default data have.
inline bool has_what_it_computes(std::string_view algorithm, problem_shape const& s) {
  bool const has_zeros = s.family.empty() && s.elements() >= reset_distance;
  auto const info = info_of<simd::algorithms>(algorithm);  // every registry's printed formula is in this one
  return !(info && info->formula == log_formula::as_printed && has_zeros);
}

// Of rows of capabilities, those of one dtype and operation: visit(row, inner), with an inner algorithm of "" where it is
// the default, which stands first.
enum class inners { the_default, all };

template <class T, class Visit>
void for_each_offer(std::vector<capability> const& rows, operation what, inners which, Visit const& visit) {
  std::map<std::string, std::string_view> first_inner;
  for (auto const& row : rows) {
    if (row.dtype != dtype_name<T> || row.operation != what) continue;
    auto const& its_default = first_inner.try_emplace(std::string(row.algorithm), row.inner).first->second;
    bool const is_default = row.inner == its_default;
    if (is_default || which == inners::all) visit(row, is_default ? "" : std::string(row.inner));
  }
}

// An algorithm of the registry, or "automatic", by the public call.
template <class T>
contender<T> ours(std::string const& algorithm, std::string const& inner, std::string const& backend) {
  auto const takes = [=](problem_shape const& s) {
    return has_what_it_computes(algorithm, s) && (s.threads == 0 || backend == "openmp");
  };
  auto const prepare = [=](problem<T>& on, int threads) {
    auto const call = on.call();
    auto const how = [=] {
      return execution{.algorithm = algorithm, .backend = backend, .inner = inner, .threads = threads};
    };
    choice const made = plan(call, how());
    return prepared{.pass = [=] { linear_recurrence(call, how()); },
                    .promised = promise<simd::algorithms>(capabilities(), made.algorithm, made.inner,
                                                          on.shape.operation, on.shape.time),
                    .label = algorithm == "automatic" ? "chose " + made.algorithm + ": " + made.reason : ""};
  };
  return {algorithm, inner, backend, takes, prepare};
}

inline int threads_of(std::string const& backend, int threads) {
  return backend == "serial" ? 1 : threads > 0 ? threads : omp_get_max_threads();
}

// Where a record of the bound says what it says: its memory traffic is that of the problem.
inline bool bound_is_comparable(problem_shape const& s) {
  return s.operation == operation::affine && s.direction == direction::forward && s.packed == 0 && !s.state &&
         s.family.empty() && s.threads == 0;
}

// The bound in an algorithm's place: in the way that was the fastest in this process, at this size.
template <bound_kernel Kernel, class T>
contender<T> bound(std::string const& backend) {
  auto const prepare = [=](problem<T>& on, int threads) {
    auto const best = measure_bound<Kernel>(on, threads_of(backend, threads), [] {});
    return prepared{.pass = [=, &on] { run_bound<Kernel>(on, best.how, best.threads); },
                    .label = std::string(best.how == stores::streaming ? "streaming" : "plain") + " stores, threads " +
                             std::to_string(best.threads),
                    .check = [&on] { return check_bound<Kernel>(on); },
                    .bytes_per_element = (Kernel == bound_kernel::triad ? 3.0 : 2.0) * sizeof(T)};
  };
  return {Kernel == bound_kernel::triad ? "triad" : "copy", "", backend, bound_is_comparable, prepare};
}

}  // namespace ssmscan::bench
