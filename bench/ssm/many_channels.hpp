#pragma once
// S4's kernels and convolution of many channels of floats, as layer::run makes them, against the transforms of a
// convolution alone: the kernel's, the input's and the inverse, each of a real signal padded to twice the length.
#include <algorithm>
#include <complex>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bench/ssm/cells.hpp"
#include "bench/ssm/systems.hpp"

#include <ssmscan/ssm/convolution.hpp>
#include <ssmscan/ssm/detail/real_fft.hpp>
#include <ssmscan/ssm/layer.hpp>

namespace ssmscan::bench {

struct many_channels {
  many_channels(index_t states, index_t channel_count, index_t samples)
      : systems(s4_channels(states, channel_count)),
        layer(std::span<ssm::dplr_system const>(systems)),
        input(some_signal<float>(channel_count * samples)),
        output(input.size()),
        length(samples),
        channels(channel_count) {}

  template <class B>
  void run(ssm::layer const& by) {
    tensor_shape const shape{1, channels, length};
    by.run<float>({.input = {input.data(), shape}, .output = {output.data(), shape}},
                  {.mode = ssm::mode::convolution, .scan = {.backend = B::name}});
  }
  template <class B>
  void kernels_and_convolution() {
    run<B>(layer);
  }
  template <class B>
  void from_read_out() {
    run<B>(ssm::layer(layer.systems()));
  }
  template <class B>
  void bare_transforms(B& on) const {
    ssm::detail::real_fft<float> const fft(ssm::padded_length(length, length));
    on.blocks(channels, [&](index_t) {
      static thread_local std::vector<float> time = some_signal<float>(fft.points());
      static thread_local std::vector<std::complex<float>> spectrum;
      time.resize(static_cast<std::size_t>(fft.points())), spectrum.resize(static_cast<std::size_t>(fft.bins()));
      fft.forward(time.data(), spectrum.data());
      fft.forward(time.data(), spectrum.data());
      fft.backward(spectrum.data(), time.data());
      benchmark::DoNotOptimize(time.data());
    });
  }
  // The same as the convolution runs them: each as one of even and one of odd frequencies, of half the points.
  template <class B>
  void halved_transforms(B& on) const {
    ssm::detail::real_fft<float> const even(ssm::padded_length(length, length) / 2);
    ssm::detail::odd_fft<float> const odd(even.points());
    on.blocks(channels, [&](index_t) {
      static thread_local std::vector<float> time = some_signal<float>(even.points());
      static thread_local std::vector<std::complex<float>> spectrum;
      time.resize(static_cast<std::size_t>(even.points())), spectrum.resize(static_cast<std::size_t>(even.bins()));
      for (int i = 0; i < 2; ++i) even.forward(time.data(), spectrum.data()), odd.forward(time.data(), spectrum.data());
      odd.backward(spectrum.data(), time.data());
      spectrum.back() = 0;
      even.backward(spectrum.data(), time.data());
      benchmark::DoNotOptimize(time.data());
    });
  }
  // The bare transforms are transforms: one way and back gives the signal.
  std::string check_transforms() const {
    ssm::detail::real_fft<float> const fft(ssm::padded_length(length, length));
    std::vector<float> const signal = some_signal<float>(fft.points());
    std::vector<float> time = signal;
    std::vector<std::complex<float>> spectrum(static_cast<std::size_t>(fft.bins()));
    fft.forward(time.data(), spectrum.data());
    std::fill(time.begin(), time.end(), 0.0f);
    fft.backward(spectrum.data(), time.data());
    return difference<float, double>(time, std::vector<double>(signal.begin(), signal.end()));
  }
  // Of the first and the last channel, against the definition in double.
  std::string check() const {
    for (index_t const h : {index_t{0}, channels - 1}) {
      std::vector<double> const u(input.begin() + h * length, input.begin() + (h + 1) * length);
      std::vector<double> y(u.size());
      ssm::layer(std::span(&systems[static_cast<std::size_t>(h)], 1)).run(u, 1, y);
      std::span<float const> const made(output);
      auto const wrong = difference<float, double>(
          made.subspan(static_cast<std::size_t>(h * length), static_cast<std::size_t>(length)), y);
      if (!wrong.empty()) return wrong;
    }
    return "";
  }

  std::vector<ssm::dplr_system> systems;
  ssm::layer layer;
  std::vector<float> input, output;
  index_t length, channels;
};

// The median of ratios, each of passes one after the other, with the least and the greatest.
struct ratios {
  std::vector<double> of;
  void report(benchmark::State& state, std::string const& name) const {
    std::vector<double> sorted = of;
    std::sort(sorted.begin(), sorted.end());
    state.counters[name] = sorted[sorted.size() / 2];
    state.counters[name + "_least"] = sorted.front();
    state.counters[name + "_most"] = sorted.back();
  }
};

// A layer's pass over the bare transforms', by rounds of all of them.
struct times_transforms {
  ratios kept, from_c, of_halves;
};
template <class B>
times_transforms measure_ratios(many_channels& data, B& on, int rounds) {
  times_transforms found;
  for (int i = 0; i < rounds; ++i) {
    double const bare = seconds_of([&] { data.bare_transforms(on); });
    double const whole = seconds_of([&] { data.template kernels_and_convolution<B>(); });
    double const halves = seconds_of([&] { data.halved_transforms(on); });
    found.kept.of.push_back(whole / bare), found.of_halves.of.push_back(whole / halves);
    found.from_c.of.push_back(seconds_of([&] { data.template from_read_out<B>(); }) / bare);
  }
  return found;
}

template <class B>
void add_many(index_t states, index_t channels, index_t length, options const& given) {
  benchmark_name name{"ssm", "convolution", "f32", "bare_ffts", std::string(B::name), channels, length};
  name.state_size = states;
  double const limit = 10 * given.max_seconds;
  add(name, limit, [=] {
    auto const data = std::make_shared<many_channels>(states, channels, length);
    auto const on = std::make_shared<B>();
    return work{[=] { data->bare_transforms(*on); }, [=] { return data->check_transforms(); }};
  });
  name.algorithm = "dplr_fft";
  add(name, limit, [=] {
    auto const data = std::make_shared<many_channels>(states, channels, length);
    auto const on = std::make_shared<B>();
    auto const found = std::make_shared<std::optional<times_transforms>>();  // once for all repetitions
    return work{[=] { data->kernels_and_convolution<B>(); },
                [=] {
                  std::string wrong = data->check();
                  if (!wrong.empty()) return wrong;
                  std::fill(data->output.begin(), data->output.end(), 0.0f);
                  data->from_read_out<B>();
                  return data->check();
                },
                [=](benchmark::State& state, double) {
                  if (!*found) *found = measure_ratios(*data, *on, 9);
                  (*found)->kept.report(state, "times_bare_ffts");
                  (*found)->from_c.report(state, "times_bare_ffts_from_c");
                  (*found)->of_halves.report(state, "times_halved_ffts");
                }};
  });
}

}  // namespace ssmscan::bench
