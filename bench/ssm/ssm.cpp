// What does each way of computing an S4 layer cost, and where does a scan beat the FFT convolution?
//
//   kernel.T/{powers,vandermonde_taps,vandermonde,dplr}  the convolution kernel of one channel, or of `lanes` channels
//   convolution.T/{direct,fft}                      with kernels that are there
//   convolution.f32/{bare_ffts,dplr_fft}            `lanes` channels: the three transforms of each and nothing else, in memory
//                                                   that is kept; and S4's kernels and convolution, all of it. Counters:
//                                                   times_bare_ffts with C~ given, which S4 learns, and the roots made;
//                                                   times_bare_ffts_from_c with both made in the pass from the recurrence's
//                                                   c, as layer::run does at every call in mode convolution
//   layer.T/{recurrence,convolution,SCAN}           S4D from input to output; lanes = channels
//   .../cuda                                        device.hpp
//   kernel.T/ALGORITHM.fit                          exponents of N and of L, fitted by least squares to the logarithms of times
// Each is held against a slower form first: a kernel against powers, a convolution and a layer against the definition.
// Counter bytes_beside: the greatest memory of the process during a pass, beyond what it had before (on a device: device.hpp).
#include <algorithm>
#include <chrono>
#include <functional>
#include <string>

#include "bench/common/main.hpp"
#include "bench/common/names.hpp"
#include "bench/common/peak_memory.hpp"
#include "bench/ssm/device.hpp"
#include "bench/ssm/systems.hpp"
#include <benchmark/benchmark.h>

#include <ssmscan/scan/backends/openmp.hpp>
#include <ssmscan/scan/backends/serial.hpp>
#include <ssmscan/ssm/convolution.hpp>
#include <ssmscan/ssm/detail/error_of_largest.hpp>
#include <ssmscan/ssm/detail/real_fft.hpp>
#include <ssmscan/ssm/kernels/diagonal.hpp>
#include <ssmscan/ssm/kernels/dplr.hpp>
#include <ssmscan/ssm/kernels/naive.hpp>
#include <ssmscan/ssm/layer.hpp>

