#include "bench/common/cuda/device.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <string>

#include "bench/common/names.hpp"
#include "bench/ssm/cells.hpp"
#include "bench/ssm/device.hpp"
#include "bench/ssm/systems.hpp"
#include <benchmark/benchmark.h>

#include <ssmscan/ssm/cuda/diagonal_layer.hpp>
#include <ssmscan/ssm/cuda/dplr_kernels.hpp>
#include <ssmscan/ssm/detail/device_layer_bounds.hpp>
#include <ssmscan/ssm/kernels/diagonal.hpp>
#include <ssmscan/ssm/layer.hpp>

namespace ssmscan::bench {
namespace {

enum class computed { taps, scan, convolution };

// Channel's floats against the form on the CPU in double, within the bounds of device_layer_bounds.hpp: element by element, of a
// convolution in the 2-norm. u: what went in, as floats.
std::string outside_bound(computed what, ssm::diagonal_system const& system, std::span<float const> made,
                          std::vector<double> const& u) {
  auto const n = made.size();
  auto const wrong = [](std::string const& where, double error, double bound) {
    return wrong_result + (where + ": off by " + std::to_string(error) + ", bound " + std::to_string(bound));
  };
  if (what == computed::taps) {
    auto const expected = ssm::diagonal_kernel_by_taps(system, static_cast<index_t>(n));
    auto const bound = ssm::detail::device_kernel_bound<float>(system, static_cast<index_t>(n));
    for (std::size_t l = 0; l < n; ++l)
      if (double const error = std::abs(static_cast<double>(made[l]) - expected[l]); !(error <= bound[l]))
        return wrong("tap " + std::to_string(l), error, bound[l]);
    return "";
  }
  std::vector<double> expected(n);
  ssm::layer(std::span(&system, 1)).run(u, 1, expected, {.mode = ssm::mode::recurrence});
  ssm::detail::device_layer_bounds<float> bounds(system, u, n);
  double squares = 0;
  for (std::size_t t = 0; t < n; ++t) {
    double const error = std::abs(static_cast<double>(made[t]) - expected[t]);
    squares += error * error;
    if (what == computed::scan && !(error <= bounds.scan(t)))
      return wrong("y[" + std::to_string(t) + "]", error, bounds.scan(t));
  }
  if (what == computed::scan) return "";
  index_t const length = static_cast<index_t>(n);
  double const bound = bounds.convolution(0, device::fft_points(length, length), expected);
  return std::sqrt(squares) <= bound ? "" : wrong("y, in the 2-norm", std::sqrt(squares), bound);
}

// S4D with all its memory.
struct device_s4d {
  device_s4d(index_t states, index_t channels, index_t samples)
      : systems(s4d_channels(states, channels)),
        layer(systems),
        plan({1, channels, samples, samples}),
        length(samples),
        u(static_cast<std::size_t>(channels * samples)),
        y(u.size()),
        taps(u.size()),
        skip(static_cast<std::size_t>(channels)),
        workspace(std::max(plan.workspace_bytes(), layer.workspace_bytes(1, samples))),
        input(some_signal<float>(channels * samples)) {
    u.put(input.data());
    skip.put(std::vector<float>(systems.size(), 1.0f).data());
    layer.kernel({taps.data(), channels, samples}, gpu::the_stream());
    gpu::wait();
  }
  void kernel() { layer.kernel({taps.data(), layer.channels(), length}, gpu::the_stream()); }
  void convolve() {
    tensor_shape const shape{1, layer.channels(), length};
    plan.run({.kernel = {taps.data(), layer.channels(), length},
              .u = {u.data(), shape},
              .y = {y.data(), shape},
              .skip = {skip.data(), skip.size()}},
             {.stream = gpu::the_stream(), .workspace = workspace.span()});
  }
  void scan() {
    tensor_shape const shape{1, layer.channels(), length};
    layer.scan({.u = {u.data(), shape}, .y = {y.data(), shape}},
               {.stream = gpu::the_stream(), .workspace = workspace.span()});
  }
  // Of the first and the last channel.
  std::string check(computed what) const {
    std::vector<float> made(input.size());
    (what == computed::taps ? taps : y).take(made.data());
    auto const n = static_cast<std::size_t>(length);
    for (std::size_t const h : {std::size_t{0}, systems.size() - 1}) {
      std::vector<double> const given(input.begin() + static_cast<std::ptrdiff_t>(h * n),
                                      input.begin() + static_cast<std::ptrdiff_t>((h + 1) * n));
      if (std::string const wrong =
              outside_bound(what, systems[h], std::span<float const>(made).subspan(h * n, n), given);
          !wrong.empty())
        return wrong;
    }
    return "";
  }

