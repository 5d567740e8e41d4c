// What does each way of computing an S4 layer cost, and where does a scan beat the FFT convolution?
//
//   kernel.T/{powers,vandermonde_taps,vandermonde,dplr}  the convolution kernel of one channel, or of `lanes` channels
//   convolution.T/{direct,fft}                      with kernels that are there
//   convolution.f32/{bare_ffts,dplr_fft}            `lanes` channels: many_channels.hpp. Counters, medians of 9 rounds:
//                                                   times_bare_ffts, C~ and roots kept by the layer;
//                                                   times_bare_ffts_from_c, by a layer made in the pass;
//                                                   times_halved_ffts, over the transforms as they are run
//   layer.T/{recurrence,convolution,SCAN}           S4D from input to output; lanes = channels
//   .../cuda                                        device.hpp
//   kernel.T/{powers,dplr,dplr_roots}.fit           exponents of N and of L, fitted by least squares to the logarithms of
//                                                   times; dplr: sums by blocks, dplr_roots: root by root
// Each is held against another form first: a kernel against powers, a convolution against the definition (above 2^14
// samples at some hundred of them), a layer against mode recurrence, which is held against the convolution; dplr_fft
// both with C~ kept and from c. Counter bytes_beside: the greatest memory of the process during a pass, beyond what it
// had before (on a device: device.hpp).
#include <algorithm>
#include <functional>
#include <string>

#include "bench/common/contender.hpp"
#include "bench/common/main.hpp"
#include "bench/common/names.hpp"
#include "bench/ssm/cells.hpp"
#include "bench/ssm/device.hpp"
#include "bench/ssm/many_channels.hpp"
#include "bench/ssm/systems.hpp"
#include <benchmark/benchmark.h>

#include <ssmscan/scan/backends/openmp.hpp>
#include <ssmscan/scan/backends/serial.hpp>
#include <ssmscan/ssm/convolution.hpp>
#include <ssmscan/ssm/kernels/diagonal.hpp>
#include <ssmscan/ssm/kernels/dplr.hpp>
#include <ssmscan/ssm/kernels/dplr_tables.hpp>
#include <ssmscan/ssm/kernels/naive.hpp>
#include <ssmscan/ssm/layer.hpp>

namespace ssmscan::bench {
namespace {

using complex = std::complex<double>;

std::size_t at(index_t i) { return static_cast<std::size_t>(i); }

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

// A pass of what is fitted: of S4's kernel the sums alone, without the inverse transform, which knows no N.
template <class T>
std::function<void()> fitted_pass(std::string const& algorithm, index_t states, index_t length) {
  if (!algorithm.starts_with("dplr"))
    return [generate = kernel_by<T>(algorithm, states, length)] { benchmark::DoNotOptimize(generate()); };
  auto const tables = std::make_shared<ssm::detail::dplr_tables<T> const>(
      ssm::detail::make_dplr_tables<T>(s4_channels(states, 1), length, ssm::read_out_kind::recurrence, 1));
  auto const spectrum = std::make_shared<std::vector<std::complex<T>>>(at(tables->roots.padded()));
  return [tables, spectrum] {
    auto const& [roots, blocks, channels] = *tables;
    if (channels[0].blocks.empty())
      ssm::detail::dplr_spectrum(roots, channels[0].poles, spectrum->data());
    else
      ssm::detail::dplr_spectrum_by_blocks(roots, blocks, channels[0].poles, channels[0].blocks, spectrum->data());
    benchmark::DoNotOptimize(spectrum->data());
  };
}

template <class T>
void add_fit(std::string const& fitted, std::string const& algorithm, std::vector<index_t> const& states,
             std::vector<index_t> const& lengths, benchmark_name name) {
  index_t const one_state = states[states.size() / 2], one_length = lengths[lengths.size() / 2];
  name.algorithm = fitted + ".fit", name.time = one_length, name.state_size = one_state;
  add(name, 60, [=] {
    auto const by_states = std::make_shared<double>(0), by_length = std::make_shared<double>(0);
    return work{[=] {
                  *by_states = exponent(states, [&](index_t n) { return fitted_pass<T>(algorithm, n, one_length); });
                  *by_length = exponent(lengths, [&](index_t l) { return fitted_pass<T>(algorithm, one_state, l); });
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

// Why S4D of that size is not begun: more memory than may be asked for (input, output and their checks), or more time
// than a pass may take even at one step of one eigenvalue a nanosecond. Empty: it is.
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

// States are complex double, which not every algorithm takes.
bool takes_states(std::string_view algorithm) {
  return std::ranges::any_of(capabilities(), [&](capability const& row) {
    return row.algorithm == algorithm && row.dtype == dtype_name<std::complex<double>>;
  });
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
                    run(mode == ssm::mode::recurrence ? ssm::mode::convolution : ssm::mode::recurrence, expected);
                    return difference<double, double>(*y, expected);
                  }};
    });
  };
  for (std::string const& backend : backend_names()) {
    add_mode("recurrence", backend, ssm::mode::recurrence);
    add_mode("convolution", backend, ssm::mode::convolution);
    for (std::string const& algorithm : algorithm_names())
      if (takes_states(algorithm) && info_of<simd::algorithms>(algorithm)->formula != log_formula::as_printed)
        add_mode(algorithm, backend, ssm::mode::scan);
  }
}

// Against y[t] = sum_k kernel[k] u[t-k] in double, at every t of up to 2^14 samples, of more at some hundred, the last
// among them: an odd number of steps apart, so that they lie anywhere in a transform.
template <class T>
std::string off_the_definition(std::vector<T> const& kernel, std::vector<T> const& u, std::vector<T> const& y) {
  index_t const length = static_cast<index_t>(u.size()), apart = length > (1 << 14) ? length / 100 | 1 : 1;
  std::vector<double> expected;
  std::vector<T> computed;
  for (index_t t = length - 1; t >= 0; t -= apart) {
    double sum = 0;
    for (index_t k = 0; k <= t; ++k) sum += static_cast<double>(kernel[at(k)]) * static_cast<double>(u[at(t - k)]);
    expected.push_back(sum), computed.push_back(y[at(t)]);
  }
  return difference<T, double>(computed, expected);
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
                  [=] { return off_the_definition(kernel, u, *y); }};
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
  // What is fitted is one algorithm: from 64 states on both types sum by blocks, below 32 both root by root.
  std::vector<index_t> const many{1 << 12, 1 << 13, 1 << 14, 1 << 15, 1 << 16};
  add_fit<T>("dplr", "dplr", {64, 96, 128, 192, 256}, many, name);
  add_fit<T>("dplr_roots", "dplr", {8, 12, 16, 24, 30}, many, name);
  add_fit<T>("powers", "powers", {32, 64, 128, 256}, {1 << 7, 1 << 8, 1 << 9}, name);
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
