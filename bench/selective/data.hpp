#pragma once
// What bench_selective scans: steps that are softplus of normal numbers less 2 (0.13 in the middle), A from -N to -1 in every
// channel, as Mamba begins; or complex, -1/2 + i pi n, as S4D-Lin does. And the definition's answer for its first channels, each of which is independent of the others.
#include <cmath>
#include <numbers>
#include <random>
#include <string>
#include <vector>

#include "bench/common/names.hpp"
#include "bench/common/outcome.hpp"

#include <ssmscan/ssm/detail/selective_heinsen.hpp>
#include <ssmscan/ssm/detail/selective_reference.hpp>

namespace ssmscan::bench {

// Whether there is a bound to hold a scan's y to.
constexpr bool is_held(algorithm_info const& scan) {
  return scan.result != result_class::reformulates || scan.formula == log_formula::restarted ||
         scan.formula == log_formula::in_runs;
}

struct sizes {
  index_t batch, channels, time, states;
  index_t steps() const { return batch * channels * time; }
};

template <class V>
struct selective_data_of {
  using T = typename ssm::real_part_of<V>::type;

  explicit selective_data_of(sizes s) : of(s) {
    std::mt19937 random(1);
    std::normal_distribution<float> normal;
    std::vector<float> table(
        1 << 16);  // a normal number for each of a generator's upper bits: large shapes take no minutes
    for (float& x : table) x = normal(random);
    unsigned state = 1;
    auto const number = [&] { return state = state * 1664525u + 1013904223u, table[state >> 16]; };
    auto const numbers = [&](auto& made, index_t count) {
      made.resize(static_cast<std::size_t>(count));
      for (auto& x : made) {
        if constexpr (std::is_same_v<std::remove_reference_t<decltype(x)>, T>) {
          x = number();
        } else {
          T const re = number();
          x = V(re, T(number()));
        }
      }
    };
    numbers(u, s.steps()), numbers(delta, s.steps()), numbers(z, s.steps());
    numbers(B, s.batch * s.states * s.time), numbers(C, s.batch * s.states * s.time), numbers(D, s.channels);
    bias.assign(D.size(), T(-2));
    for (index_t i = 0; i < s.channels * s.states; ++i) {
      T const n = static_cast<T>(i % s.states);
      if constexpr (is_complex<V>)
        A.push_back(V(T(-0.5), std::numbers::pi_v<T> * n));
      else
        A.push_back(-(n + 1));
    }
    y.resize(u.size());
  }
  ssm::selective_problem<V> problem(index_t batch, index_t channels) {
    tensor_shape const shape{batch, channels, of.time}, stride{of.channels * of.time, of.time, 1};
    ssm::selective_problem<V> p;
    p.u = {u.data(), shape, stride}, p.delta = {delta.data(), shape, stride}, p.z = {z.data(), shape, stride};
    p.y = {y.data(), shape, stride};
    p.A = {A.data(), channels, of.states};
    p.B = ssm::varying_coefficient<V>(B.data(), 1, of.states, of.time);
    p.C = ssm::varying_coefficient<V>(C.data(), 1, of.states, of.time);
    p.D = std::span<T const>(D).first(static_cast<std::size_t>(channels));
    p.delta_bias = std::span<T const>(bias).first(static_cast<std::size_t>(channels));
    p.activation = ssm::delta_activation::softplus;
    return p;
  }
  ssm::selective_problem<V> problem() { return problem(of.batch, of.channels); }

  // Of the first batch row; the definition costs long double.
  index_t verified_channels() const {
    constexpr index_t verified_updates = index_t{1} << 20;
    return std::clamp<index_t>(verified_updates / std::max<index_t>(of.time * of.states, 1), 1,
                               std::min<index_t>(of.channels, 2));
  }
  using expected = ssm::detail::selective_expected<V>;
  expected definition(index_t roundings, ssm::detail::selective_errors const& errors = {}) {
    return ssm::detail::selective_reference(problem(1, verified_channels()), roundings, errors);
  }
  // The same for mode unfused by the scan `scan`, whose logarithms are of `platform`.
  expected definition(algorithm_info const& scan, reference::math_library const& platform = reference::c_library,
                      ssm::detail::selective_errors const& errors = {}) {
    index_t const roundings = std::max<index_t>(scan.roundings(of.time), 1);
    if (scan.formula == log_formula::none) return definition(roundings, errors);
    expected made = definition(1, errors);
    auto const added = ssm::detail::heinsen_in_y(problem(1, verified_channels()), roundings,
                                                 reference::library_of(scan.formula, platform));
    for (std::size_t i = 0; i < added.size(); ++i) made.y_bound[i] += added[i];
    return made;
  }
  // Empty, or which of y is outside its bound. `rounding`: of y to its storage, relative.
  std::string wrong_where(expected const& exact, long double rounding = 0) const {
    for (std::size_t i = 0; i < exact.y.size(); ++i) {
      long double const bound = exact.y_bound[i] + rounding * (std::abs(exact.y[i]) + exact.y_bound[i]);
      if (!(std::abs(static_cast<long double>(y[i]) - exact.y[i]) <= bound))
        return wrong_result + ("y[" + std::to_string(i) + "] outside its bound");
    }
    return "";
  }

  sizes of;
  std::vector<T> u, delta, z;
  std::vector<V> A, B, C;
  std::vector<T> D, bias, y;
};
using selective_data = selective_data_of<float>;

inline benchmark_name name_of(sizes const& s, std::string dtype, std::string algorithm, std::string backend) {
  benchmark_name name{.question = "ssm",
                      .operation = "selective",
                      .dtype = std::move(dtype),
                      .algorithm = std::move(algorithm),
                      .backend = std::move(backend),
                      .lanes = s.batch * s.channels,
                      .time = s.time};
  if (s.batch > 1) name.family = "batch_" + std::to_string(s.batch);  // B and C of each
  name.state_size = s.states;
  return name;
}

}  // namespace ssmscan::bench
