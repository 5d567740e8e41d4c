#pragma once
// How far each mode of a layer may be from the exact recurrence of its numbers, on a piece of signal, from norms alone.
// Every system here is a contraction, ||A|| <= 1, so that no state is larger than X = ||x0|| + ||B|| sum |u| and no
// error grows. In units of X, over `length` steps, n states:
//   recurrence     (length + 1) e, e the error of one step: (sqrt(5) + inputs + 2) u diagonal, (n + inputs + 2) u ||A||_F dense,
//                  errors_of_step of a diagonal plus low-rank one
//   diagonal scan  any tree: 2u (N + d S), N <= length S, d <= length + 4 (docs/numerics.md); heinsen: its own bound, lane by lane
//   matrix scan    m (m N + (m d + 1) S) u, m real states (ssm/detail/dense_bounds.hpp), and the distance of its matrix, each step
//   convolution    the kernel's error times sum |u|; the direct sum's or the transform's bound; the recurrence's for the past
// The read-out adds (n + 3) u ||C|| X, D (inputs + 2) u |D| sum |u|, and a result in T its own rounding.
#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tests/worst.hpp"

#include <ssmscan/scan/reference/heinsen_bound.hpp>
#include <ssmscan/ssm/detail/layer_bounds.hpp>
#include <ssmscan/ssm/detail/low_rank_bounds.hpp>
#include <ssmscan/ssm/kernels/diagonal.hpp>
#include <ssmscan/ssm/layer.hpp>

