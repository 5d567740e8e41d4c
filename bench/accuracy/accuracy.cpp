// How exact is each algorithm, on which data? Every element of every result is compared with the oracle (quad
// precision), and must lie inside its proven bound; a record outside it is an error, and the process ends with 1.
//
// Counters of a record:
//   error_over_us     max |error| / (u S + the smallest subnormal): what a reader of rounding errors expects to be a
//                     small number; the second term counts where S itself is next to nothing (family denormal)
//   error_over_bound  max |error| / bound: <= 1, and how sharp the bound is
//   bound_over_us     max bound / (the same)
//   a_star_max        max |log|a[1]| + ... + log|a[t]||, zeros left out: what the plain log domain loses by
// A time is reported too (Google Benchmark cannot do without): of one cold run, and for nobody to quote.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bench/common/main.hpp"
#include "bench/common/names.hpp"
#include <benchmark/benchmark.h>

#include <ssmscan/scan/linear_recurrence.hpp>
#include <ssmscan/scan/reference/bounds.hpp>
#include <ssmscan/scan/reference/families.hpp>
#include <ssmscan/scan/reference/heinsen_bound.hpp>
#include <ssmscan/scan/reference/oracle.hpp>

namespace ssmscan::bench {
namespace {

constexpr std::uint64_t seed = 1;
constexpr index_t inner_length = 1 << 12;        // heinsen's other inner algorithms are compared at this length
constexpr index_t openmp_length = 1 << 16;       // up to here the openmp backend is held to the serial one's bits
constexpr double ladder[] = {1e-3, 1e-4, 1e-5};  // distances from a = 1 where the affine trees drift in float

struct data_source {
  std::string name;  // the family, or near1_<delta>
  reference::family family{};
  double delta = 0;  // of the ladder; 0: a family
};

std::vector<data_source> sources() {
  std::vector<data_source> all;
  for (auto const& f : reference::families) all.push_back({std::string(f.name), f.id, 0});
  for (auto const& [delta, name] :
       {std::pair{ladder[0], "near1_1e-3"}, {ladder[1], "near1_1e-4"}, {ladder[2], "near1_1e-5"}})
    all.push_back({name, {}, delta});
  return all;
}

// Data and all that is known of the right result; shared by every algorithm that runs on them.
template <class T>
class material {
 public:
  material(data_source const& source, index_t n)
      : data(source.delta > 0 ? reference::near1_ladder<T>(source.delta, seed, n)
                              : reference::generate<T>(source.family, seed, n)),
        exact(data.a, data.b) {
    double sum = 0, greatest = 0;
    for (std::size_t t = 0; t < data.a.size(); ++t) {
      double const size = static_cast<double>(std::abs(data.a[t]));
      if (t > 0 && size > 0) sum += std::log(size);
      a_star_max.push_back(greatest = std::max(greatest, std::abs(sum)));
    }
  }

  std::vector<double> const& heinsen_bound(index_t roundings) const {
    auto& bound = heinsen_bounds_[roundings];
    if (bound.empty()) bound = reference::heinsen_bound<T>(data.a, data.b, roundings);
    return bound;
  }

  reference::sequence<T> data;
  reference::oracle<T> exact;
  std::vector<double> a_star_max;  // up to t

