#include "bench/common/cuda/device.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <string>

#include "bench/common/names.hpp"
#include "bench/ssm/device.hpp"
#include "bench/ssm/systems.hpp"
#include <benchmark/benchmark.h>

#include <ssmscan/ssm/cuda/diagonal_layer.hpp>
#include <ssmscan/ssm/cuda/dplr_kernels.hpp>
#include <ssmscan/ssm/kernels/diagonal.hpp>
#include <ssmscan/ssm/layer.hpp>

namespace ssmscan::bench {
namespace {

// Relative to the largest: as for the floats of the host (ssm.cpp).
constexpr double tolerance = 2e-5;

std::vector<float> signal(index_t count) {
  std::vector<float> made;
  unsigned state = 1;
  for (index_t i = 0; i < count; ++i) {
    state = state * 1664525u + 1013904223u;
    made.push_back(static_cast<float>(static_cast<double>(state >> 8) / 0x1p23 - 1));
  }
  return made;
}

std::string difference(float const* computed, std::vector<double> const& expected) {
  double error = 0, size = 0;
  for (std::size_t t = 0; t < expected.size(); ++t) {
    double const off = std::abs(static_cast<double>(computed[t]) - expected[t]);
    error = off <= error ? error : off;  // NaN stays
    size = std::max(size, std::abs(expected[t]));
  }
  if (error <= tolerance * size) return "";
  return wrong_result + ("off by " + std::to_string(error / size) + " of the largest");
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
        input(signal(channels * samples)) {
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
  // Of the first and the last channel, against the form on the CPU in double.
  std::string check(bool of_taps) const {
    std::vector<float> made(input.size());
    (of_taps ? taps : y).take(made.data());
    for (std::size_t const h : {std::size_t{0}, systems.size() - 1}) {
      auto const n = static_cast<std::size_t>(length);
      std::vector<double> expected(n);
      if (of_taps)
        expected = ssm::diagonal_kernel(systems[h], length);
      else
        ssm::layer(std::span(&systems[h], 1))
            .run(std::vector<double>(input.begin() + static_cast<std::ptrdiff_t>(h * n),
                                     input.begin() + static_cast<std::ptrdiff_t>((h + 1) * n)),
                 1, expected);
      if (std::string const wrong = difference(made.data() + h * n, expected); !wrong.empty()) return wrong;
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

void add(benchmark_name const& name, index_t states, std::function<void(device_s4d&)> const& pass, bool of_taps) {
  auto const body = [=](benchmark::State& state) {
    try {
      if (!gpu::why_none().empty()) return state.SkipWithError((not_run + gpu::why_none()).c_str());
      device_s4d on(states, name.lanes, name.time);
      (of_taps ? on.taps : on.y).bytes().fill(0xff);
      pass(on);
      gpu::wait();
      if (std::string const wrong = on.check(of_taps); !wrong.empty()) return state.SkipWithError(wrong.c_str());
      gpu::batch const timed([&](std::size_t) { pass(on); }, gpu::launching::by_graph, 1);
      for (auto _ : state) state.SetIterationTime(timed.seconds() / static_cast<double>(timed.passes()));
      state.SetLabel(gpu::words_of(timed.how()));
    } catch (std::exception const& error) { state.SkipWithError(error.what()); }
  };
  benchmark::RegisterBenchmark(name.text().c_str(), body)->UseManualTime();
}

// S4's kernels of all channels; C~, the roots and the plan are made outside.
void add_low_rank(benchmark_name const& name) {
  auto const body = [=](benchmark::State& state) {
    try {
      if (!gpu::why_none().empty()) return state.SkipWithError((not_run + gpu::why_none()).c_str());
      auto const systems = s4_channels(name.state_size, name.lanes);
      device::dplr_kernels<float> const kernels(systems, name.time);
      gpu::array<float> taps(static_cast<std::size_t>(name.lanes * name.time));
      gpu::memory const workspace(kernels.workspace_bytes());
      auto const pass = [&] {
        kernels.generate({taps.data(), name.lanes, name.time},
                         {.stream = gpu::the_stream(), .workspace = workspace.span()});
      };
      taps.bytes().fill(0xff);
      pass();
      gpu::wait();
      std::vector<float> made(taps.size());
      taps.take(made.data());
      for (std::size_t const h : {std::size_t{0}, systems.size() - 1})
        if (std::string const wrong = difference(made.data() + static_cast<index_t>(h) * name.time,
                                                 ssm::dplr_kernel<double>(systems[h], name.time));
            !wrong.empty())
          return state.SkipWithError(wrong.c_str());
      gpu::batch const timed([&](std::size_t) { pass(); }, gpu::launching::by_graph, 1);
      for (auto _ : state) state.SetIterationTime(timed.seconds() / static_cast<double>(timed.passes()));
      state.SetLabel(gpu::words_of(timed.how()));
    } catch (std::exception const& error) { state.SkipWithError(error.what()); }
  };
  benchmark::RegisterBenchmark(name.text().c_str(), body)->UseManualTime();
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
            name, n, [](device_s4d& on) { on.kernel(); }, true);
        if (n <= 64) {  // beyond, C~ of every channel on the host takes longer than all else
          name.algorithm = "dplr";
          add_low_rank(name);
        }
        name.operation = "layer", name.algorithm = "convolution";
        auto const both = [](device_s4d& on) { on.kernel(), on.convolve(); };
        add(name, n, both, false);
        name.algorithm = "scan";
        add(
            name, n, [](device_s4d& on) { on.scan(); }, false);
        if (n != states.front()) continue;  // which the transforms do not see
        name.operation = "convolution", name.algorithm = "fft";
        add(
            name, n, [](device_s4d& on) { on.convolve(); }, false);
      }
    }
  }
}

}  // namespace ssmscan::bench