  std::vector<ssm::diagonal_system> systems;
  device::diagonal_layer<float> layer;
  device::causal_convolution<float> plan;
  index_t length;
  gpu::array<float> u, y, taps, skip;
  gpu::memory workspace;
  std::vector<float> input;
};

// Repetitions of a record, and the runs that find how long it takes, follow one another: what they time is made and verified for the
// first of them. Empty `wrong`: right, and `timed` is there.
struct verified_record {
  std::string name, wrong;
  std::shared_ptr<void> data{};  // what the batch works on
  std::unique_ptr<gpu::batch> timed{};
  std::size_t beside = 0;
};
using make_record = std::function<verified_record()>;

void add(benchmark_name const& name, make_record const& make) {
  auto const body = [name = name.text(), make](benchmark::State& state) {
    static verified_record held;
    try {
      if (!gpu::why_none().empty()) return state.SkipWithError((not_run + gpu::why_none()).c_str());
      if (held.name != name) {
        held = {};  // its memory first
        held = make();
        held.name = name;
      }
      if (!held.wrong.empty()) return state.SkipWithError(held.wrong.c_str());
      // A batch is an iteration for each of its passes, or one of so many would be counted, and the others run for nothing.
      double seconds = 0;
      std::size_t left = 0;
      for (auto _ : state) {
        if (left == 0) left = held.timed->passes(), seconds = held.timed->seconds() / static_cast<double>(left);
        --left;
        state.SetIterationTime(seconds);
      }
      if (held.beside > 0) state.counters["bytes_beside"] = static_cast<double>(held.beside);
      state.SetLabel(gpu::words_of(held.timed->how()));
    } catch (std::exception const& error) {
      held = {.name = name, .wrong = error.what()};
      state.SkipWithError(error.what());
    }
  };
  benchmark::RegisterBenchmark(name.text().c_str(), body)->UseManualTime();
}

std::unique_ptr<gpu::batch> batch_of(std::function<void()> const& pass) {
  return std::make_unique<gpu::batch>([pass](std::size_t) { pass(); }, gpu::launching::by_graph, 1);
}

// beside: bytes of device memory that the pass takes beside u and y; with 0, no counter.
void add(benchmark_name const& name, index_t states, std::function<void(device_s4d&)> const& pass, computed what,
         std::function<std::size_t(device_s4d const&)> const& beside) {
  add(name, [=] {
    auto const on = std::make_shared<device_s4d>(states, name.lanes, name.time);
    (what == computed::taps ? on->taps : on->y).bytes().fill(0xff);
    pass(*on);
    gpu::wait();
    verified_record made{.name = "", .wrong = on->check(what), .data = on};
    if (made.wrong.empty()) made.timed = batch_of([on, pass] { pass(*on); });
    made.beside = beside(*on);
    return made;
  });
}

// No bound is derived for the generating function: what is promised of its floats (the tests' bar:
// tests/ssm/kernels/dplr_test.cpp, tests/cuda/dplr_kernels_test.cpp), of the largest tap.
constexpr double promise_of_dplr = 5e-6;

// S4's kernels of all channels; C~, the roots and the plan are made outside.
struct device_s4 {
  device_s4(index_t states, index_t channels, index_t samples)
      : systems(s4_channels(states, channels)),
        kernels(systems, samples),
        taps(static_cast<std::size_t>(channels * samples)),
        workspace(kernels.workspace_bytes()),
        length(samples) {}
  void generate() {
    kernels.generate({taps.data(), std::ssize(systems), length},
                     {.stream = gpu::the_stream(), .workspace = workspace.span()});
  }
  // Of the first and the last channel.
  std::string check() const {
    std::vector<float> made(taps.size());
    taps.take(made.data());
    auto const n = static_cast<std::size_t>(length);
    for (std::size_t const h : {std::size_t{0}, systems.size() - 1})
      if (double const error = ssm::detail::error_of_largest(std::span<float const>(made).subspan(h * n, n),
                                                             ssm::dplr_kernel<double>(systems[h], length));
          !(error <= promise_of_dplr))
        return wrong_result + ("off by " + std::to_string(error) + " of the largest");
    return "";
  }

  std::vector<ssm::dplr_system> systems;
  device::dplr_kernels<float> kernels;
  gpu::array<float> taps;
  gpu::memory workspace;
  index_t length;
};

void add_low_rank(benchmark_name const& name) {
  add(name, [=] {
    auto const on = std::make_shared<device_s4>(name.state_size, name.lanes, name.time);
    on->taps.bytes().fill(0xff);
    on->generate();
    gpu::wait();
    verified_record made{.name = "", .wrong = on->check(), .data = on};
    if (made.wrong.empty()) made.timed = batch_of([on] { on->generate(); });
    return made;
  });
}

}  // namespace

void add_device(std::vector<index_t> const& states, std::vector<index_t> const& channels,
                std::vector<index_t> const& lengths, options const&) {
  constexpr index_t most_samples = index_t{1} << 25;  // of a signal made and checked on the host
  for (index_t const n : states) {
    for (index_t const h : channels) {
      for (index_t const length : lengths) {
        if (h * length > most_samples) continue;
        benchmark_name name{"ssm", "kernel", "f32", "vandermonde", "cuda", h, length};
        name.state_size = n;
        add(
            name, n, [](device_s4d& on) { on.kernel(); }, computed::taps,
            [](device_s4d const&) { return std::size_t{0}; });
        if (n <= 64) {  // beyond, C~ of every channel on the host takes longer than all else
          name.algorithm = "dplr";
          add_low_rank(name);
        }
        name.operation = "layer", name.algorithm = "convolution";
        auto const both = [](device_s4d& on) { on.kernel(), on.convolve(); };
        auto const convolved = [](device_s4d const& on) { return on.plan.workspace_bytes() + on.taps.bytes().size(); };
        add(name, n, both, computed::convolution, convolved);
        name.algorithm = "scan";
        add(
            name, n, [](device_s4d& on) { on.scan(); }, computed::scan,
            [](device_s4d const& on) { return on.layer.workspace_bytes(1, on.length); });
        if (n != states.front()) continue;  // which the transforms do not see
        name.operation = "convolution", name.algorithm = "fft";
        add(
            name, n, [](device_s4d& on) { on.convolve(); }, computed::convolution, convolved);
      }
    }
  }
}

}  // namespace ssmscan::bench