namespace ssmscan::bench {
namespace {

using complex = std::complex<double>;

std::size_t at(index_t i) { return static_cast<std::size_t>(i); }

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

// Relative to the largest: what the floats and doubles of each form reach on these systems (docs/s4.md, tests/ssm).
template <class T>
constexpr double tolerance = std::is_same_v<T, float> ? 2e-5 : 1e-9;

template <class T, class U>
std::string difference(std::span<T const> computed, std::span<U const> expected) {
  double const error = ssm::detail::error_of_largest(computed, expected);
  if (error <= tolerance<T>) return "";
  return wrong_result + ("off by " + std::to_string(error) + " of the largest; need " + std::to_string(tolerance<T>));
}

double seconds_of(std::function<void()> const& pass) {
  auto const begin = std::chrono::steady_clock::now();
  pass();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}
double least_seconds(std::function<void()> const& pass, int times) {
  double least = seconds_of(pass);
  for (int i = 1; i < times; ++i) least = std::min(least, seconds_of(pass));
  return least;
}

struct work {
  std::function<void()> pass;
  std::function<std::string()> check;                             // empty: right
  std::function<void(benchmark::State&, double seconds)> told{};  // counters, from the seconds of a pass
};

// Verified, then timed; a pass beyond the limit is not.
void add(benchmark_name const& name, double limit, std::function<work()> const& make) {
  auto const body = [make, limit](benchmark::State& state) {
    try {
      work const made = make();
      double first = 0;
      std::size_t const beside = peak_bytes_of([&] { first = seconds_of(made.pass); });
      std::string wrong = made.check();
      if (wrong.empty() && first > limit)
        wrong = not_run + ("a pass takes over " + std::to_string(limit) + " s: " + std::to_string(first) + " s");
      if (!wrong.empty()) return state.SkipWithError(wrong.c_str());
      double timed = 0;
      for (auto _ : state) {
        double const seconds = seconds_of(made.pass);
        state.SetIterationTime(seconds);
        timed += seconds;
      }
      if (beside > 0) state.counters["bytes_beside"] = static_cast<double>(beside);
      if (made.told) made.told(state, timed / static_cast<double>(state.iterations()));
    } catch (std::exception const& error) { state.SkipWithError(error.what()); }
  };
  benchmark::RegisterBenchmark(name.text().c_str(), body)->UseManualTime();
}

std::vector<double> by_powers(ssm::dplr_system const& system, index_t length) {
  auto const whole = ssm::matrices_of(system);
  auto const discrete = ssm::discretize(whole.continuous, system.step, ssm::discretization::bilinear);
  std::vector<double> kernel;
  for (complex const tap : ssm::naive_kernel<complex>(discrete, whole.c, length)) kernel.push_back(tap.real());
  return kernel;
}

// A kernel generator of one channel, by name. What precedes generation (C~, roots) is made outside.
template <class T>
std::function<std::vector<T>()> kernel_by(std::string const& algorithm, index_t states, index_t length) {
  if (algorithm == "vandermonde")
    return [system = s4d_channels(states, 1)[0], length] { return ssm::diagonal_kernel<T>(system, length); };
  if (algorithm == "vandermonde_taps") {
    return [system = s4d_channels(states, 1)[0], length] {
      auto const made = ssm::diagonal_kernel_by_taps(system, length);
      return std::vector<T>(made.begin(), made.end());
    };
  }
  auto const systems = s4_channels(states, 1);
  if (algorithm == "powers") {
    auto const whole = ssm::matrices_of(systems[0]);
    auto const discrete = ssm::discretize(whole.continuous, systems[0].step, ssm::discretization::bilinear);
    return [discrete, c = whole.c, length] {
      std::vector<T> kernel;
      for (complex const tap : ssm::naive_kernel<complex>(discrete, c, length))
        kernel.push_back(static_cast<T>(tap.real()));
      return kernel;
    };
  }
  auto const generator = std::make_shared<ssm::dplr_kernels<T>>(systems, length, ssm::read_out_kind::recurrence, 1);
  return [generator, length] {
    std::vector<T> kernel(at(length));
    generator->generate(0, kernel);
    return kernel;
  };
}

template <class T>
work kernel_work(std::string const& algorithm, index_t states, index_t length) {
  auto const generate = kernel_by<T>(algorithm, states, length);
  auto const made = std::make_shared<std::vector<T>>();
  return {[=] { *made = generate(); },
          [=] {
            std::vector<double> expected;
            if (algorithm.starts_with("vandermonde")) {
              auto const system = s4d_channels(states, 1)[0];
              auto const discrete = ssm::discretize(system);
              for (complex const tap : ssm::naive_kernel(discrete.a, discrete.b, system.c, length))
                expected.push_back(2 * tap.real());
            } else {
              expected = by_powers(s4_channels(states, 1)[0], length);
            }
            return difference<T, double>(*made, expected);
          }};
}

// The slope of log(seconds) over log(size).
double exponent(std::vector<index_t> const& sizes, std::function<std::function<void()>(index_t)> const& pass_of) {
  double sx = 0, sy = 0, sxx = 0, sxy = 0;
  for (index_t const size : sizes) {
    auto const pass = pass_of(size);
    double const x = std::log(static_cast<double>(size)), y = std::log(least_seconds(pass, 5));
    sx += x, sy += y, sxx += x * x, sxy += x * y;
  }
  double const n = static_cast<double>(sizes.size());
  return (n * sxy - sx * sy) / (n * sxx - sx * sx);
}

template <class T>
void add_fit(std::string const& algorithm, std::vector<index_t> const& states, std::vector<index_t> const& lengths,
             benchmark_name name) {
  index_t const one_state = states[states.size() / 2], one_length = lengths[lengths.size() / 2];
  name.algorithm = algorithm + ".fit", name.time = one_length, name.state_size = one_state;
  add(name, 60, [=] {
    auto const by_states = std::make_shared<double>(0), by_length = std::make_shared<double>(0);
    auto const pass = [](auto generate) { return [generate] { benchmark::DoNotOptimize(generate()); }; };
    return work{
        [=] {
          *by_states = exponent(states, [&](index_t n) { return pass(kernel_by<T>(algorithm, n, one_length)); });
          *by_length = exponent(lengths, [&](index_t l) { return pass(kernel_by<T>(algorithm, one_state, l)); });
        },
        [=] {
          work const held = kernel_work<T>(algorithm, one_state, one_length);
          held.pass();
          return held.check();
        },
        [=](benchmark::State& state, double) {
          state.counters["exponent_of_N"] = *by_states;
          state.counters["exponent_of_L"] = *by_length;
        }};
  });
}

// S4's kernels and convolution of `channels` channels of floats against their transforms alone: the kernel's, the input's
// and the inverse, each padded to twice the length.
struct many_channels {
  many_channels(index_t states, index_t channel_count, index_t samples)
      : systems(s4_channels(states, channel_count)),
        generator(systems, samples),
        input(some_signal<float>(channel_count * samples)),
        output(input.size()),
        length(samples),
        channels(channel_count) {}

