#include "bench/selective/device.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>

#include "bench/common/cuda/bounds.hpp"
#include "bench/common/cuda/device.hpp"
#include <benchmark/benchmark.h>

#include <ssmscan/scan/backends/cuda/registry.hpp>
#include <ssmscan/scan/detail/algorithm_name.hpp>
#include <ssmscan/ssm/cuda/selective_errors.hpp>
#include <ssmscan/ssm/cuda/selective_scan.hpp>

namespace ssmscan::bench {
namespace {

using device::selective_form;

// What is stored, of a float; and back.
template <class IO>
std::vector<IO> stored(std::vector<float>& values) {
  if constexpr (std::is_same_v<IO, float>) {
    return values;
  } else {
    std::vector<IO> made;
    made.reserve(values.size());
    for (float& x : values) made.push_back({to_bfloat16(x)}), x = from_bfloat16(made.back().bits);
    return made;
  }
}

template <class IO>
constexpr long double rounding_of = std::is_same_v<IO, float> ? 0 : 0x1p-8L;
template <class IO>
std::string const dtype_of = std::is_same_v<IO, float> ? "f32" : "bf16";

// A shape's data on the host and on the device.
template <class IO>
struct on_device {
  explicit on_device(sizes s)
      : host(s),
        u(put(stored<IO>(host.u))),
        delta(put(stored<IO>(host.delta))),
        z(put(stored<IO>(host.z))),
        B(put(stored<IO>(host.B))),
        C(put(stored<IO>(host.C))),
        A(put(host.A)),
        D(put(host.D)),
        bias(put(host.bias)),
        y(std::make_unique<gpu::array<IO>>(host.y.size())) {}
  ssm::selective_problem<float, IO> problem() const {
    sizes const& s = host.of;
    tensor_shape const shape{s.batch, s.channels, s.time};
    ssm::selective_problem<float, IO> p;
    p.u = tensor_view<IO const>(u->data(), shape), p.delta = tensor_view<IO const>(delta->data(), shape);
    p.z = tensor_view<IO const>(z->data(), shape), p.y = {y->data(), shape};
    p.A = {A->data(), s.channels, s.states};
    auto const coefficient = [&](auto const& of) {
      auto const strides = ssm::varying_coefficient<float>(nullptr, 1, s.states, s.time).stride;
      return ssm::selective_coefficient<IO>{of->data(), 1, {strides.batch, strides.group, strides.state, strides.time}};
    };
    using coefficient_type = typename ssm::selective_problem<float, IO>::coefficient;
    static_assert(std::is_same_v<coefficient_type, IO>);
    p.B = coefficient(B), p.C = coefficient(C);
    p.D = {D->data(), D->size()}, p.delta_bias = {bias->data(), bias->size()};
    p.activation = ssm::delta_activation::softplus;
    return p;
  }
  // Of u, delta, z and y, and of B and C.
  double bytes() const {
    return sizeof(IO) * (4.0 * static_cast<double>(y->size()) + 2.0 * static_cast<double>(B->size()));
  }
  std::string wrong_where(selective_data::expected const& exact) {
    std::vector<IO> made(y->size());
    y->take(made.data());
    for (std::size_t i = 0; i < made.size(); ++i) {
      if constexpr (std::is_same_v<IO, float>)
        host.y[i] = made[i];
      else
        host.y[i] = from_bfloat16(made[i].bits);
    }
    return host.wrong_where(exact, rounding_of<IO>);
  }

  selective_data host;
  template <class T>
  using held = std::unique_ptr<gpu::array<T>>;
  held<IO> u, delta, z, B, C;
  held<float> A, D, bias;
  held<IO> y;

