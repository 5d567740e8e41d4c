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
#include <optional>
#include <string>
#include <vector>

#include "bench/common/contender.hpp"
#include "bench/common/main.hpp"
#include "bench/common/names.hpp"
#include <benchmark/benchmark.h>

#if SSMSCAN_BENCH_CUDA
#include <ssmscan/scan/backends/cuda/from_host.hpp>
#include <ssmscan/scan/backends/cuda/gpus.hpp>
#include <ssmscan/scan/backends/cuda/look_back_tree.hpp>
#include <ssmscan/scan/backends/cuda/registry.hpp>
#endif
#include <ssmscan/scan/backends/simd/registry.hpp>
#include <ssmscan/scan/detail/algorithm_name.hpp>
#include <ssmscan/scan/linear_recurrence.hpp>
#include <ssmscan/scan/reference/bounds.hpp>
#include <ssmscan/scan/reference/families.hpp>
#include <ssmscan/scan/reference/heinsen_bound.hpp>
#include <ssmscan/scan/reference/oracle.hpp>

namespace ssmscan::bench {
namespace {

constexpr std::uint64_t seed = 1;
constexpr index_t inner_length = 1 << 12;        // heinsen's other inner algorithms are compared at this length
constexpr index_t same_bits_length = 1 << 16;    // up to here backends of one tree are held to one another's bits
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

  std::vector<double> const& heinsen_bound(index_t roundings, reference::math_library const& library) const {
    auto& bound = heinsen_bounds_[{roundings, library.exp}];
    if (bound.empty()) bound = reference::heinsen_bound<T>(data.a, data.b, roundings, {}, library);
    return bound;
  }

  reference::sequence<T> data;
  reference::oracle<T> exact;
  std::vector<double> a_star_max;  // up to t