  template <class B>
  void from_read_out(B& on) {
    int threads = 1;
    if constexpr (std::is_same_v<B, openmp>) threads = on.threads();
    kernels_and_convolution(on, {systems, length, ssm::read_out_kind::recurrence, threads});
  }
  template <class B>
  void kernels_and_convolution(B& on) {
    kernels_and_convolution(on, generator);
  }
  template <class B>
  void kernels_and_convolution(B& on, ssm::dplr_kernels<float> const& by) {
    on.blocks(channels, [&](index_t h) {
      std::vector<float> kernel(at(length));
      by.generate(h, kernel);
      auto const row = [&](auto& of) { return std::span(of).subspan(at(h * length), at(length)); };
      std::span<float const> const u = row(input);
      ssm::causal_convolution(kernel, u, 1, row(output), ssm::convolution_method::fft);
      auto const y = row(output);
      auto const d = static_cast<float>(systems[at(h)].d);
      for (std::size_t t = 0; t < u.size(); ++t) y[t] += d * u[t];
    });
  }
  template <class B>
  void bare_transforms(B& on) {
    ssm::detail::real_fft<float> const fft(ssm::padded_length(length, length));
    on.blocks(channels, [&](index_t) {
      static thread_local std::vector<float> time = some_signal<float>(fft.points());
      static thread_local std::vector<std::complex<float>> spectrum(at(fft.bins()));
      time.resize(at(fft.points())), spectrum.resize(at(fft.bins()));
      fft.forward(time.data(), spectrum.data());
      fft.forward(time.data(), spectrum.data());
      fft.backward(spectrum.data(), time.data());
      benchmark::DoNotOptimize(time.data());
    });
  }
  // Of the first and the last channel, against the definition in double.
  std::string check() const {
    for (index_t const h : {index_t{0}, channels - 1}) {
      std::vector<double> const u(input.begin() + h * length, input.begin() + (h + 1) * length);
      std::vector<double> y(u.size());
      ssm::layer(std::span(&systems[at(h)], 1)).run(u, 1, y);
      auto const wrong = difference<float, double>(std::span(output).subspan(at(h * length), at(length)), y);
      if (!wrong.empty()) return wrong;
    }
    return "";
  }