 private:
  template <class T>
  static held<T> put(std::vector<T> const& values) {
    auto made = std::make_unique<gpu::array<T>>(values.size());
    made->put(values.data());
    return made;
  }
};

// Seconds of the fastest triad over as many bytes.
double triad_seconds(double bytes) {
  static std::map<double, double> known;
  if (auto const found = known.find(bytes); found != known.end()) return found->second;
  auto const words = static_cast<std::size_t>(bytes / (3 * sizeof(float)));
  gpu::array<float> const a(words), b(words), x(words);
  const_cast<gpu::array<float>&>(a).bytes().fill(1), const_cast<gpu::array<float>&>(b).bytes().fill(1);
  double least = 1e300;
  for (int const vectors : gpu::vectors_per_thread) {
    gpu::batch const timed([&](std::size_t) { gpu::enqueue_triad(a.data(), b.data(), x.data(), words, vectors); },
                           gpu::launching::by_graph, 1);
    least = std::min(least, gpu::median_seconds(timed));
  }
  return known[bytes] = least;
}

// The shape in hand: contenders of one shape share it.
template <class IO>
on_device<IO>& at(sizes const& s) {
  static std::unique_ptr<on_device<IO>> held;
  if (!held || held->host.of.steps() != s.steps() || held->host.of.channels != s.channels ||
      held->host.of.states != s.states) {
    held.reset();
    held = std::make_unique<on_device<IO>>(s);
  }
  return *held;
}

struct contender {
  std::string name;
  device::selective_execution how;
  std::optional<algorithm_info> scan = {};  // of form unfused
};

// A contender in hand, verified, for its repetitions.
struct prepared {
  prepared(std::string of, std::size_t bytes) : name(std::move(of)), workspace(bytes) {}
  std::string name;
  gpu::memory workspace;
  choice made;
  std::string wrong;
  std::unique_ptr<gpu::batch> timed;
};

template <class IO>
std::unique_ptr<prepared> prepare(std::string const& name, sizes const& s, contender const& who) {
  on_device<IO>& on = at<IO>(s);
  auto const p = on.problem();
  device::selective_execution how = who.how;
  auto held = std::make_unique<prepared>(name, device::workspace_bytes(p, how));
  how.stream = gpu::the_stream(), how.workspace = held->workspace.span();
  on.y->bytes().fill(0xff);
  held->made = device::selective_scan(p, how);
  gpu::wait();
  auto const error = device::error_of_form<float, IO>(held->made.algorithm, s.channels * s.states, s.time);
  auto const exact = who.scan ? on.host.definition(*who.scan, reference::cuda_library, error.errors)
                              : on.host.definition(error.roundings, error.errors);
  held->wrong = on.wrong_where(exact);
  if (!held->wrong.empty()) return held;
  held->timed =
      std::make_unique<gpu::batch>([=](std::size_t) { device::selective_scan(p, how); }, gpu::launching::by_graph, 1);
  on.y->bytes().fill(0xff);
  held->timed->seconds();  // what is timed is a batch: its result is verified too
  gpu::wait();
  held->wrong = on.wrong_where(exact);
  return held;
}

template <class IO>
void add(sizes const& s, contender const& who) {
  std::string const name = name_of(s, dtype_of<IO>, who.name, "cuda").text();
  auto const body = [=](benchmark::State& state) {
    static std::unique_ptr<prepared> held;
    try {
      if (!gpu::why_none().empty()) return state.SkipWithError((not_run + gpu::why_none()).c_str());
      if (!held || held->name != name) held.reset(), held = prepare<IO>(name, s, who);
      if (!held->wrong.empty()) return state.SkipWithError(held->wrong.c_str());
      double const bytes = at<IO>(s).bytes(), bound = triad_seconds(bytes);
      double seconds = 0;
      for (auto _ : state) {
        double const one = held->timed->seconds() / static_cast<double>(held->timed->passes());
        state.SetIterationTime(one), seconds += one;
      }
      state.counters["bytes_per_element"] = bytes / static_cast<double>(s.steps());
      state.counters["share_of_triad"] = bound * static_cast<double>(state.iterations()) / seconds;
      if (held->workspace.size() > 0) state.counters["bytes_beside"] = static_cast<double>(held->workspace.size());
      state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * s.steps());
      choice const& made = held->made;
      std::string const chose = who.name == "automatic" ? "chose " + made.algorithm + ": " + made.reason + "; " : "";
      state.SetLabel(chose + gpu::words_of(held->timed->how()));
    } catch (std::exception const& error) { state.SkipWithError(error.what()); }
  };
  benchmark::RegisterBenchmark(name.c_str(), body)->UseManualTime()->Unit(benchmark::kMillisecond);
}

template <class IO>
void add_triad(sizes const& s) {
  auto const body = [=](benchmark::State& state) {
    try {
      if (!gpu::why_none().empty()) return state.SkipWithError((not_run + gpu::why_none()).c_str());
      double const bytes = at<IO>(s).bytes();
      for (auto _ : state) state.SetIterationTime(triad_seconds(bytes));
      state.counters["bytes_per_element"] = bytes / static_cast<double>(s.steps());
      state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations()) * s.steps());
    } catch (std::exception const& error) { state.SkipWithError(error.what()); }
  };
  benchmark::RegisterBenchmark(name_of(s, dtype_of<IO>, "triad", "cuda").text().c_str(), body)
      ->UseManualTime()
      ->Unit(benchmark::kMillisecond);
}

}  // namespace

void add_selective_on_device(std::vector<sizes> const& all) {
  constexpr index_t most_unfused_updates = index_t{1} << 28;  // beyond, hillis_steele alone takes a second
  std::vector<contender> const fused{{"automatic", {}},
                                     {"fused", {.form = selective_form::fused}},
                                     {"fused_time", {.form = selective_form::fused_time}}};
  for (sizes const& s : all) {
    add_triad<float>(s);
    for (contender const& who : fused) add<float>(s, who);
    if (s.steps() * s.states <= most_unfused_updates) {
      device::algorithms::for_each([&]<class Entry>(std::type_identity<Entry>) {
        if (!is_held(Entry::info)) return;
        static std::string const name = detail::full_name(Entry::info);
        add<float>(s, {name, {.form = selective_form::unfused, .algorithm = name}, Entry::info});
      });
    }
    add_triad<bfloat16>(s);
    for (contender const& who : fused) add<bfloat16>(s, who);
  }
}

}  // namespace ssmscan::bench
