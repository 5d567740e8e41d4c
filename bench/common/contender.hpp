#pragma once
// Whoever computes a problem: one of our algorithms, a library, a plain loop, or the bound itself.
#include <functional>
#include <string>

#include <bench/common/bounds.hpp>
#include <bench/common/verify.hpp>

#include <ssmscan/scan/registry.hpp>

namespace ssmscan::bench {

// One prepared computation: `pass` is what is timed.
struct prepared {
  std::function<void()> pass;
  accuracy promised{};
  std::string label = "";
  std::function<void()> collect = [] {};  // brings a result of another form into problem.x
  std::function<std::string()> check{};   // empty = compare problem.x with the oracle; else it says what is wrong
};

template <class T>
struct contender {
  std::string algorithm;  // with its variant
  std::string inner;      // "" where it is the default
  std::string backend;
  std::function<bool(problem_shape const&)> takes;
  std::function<prepared(problem<T>&)> prepare;
};

// d of the bound for a named algorithm of the registry.
inline double right_steps(std::string const& algorithm, index_t time) {
  double d = 0;
  algorithms::for_each([&]<class A>(std::type_identity<A>) {
    std::string const variant(A::info.variant);
    if (algorithm == std::string(A::info.name) + (variant.empty() ? "" : "." + variant))
      d = static_cast<double>(A::info.roundings(time));
  });
  return d;
}

// An algorithm of the registry, or "automatic", by the public call.
template <class T>
contender<T> ours(std::string const& algorithm, std::string const& inner, std::string const& backend) {
  auto const takes = [=](problem_shape const& s) {
    // A variant called plain is a paper's formula as printed: it has no exact zeros, which the default data have.
    return (!algorithm.ends_with(".plain") || !s.family.empty()) && (s.threads == 0 || backend == "openmp");
  };
  auto const prepare = [=](problem<T>& on) {
    auto const call = on.call();
    auto const how = [=, threads = on.shape.threads] {
      return execution{.algorithm = algorithm, .backend = backend, .inner = inner, .threads = threads};
    };
    choice const made = plan(call, how());
    return prepared{.pass = [=] { linear_recurrence(call, how()); },
                    .promised = {.right_steps = right_steps(made.algorithm, on.shape.time)},
                    .label = algorithm == "automatic" ? "chose " + made.algorithm + ": " + made.reason : ""};
  };
  return {algorithm, inner, backend, takes, prepare};
}

inline int threads_of(std::string const& backend, int threads) {
  return backend == "serial" ? 1 : threads > 0 ? threads : omp_get_max_threads();
}

// The bound in an algorithm's place: with the stores that were the faster in this process, at this size.
template <bound_kernel Kernel, class T>
contender<T> bound(std::string const& backend) {
  auto const takes = [](problem_shape const& s) {
    return s.operation == operation::affine && s.direction == direction::forward && s.packed == 0 && !s.state &&
           s.family.empty() && s.threads == 0;
  };
  auto const prepare = [=](problem<T>& on) {
    int const threads = threads_of(backend, on.shape.threads);
    stores const how = measure_bound<Kernel>(on, threads, [] {}).how;
    return prepared{.pass = [=, &on] { run_bound<Kernel>(on, how, threads); },
                    .label = how == stores::streaming ? "streaming stores" : "plain stores",
                    .check = [&on] { return check_bound<Kernel>(on); }};
  };
  return {Kernel == bound_kernel::triad ? "triad" : "copy", "", backend, takes, prepare};
}

}  // namespace ssmscan::bench