  std::vector<ssm::dplr_system> systems;
  ssm::dplr_kernels<float> generator;
  std::vector<float> input, output;
  index_t length, channels;
};

template <class B>
void add_many(index_t states, index_t channels, index_t length, options const& given) {
  benchmark_name name{"ssm", "convolution", "f32", "bare_ffts", std::string(B::name), channels, length};
  name.state_size = states;
  double const limit = 10 * given.max_seconds;
  add(name, limit, [=] {
    auto const data = std::make_shared<many_channels>(states, channels, length);
    auto const on = std::make_shared<B>();
    return work{[=] { data->bare_transforms(*on); }, [] { return std::string(); }};
  });
  name.algorithm = "dplr_fft";
  add(name, limit, [=] {
    auto const data = std::make_shared<many_channels>(states, channels, length);
    auto const on = std::make_shared<B>();
    return work{[=] { data->kernels_and_convolution(*on); }, [=] { return data->check(); },
                [=](benchmark::State& state, double) {
                  // Alternately, so that what disturbs one disturbs the other.
                  double whole = 1e300, bare = 1e300, from_c = 1e300;
                  for (int i = 0; i < 5; ++i) {
                    whole = std::min(whole, seconds_of([&] { data->kernels_and_convolution(*on); }));
                    bare = std::min(bare, seconds_of([&] { data->bare_transforms(*on); }));
                    from_c = std::min(from_c, seconds_of([&] { data->from_read_out(*on); }));
                  }
                  state.counters["times_bare_ffts"] = whole / bare;
                  state.counters["times_bare_ffts_from_c"] = from_c / bare;
                }};
  });
}

// Why S4D of that size is not begun: more memory than may be asked for (input, output and their checks), or more time than a
// pass may take even at one step of one eigenvalue a nanosecond. Empty: it is.
std::string too_large(index_t states, index_t channels, index_t length, double limit) {
  constexpr double greatest_bytes = 0x1p30, least_seconds_a_step = 1e-9;
  double const samples = static_cast<double>(channels) * static_cast<double>(length);
  if (double const bytes = 4 * sizeof(double) * samples; bytes > greatest_bytes)
    return not_run + ("memory: " + std::to_string(bytes / greatest_bytes) + " GiB; the limit is 1 GiB");
  if (double const least = least_seconds_a_step * samples * static_cast<double>(states) / 2; least > limit)
    return not_run +
           ("time: a pass takes over " + std::to_string(limit) + " s: at least " + std::to_string(least) + " s");
  return "";
}

// S4D from input to output.
void add_layers(index_t states, index_t channels, index_t length, options const& given) {
  auto const add_mode = [&](std::string const& algorithm, std::string const& backend, ssm::mode mode) {
    benchmark_name name{"ssm", "layer", "f64", algorithm, backend, channels, length};
    name.state_size = states;
    if (std::string const why = too_large(states, channels, length, given.max_seconds); !why.empty()) {
      benchmark::RegisterBenchmark(name.text().c_str(),
                                   [why](benchmark::State& state) { state.SkipWithError(why.c_str()); });
      return;
    }
    add(name, given.max_seconds, [=] {
      auto const systems = s4d_channels(states, channels);
      auto const layer = std::make_shared<ssm::layer>(std::span(systems));
      auto const u = std::make_shared<std::vector<double>>(some_signal<double>(channels * length));
      auto const y = std::make_shared<std::vector<double>>(u->size());
      tensor_shape const shape{1, channels, length};
      auto const run = [=](ssm::mode in, std::vector<double>& out) {
        ssm::layer_execution how{.mode = in};
        if (in == ssm::mode::scan) how.scan.algorithm = algorithm;
        how.scan.backend = backend;
        layer->run<double>({.input = {u->data(), shape}, .output = {out.data(), shape}}, how);
      };
      return work{[=] { run(mode, *y); },
                  [=] {
                    std::vector<double> expected(y->size());
                    run(ssm::mode::recurrence, expected);
                    return difference<double, double>(*y, expected);
                  }};
    });
  };
  for (std::string const& backend : backend_names()) {
    add_mode("recurrence", backend, ssm::mode::recurrence);
    add_mode("convolution", backend, ssm::mode::convolution);
    for (std::string const& algorithm : algorithm_names())
      if (algorithm != "heinsen.plain") add_mode(algorithm, backend, ssm::mode::scan);
  }
}

template <class T>
void add_convolutions(index_t length, options const& given) {
  for (auto const& [algorithm, method] :
       {std::pair{"direct", ssm::convolution_method::direct}, {"fft", ssm::convolution_method::fft}}) {
    benchmark_name const name{"ssm", "convolution", std::is_same_v<T, float> ? "f32" : "f64", algorithm, "serial",
                              1,     length};
    add(name, given.max_seconds, [=, method = method] {
      auto const kernel = kernel_by<T>("dplr", 64, length)(), u = some_signal<T>(length);
      auto const y = std::make_shared<std::vector<T>>(u.size());
      return work{[=] { ssm::causal_convolution(kernel, u, 1, *y, method); },
                  [=] {
                    if (length > (1 << 14))
                      return std::string();  // the definition costs the square; held at all lengths below
                    std::vector<double> const k(kernel.begin(), kernel.end()), v(u.begin(), u.end());
                    std::vector<double> expected(u.size());
                    ssm::causal_convolution(k, v, 1, expected, ssm::convolution_method::direct);
                    return difference<T, double>(*y, expected);
                  }};
    });
  }
}

template <class T>
void add_kernels(std::vector<index_t> const& states, std::vector<index_t> const& lengths, options const& given) {
  benchmark_name name{"ssm", "kernel", std::is_same_v<T, float> ? "f32" : "f64", "", "serial"};
  for (std::string const algorithm : {"powers", "vandermonde_taps", "vandermonde", "dplr"}) {
    for (index_t const n : states) {
      for (index_t const length : lengths) {
        if (length > (1 << 14) && algorithm == "powers") continue;
        name.algorithm = algorithm, name.time = length, name.state_size = n;
        add(name, given.max_seconds, [=] { return kernel_work<T>(algorithm, n, length); });
      }
    }
  }
  add_fit<T>("dplr", {32, 64, 128, 256}, {1 << 12, 1 << 13, 1 << 14, 1 << 15, 1 << 16}, name);
  add_fit<T>("powers", {32, 64, 128, 256}, {1 << 7, 1 << 8, 1 << 9}, name);
}

}  // namespace
}  // namespace ssmscan::bench

int main(int argc, char** argv) {
  using namespace ssmscan;
  return bench::run_main(argc, argv, [](bench::options const& given) {
    std::vector<index_t> states{4, 64}, lengths{1 << 8, 1 << 11, 1 << 14};
    if (!given.quick) states = {4, 16, 64, 256}, lengths = {1 << 8, 1 << 10, 1 << 12, 1 << 14, 1 << 16, 1 << 18};
    bench::add_kernels<float>(states, lengths, given);
    bench::add_kernels<double>(states, lengths, given);
    for (index_t const length : lengths) {
      bench::add_convolutions<float>(length, given);
      bench::add_convolutions<double>(length, given);
      for (index_t const n : states)
        for (index_t const channels : given.quick ? std::vector<index_t>{1} : std::vector<index_t>{1, 32, 512})
          bench::add_layers(n, channels, length, given);
    }
    bench::add_many<serial>(64, 512, 1 << 14, given);
    bench::add_many<openmp>(64, 512, 1 << 14, given);
#if SSMSCAN_BENCH_SSM_CUDA
    bench::add_device(states, given.quick ? std::vector<index_t>{1} : std::vector<index_t>{1, 32, 512}, lengths, given);
#endif
  });
}