namespace ssmscan::ssm::test {

using complex = std::complex<double>;

struct bounded_system {
  linear_system_ptr system{};
  double b = 0, c = 0, d = 0;                  // norms; the largest |D|
  double weight = 1;                           // of a state's norm: sqrt(2) for a half spectrum
  double step = 0;                             // e
  double matrix = 0;                           // distance of the matrix that a scan runs
  index_t real_states = 0;                     // m; 0: diagonal
  std::vector<complex> a{}, driven{}, read{};  // of a diagonal one: (n), (n, inputs), (outputs, n) with the factor 2
  std::function<double(index_t)> kernel_of_doubles{}, kernel_of_floats{};
};

// Each length once.
inline std::function<double(index_t)> remembered(std::function<double(index_t)> of_length) {
  auto const known = std::make_shared<std::map<index_t, double>>();
  return [known, of_length](index_t length) {
    auto const [found, fresh] = known->try_emplace(length, 0);
    if (fresh) found->second = of_length(length);
    return found->second;
  };
}

inline double norm_of(std::vector<complex> const& values) {
  double squares = 0;
  for (complex const& value : values) squares += std::norm(value);
  return std::sqrt(squares);
}

inline bounded_system bounded(mimo_diagonal_system const& of) {
  using detail::unit;
  bounded_system made{.system = diagonal(of)};
  bool const half = of.kept == spectrum::half;
  made.weight = half ? std::sqrt(2.0) : 1;
  index_t const states = static_cast<index_t>(of.lambda.size());
  auto const pairs = std::make_shared<std::vector<diagonal_system>>();
  for (index_t p = 0; p < of.outputs; ++p) {
    for (index_t q = 0; q < of.inputs; ++q) {
      // A step of its own is a unit step of a system that runs that much faster.
      diagonal_system pair{.step = of.step.size() == 1 ? of.step[0] : 1, .rule = of.rule, .kept = of.kept};
      for (index_t n = 0; n < states; ++n) {
        auto const at = [](index_t i) { return static_cast<std::size_t>(i); };
        double const faster = of.step.size() == 1 ? 1 : of.step[at(n)];
        pair.lambda.push_back(faster * of.lambda[at(n)]), pair.b.push_back(faster * of.b[at(n * of.inputs + q)]);
        pair.c.push_back(of.c[at(p * states + n)]);
      }
      pairs->push_back(pair);
    }
  }
  made.driven.resize(static_cast<std::size_t>(states * of.inputs));
  for (index_t q = 0; q < of.inputs; ++q) {
    discrete_diagonal const discrete = discretize((*pairs)[static_cast<std::size_t>(q)]);
    made.a = discrete.a;
    for (index_t n = 0; n < states; ++n)
      made.driven[static_cast<std::size_t>(n * of.inputs + q)] = discrete.b[static_cast<std::size_t>(n)];
  }
  for (complex const& c : of.c) made.read.push_back((half ? 2.0 : 1.0) * c);
  made.b = made.weight * norm_of(made.driven), made.c = made.weight * norm_of(of.c);
  for (double const d : of.d) made.d = std::max(made.d, std::abs(d));
  made.step = (detail::sqrt_5 + static_cast<double>(of.inputs) + 2) * unit<double>;
  auto const largest = [pairs](index_t length, auto bound) {
    double most = 0;
    for (auto const& pair : *pairs)
      for (double const tap : bound(pair, length)) most = std::max(most, tap);
    return most;
  };
  made.kernel_of_doubles = remembered([largest](index_t length) {
    return largest(length, [](auto const& pair, index_t l) { return diagonal_kernel_bound<double>(pair, l); });
  });
  made.kernel_of_floats = remembered([largest](index_t length) {
    return largest(length, [](auto const& pair, index_t l) { return diagonal_kernel_bound<float>(pair, l); });
  });
  return made;
}

inline bounded_system bounded(diagonal_system const& of) {
  return bounded(mimo_diagonal_system{
      .lambda = of.lambda, .b = of.b, .c = of.c, .d = {of.d}, .step = {of.step}, .rule = of.rule, .kept = of.kept});
}

inline bounded_system bounded(dplr_system const& of) {
  bounded_system made{.system = diagonal_plus_low_rank(of)};
  made.weight = std::sqrt(of.read_out_factor());
  made.b = of.step * made.weight * norm_of(of.b), made.c = made.weight * norm_of(of.c), made.d = std::abs(of.d);
  auto const errors = detail::errors_of_step(of);
  made.step = std::max(errors.of_state, errors.of_input / made.b);
  made.real_states = 2 * of.size();
  made.matrix = made.step * std::sqrt(static_cast<double>(made.real_states));
  auto const largest = [of]<class T>(index_t length, T) {
    auto const whole = matrices_of(of);
    auto const discrete = discretize(whole.continuous, of.step, discretization::bilinear);
    auto const powers = detail::bound_of_powers(of, discrete, whole.c, length);
    auto const taps = detail::bound_of_dplr_kernel<T>(of, length, powers, detail::spectrum_form::by_tangents);
    return *std::max_element(taps.begin(), taps.end());
  };
  made.kernel_of_doubles = remembered([largest](index_t length) { return largest(length, double()); });
  made.kernel_of_floats = remembered([largest](index_t length) { return largest(length, float()); });
  return made;
}

inline bounded_system bounded(discrete_dense const& of) {
  using detail::unit;
  bounded_system made{.system = dense(of)};
  made.b = of.b.norm(), made.c = of.c.norm(), made.d = of.d.cwiseAbs().maxCoeff();
  double const n = static_cast<double>(of.a.rows());
  made.step = (n + static_cast<double>(of.b.cols()) + 2) * unit<double> * std::max(1.0, of.a.norm());
  made.real_states = of.a.rows();
  double const size = made.b * made.c, step = made.step;
  made.kernel_of_doubles = [size, step](index_t length) { return static_cast<double>(length + 1) * step * size; };
  made.kernel_of_floats = [size, step](index_t length) {
    return (static_cast<double>(length + 1) * step + unit<float>)*size;
  };
  return made;
}

struct mode_bound {
  double output, state;
};

// Of a sequence in the order of its time: u (inputs, length), x0 of `states` values or none.
template <class T>
mode_bound bound_of_mode(bounded_system const& of, std::vector<double> const& u, index_t length,
                         std::vector<complex> const& x0, layer_execution const& how) {
  if (length == 0) return {0, 0};  // what enters, leaves
  using namespace ssmscan::ssm::detail;
  double total = 0;
  for (double const sample : u) total += std::abs(sample);
  double const steps = static_cast<double>(length), n = static_cast<double>(of.system->states());
  double const inputs = static_cast<double>(of.system->inputs());
  double const size = of.weight * norm_of(x0) + of.b * total, u64 = unit<double>;
  double const read_out = (n + 3) * u64 * of.c * size + (inputs + 2) * u64 * of.d * total +
                          (std::is_same_v<T, float> ? unit<float> : u64) * (of.c * size + of.d * total);
  double state = (steps + 1) * of.step * size;  // recurrence
  double convolution = 0;
  if (how.mode == mode::convolution) {
    vector_norms kernel{0, 0}, input{total, 0};  // the largest of all inputs and outputs
    for (index_t p = 0; p < of.system->outputs(); ++p) {
      for (index_t q = 0; q < of.system->inputs(); ++q) {
        vector_norms const one = norms_of(std::span<double const>(of.system->kernel(p, q, length)));
        kernel = {std::max(kernel.one, one.one), std::max(kernel.two, one.two)};
      }
    }
    for (double const sample : u) input.two = std::hypot(input.two, sample);
    double const tap = (std::is_same_v<T, float> ? of.kernel_of_floats : of.kernel_of_doubles)(length);
    // Two inputs' norms add to at most sqrt(2) times that of both.
    convolution = total * tap +
                  (how.convolution == convolution_method::direct
                       ? (steps + 2) * unit<T> * kernel.two * std::sqrt(inputs) * input.two
                       : std::sqrt(inputs) * fft_convolution_bound<T>(padded_length(length, length), kernel, input));
  } else if (how.mode == mode::scan && of.real_states > 0) {
    double const m = static_cast<double>(of.real_states), d = steps + 4;
    state = (u64 * (m * (m * steps + m * d + 1) + m + inputs + 2) + (steps + 1) * (of.matrix + of.step)) * size;
  } else if (how.mode == mode::scan && how.scan.algorithm == "heinsen") {
    // Products with b and their sum are rounded before, inputs + 1 times.
    state = (inputs + 2) * u64 * size;
    double lanes = 0;
    for (std::size_t k = 0; k < of.a.size(); ++k) {
      std::vector<complex> const a(static_cast<std::size_t>(length), of.a[k]);
      std::vector<complex> driven(a.size());
      for (std::size_t t = 0; t < a.size(); ++t)
        for (std::size_t q = 0; q < static_cast<std::size_t>(of.system->inputs()); ++q)
          driven[t] += of.driven[k * static_cast<std::size_t>(of.system->inputs()) + q] * u[q * a.size() + t];
      std::optional<complex> initial;
      if (!x0.empty()) initial.emplace(x0[k]);
      auto const lane = ssmscan::reference::heinsen_bound<complex>(a, driven, length + 4, initial);
      for (double const bound : lane) lanes = std::max(lanes, bound);
    }
    state += of.weight * std::sqrt(n) * lanes;
  } else if (how.mode == mode::scan) {
    state = u64 * (2 * steps + 2 * (steps + 4) + inputs + 2) * size;
  }
  return {second_order * (of.c * state + read_out + convolution), second_order * state};
}

// What a layer made: outputs (batch, outputs, time), last states (batch, states, sequences).
template <class T>
struct result {
  std::vector<T> y;
  std::vector<complex> final;
};

// Each output and final state of `made` within the bounds of its mode and of the recurrence; the largest difference
// over that.
template <class T>
double ratio_to_bound(std::vector<bounded_system> const& parts, std::vector<T> const& u, index_t batch,
                      std::vector<complex> const& initial, std::vector<index_t> offsets, direction way,
                      layer_execution const& how, result<T> const& made, result<double> const& expected) {
  index_t inputs = 0, outputs = 0, states = 0;
  for (auto const& part : parts)
    inputs += part.system->inputs(), outputs += part.system->outputs(), states += part.system->states();
  index_t const time = static_cast<index_t>(u.size()) / (batch * inputs);
  if (offsets.empty()) offsets = {0, time};
  index_t const sequences = static_cast<index_t>(offsets.size()) - 1;
  double worst = 0;
  auto const at = [](index_t i) { return static_cast<std::size_t>(i); };
  auto const hold = [&](auto computed, auto exact, double bound) {
    double const ratio = computed == exact ? 0 : static_cast<double>(std::abs(computed - exact)) / bound;
    worst = tests::worse(worst, ratio);
  };
  for (index_t b = 0; b < batch; ++b) {
    index_t input = 0, output = 0, state = 0;
    for (auto const& part : parts) {
      index_t const n = part.system->states();
      for (index_t k = 0; k < sequences; ++k) {
        index_t const begin = offsets[at(k)], length = offsets[at(k + 1)] - begin;
        std::vector<double> samples;
        for (index_t q = 0; q < part.system->inputs(); ++q) {
          auto const first = u.begin() + (b * inputs + input + q) * time + begin;
          samples.insert(samples.end(), first, first + length);
          if (way == direction::reverse) std::reverse(samples.end() - length, samples.end());
        }
        std::vector<complex> x0;
        for (index_t i = 0; !initial.empty() && i < n; ++i)
          x0.push_back(initial[at((b * states + state + i) * sequences + k)]);
        auto const own = bound_of_mode<T>(part, samples, length, x0, how);
        auto const other = bound_of_mode<double>(part, samples, length, x0, {});
        for (index_t p = 0; p < part.system->outputs(); ++p)
          for (index_t t = begin; t < begin + length; ++t) {
            std::size_t const i = at((b * outputs + output + p) * time + t);
            hold(static_cast<double>(made.y[i]), expected.y[i], own.output + other.output);
          }
        for (index_t i = 0; i < n; ++i) {
          std::size_t const place = at((b * states + state + i) * sequences + k);
          hold(made.final[place], expected.final[place], own.state + other.state);
        }
      }
      input += part.system->inputs(), output += part.system->outputs(), state += n;
    }
  }
  return worst;
}

}  // namespace ssmscan::ssm::test