 private:
  mutable std::map<index_t, std::vector<double>> heinsen_bounds_;
};

// The material asked for last stays: benchmarks are registered so that all of one material follow one another, whatever
// the operation, shorter lengths first, and a shorter length is a prefix.
template <class T>
material<T> const& material_of(data_source const& source, index_t n) {
  static std::unique_ptr<material<T>> kept;
  static std::string name;
  if (kept == nullptr || name != source.name || kept->exact.size() < n) {
    kept.reset();
    kept = std::make_unique<material<T>>(source, n);
    name = source.name;
  }
  return *kept;
}

template <class T>
void run(std::vector<T> const& a, std::vector<T> const& b, std::vector<T>& x, capability const& what,
         std::string_view backend) {
  auto const n = static_cast<index_t>(x.size());
  linear_recurrence<T>({.a = {a.data(), n}, .b = {b.data(), n}, .x = {x.data(), n}, .operation = what.operation},
                       {.algorithm = what.algorithm, .backend = backend, .inner = what.inner});
}

// Bounds of one result, element by element; empty where the algorithm has none (heinsen.plain).
template <class T>
std::function<double(index_t)> bound_of(capability const& what, material<T> const& m, index_t n) {
  if (auto const tree = reference::tree_of(what.algorithm, n)) {
    if constexpr (std::floating_point<T>)
      if (what.operation == operation::semi_log)
        return [&m, tree = *tree](index_t t) { return reference::semi_log_bound(m.exact, t, tree); };
    return [&m, d = tree->right](index_t t) { return reference::a_priori(m.exact, t, d); };
  }
  if (what.algorithm != "heinsen") return {};
  auto const& bound = m.heinsen_bound(reference::tree_of(what.inner, n).value().right);
  return [&bound](index_t t) { return bound[static_cast<std::size_t>(t)]; };
}

template <class T>
void measure(benchmark::State& state, capability const& what, data_source const& source, index_t n) {
  if (!reference::subnormals_kept()) return state.SkipWithError("FTZ or DAZ is set: the bounds do not hold");
  material<T> const& m = material_of<T>(source, n);
  std::vector<T> const a(m.data.a.begin(), m.data.a.begin() + n), b(m.data.b.begin(), m.data.b.begin() + n);
  std::vector<T> x(static_cast<std::size_t>(n));
  for (auto _ : state) run(a, b, x, what, what.backend);

  auto const fail = [&](std::string const& what_is_wrong) {
    state.SkipWithError((wrong_result + what_is_wrong).c_str());
  };
  auto const bound_at = bound_of(what, m, n);
  constexpr double u = reference::unit_roundoff<T>;
  constexpr auto smallest = static_cast<double>(std::numeric_limits<reference::real_t<T>>::denorm_min());
  double error_over_us = 0, error_over_bound = 0, bound_over_us = 0;
  bool finite = true;
  for (index_t t = 0; t < n; ++t) {
    double const error = m.exact.error(t, x[static_cast<std::size_t>(t)]), us = u * m.exact.at(t).s + smallest;
    finite &= std::isfinite(error);
    error_over_us = std::max(error_over_us, error / us);
    if (!bound_at) continue;
    double const bound = bound_at(t);
    if (!reference::inside(error, bound))
      return fail("|error| of x[" + std::to_string(t) + "]: got " + std::to_string(error / us) + " u S; need " +
                  std::to_string(bound / us) + " u S");
    if (!std::isfinite(bound)) continue;
    if (error > 0) error_over_bound = std::max(error_over_bound, error / bound);
    bound_over_us = std::max(bound_over_us, bound / us);
  }
  if (n <= openmp_length) {
    std::vector<T> parallel(x.size());
    run(a, b, parallel, what, "openmp");
    if (std::memcmp(x.data(), parallel.data(), x.size() * sizeof(T)) != 0)
      return fail("openmp and serial differ in their bits");
  }

  if (finite)
    state.counters["error_over_us"] = error_over_us;
  else
    state.SetLabel("not finite");
  if (bound_at) {
    state.counters["error_over_bound"] = error_over_bound;
    state.counters["bound_over_us"] = bound_over_us;
  } else if (finite) {
    state.SetLabel("no bound");
  }
  state.counters["a_star_max"] = m.a_star_max[static_cast<std::size_t>(n - 1)];
}

// The rows of capabilities() on one thread, of every operation that the dtype has; of an algorithm with inner ones, its
// default stands first.
std::vector<std::pair<capability, bool>> rows(std::string_view dtype) {
  std::vector<std::pair<capability, bool>> found;
  for (capability const& c : capabilities()) {
    if (c.backend != "serial" || c.dtype != dtype) continue;
    bool const default_inner = std::ranges::none_of(found, [&](auto const& earlier) {
      return earlier.first.algorithm == c.algorithm && earlier.first.operation == c.operation;
    });
    found.emplace_back(c, default_inner);
  }
  return found;
}

template <class T>
void add_all(std::vector<index_t> const& lengths) {
  for (data_source const& source : sources())
    for (index_t const n : lengths)
      for (auto const& [row, default_inner] : rows(dtype_name<T>)) {
        if (!default_inner && n != inner_length) continue;
        benchmark_name name{"accuracy", row.operation == operation::semi_log ? "semi_log" : "affine",
                            std::string(row.dtype), std::string(row.algorithm), std::string(row.backend)};
        name.time = n;
        name.family = source.name;
        if (!default_inner) name.inner = std::string(row.inner);
        benchmark::RegisterBenchmark(name.text().c_str(), [row = row, source, n](benchmark::State& state) {
          try {
            measure<T>(state, row, source, n);
          } catch (std::exception const& error) { state.SkipWithError(error.what()); }
        });
      }
}

}  // namespace
}  // namespace ssmscan::bench

int main(int argc, char** argv) {
  using namespace ssmscan;
  // One run of each, as an error does not vary; given flags come later and win.
  std::vector<std::string> arguments{argv[0], "--benchmark_min_time=0", "--benchmark_repetitions=1",
                                     "--benchmark_display_aggregates_only=false"};
  arguments.insert(arguments.end(), argv + 1, argv + argc);
  std::vector<char*> pointers;
  for (auto& argument : arguments) pointers.push_back(argument.data());
  return bench::run_main(static_cast<int>(pointers.size()), pointers.data(), [](bench::options const& given) {
    std::vector<index_t> lengths{1 << 8, 1 << 12, 1 << 16};
    if (!given.quick) lengths.push_back(1 << 20);
    bench::add_all<float>(lengths);
    bench::add_all<double>(lengths);
    bench::add_all<std::complex<float>>(lengths);
    bench::add_all<std::complex<double>>(lengths);  // uint32_t rounds nothing
  });
}