 private:
  mutable std::map<std::pair<index_t, double>, std::vector<double>> heinsen_bounds_;  // by roundings and library
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
  recurrence<T> const problem{.a = {a.data(), n}, .b = {b.data(), n}, .x = {x.data(), n}, .operation = what.operation};
#if SSMSCAN_BENCH_CUDA
  if (backend == "cuda") {
    device::linear_recurrence_from_host(problem, {.algorithm = what.algorithm, .inner = what.inner});
    return;
  }
#endif
  linear_recurrence(problem, {.algorithm = what.algorithm, .backend = backend, .inner = what.inner});
}

// By the registry that has it.
algorithm_info info_of_row(capability const& what) {
#if SSMSCAN_BENCH_CUDA
  if (what.backend == "cuda") return info_of<device::algorithms>(what.algorithm).value();
#endif
  return info_of<simd::algorithms>(what.algorithm).value();
}

// Whose logarithms an algorithm takes.
reference::math_library const& library_of(capability const& what) {
  return reference::library_of(info_of_row(what).formula,
                               what.backend == "cuda" ? reference::cuda_library : reference::c_library);
}

// The tree of a row: measured by running the registry's text on shapes; on a device its own text's word for it, and for
// semi_log the measured one, of the textbook form's text or of the tuned look_back's tree.
std::optional<reference::tree_shape> tree_of_row(capability const& what, index_t n) {
  std::string_view const name = what.algorithm.substr(0, what.algorithm.find(".textbook"));
#if SSMSCAN_BENCH_CUDA
  if (what.backend == "cuda" && what.result != "reformulates" && what.operation == operation::affine) {
    reference::tree_shape told{};
    told.right = info_of_row(what).roundings(n);
    return told;
  }
  if (what.backend == "cuda" && what.algorithm == "look_back")
    return what.dtype == dtype_name<float> ? reference::measure_tree<device::look_back_tree<20>>(n)
                                           : reference::measure_tree<device::look_back_tree<10>>(n);
#endif
  return reference::tree_of(name, n);
}

// Bounds of one result, element by element; empty where the algorithm has none.
template <class T>
std::function<double(index_t)> bound_of(capability const& what, material<T> const& m, index_t n) {
  auto const& library = library_of(what);
  if (auto const tree = tree_of_row(what, n)) {
    if constexpr (std::floating_point<T>)
      if (what.operation == operation::semi_log)
        return [&m, &library, tree = *tree](index_t t) { return reference::semi_log_bound(m.exact, t, tree, library); };
    return [&m, d = tree->right](index_t t) { return reference::a_priori(m.exact, t, d); };
  }
  algorithm_info const info = info_of_row(what);
  if (info.formula != log_formula::restarted && info.formula != log_formula::in_runs) return {};
  index_t const roundings = what.inner.empty() ? info.roundings(n) : reference::tree_of(what.inner, n).value().right;
  auto const& bound = m.heinsen_bound(roundings, library);
  return [&bound](index_t t) { return bound[static_cast<std::size_t>(t)]; };
}

// Whoever carries the same tree as the serial backend promises its bits.
std::string_view bits_of(capability const& what) {
  if (what.backend == "serial") return "openmp";
  for (capability const& c : capabilities())
    if (c.backend == "serial" && c.tree == what.tree && c.dtype == what.dtype && c.operation == what.operation)
      return "serial";
  return "";
}

// But for the payload of a NaN, which the devices make in ways of their own.
template <class T>
bool same_bits(std::vector<T> const& x, std::vector<T> const& y) {
  using R = reference::real_t<T>;
  auto const* const p = reinterpret_cast<R const*>(x.data());
  auto const* const q = reinterpret_cast<R const*>(y.data());
  for (std::size_t i = 0; i < x.size() * (sizeof(T) / sizeof(R)); ++i)
    if (std::memcmp(p + i, q + i, sizeof(R)) != 0 && !(std::isnan(p[i]) && std::isnan(q[i]))) return false;
  return true;
}

template <class T>
void measure(benchmark::State& state, capability const& what, data_source const& source, index_t n) {
  if (!reference::subnormals_kept()) return state.SkipWithError("FTZ or DAZ is set: the bounds do not hold");
  material<T> const& m = material_of<T>(source, n);
  std::vector<T> const a(m.data.a.begin(), m.data.a.begin() + n), b(m.data.b.begin(), m.data.b.begin() + n);
  std::vector<T> x(static_cast<std::size_t>(n));
#if SSMSCAN_BENCH_CUDA
  if (what.backend == "cuda") {
    static std::string const why = device::why_no_gpu();
    if (!why.empty()) return state.SkipWithError((not_run + why).c_str());
  }
#endif
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
  if (auto const other = bits_of(what); n <= same_bits_length && !other.empty()) {
    std::vector<T> again(x.size());
    capability same = what;
    if (what.backend == "cuda") same.algorithm = what.algorithm.substr(0, what.algorithm.find(".textbook"));
    run(a, b, again, same, other);
    if (!same_bits(x, again))
      return fail(std::string(other) + " and " + std::string(what.backend) + " differ in their bits");
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

// The rows of capabilities() on one thread and on the GPU, of every operation that the dtype has; of an algorithm with
// inner ones, its default stands first.
std::vector<std::pair<capability, bool>> rows(std::string_view dtype) {
  std::vector<std::pair<capability, bool>> found;
  auto const add = [&](std::vector<capability> const& offers, std::string_view backend) {
    for (capability const& c : offers) {
      if (c.backend != backend || c.dtype != dtype) continue;
      bool const default_inner = std::ranges::none_of(found, [&](auto const& earlier) {
        return earlier.first.algorithm == c.algorithm && earlier.first.operation == c.operation &&
               earlier.first.backend == c.backend;
      });
      found.emplace_back(c, default_inner);
    }
  };
  add(capabilities(), "serial");
#if SSMSCAN_BENCH_CUDA
  add(device::capabilities(), "cuda");
#endif
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
