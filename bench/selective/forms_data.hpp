#pragma once
// The arrays of bench_selective_forms: each shape's are the beginnings of the same ones, so that hundreds of shapes take no minutes.
#include <algorithm>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "bench/common/cuda/device.hpp"
#include "bench/selective/data.hpp"

#include <ssmscan/ssm/cuda/selective_errors.hpp>
#include <ssmscan/ssm/cuda/selective_scan.hpp>

namespace ssmscan::bench {

// What a shape may have: steps of all channels, values of B, channels, states.
constexpr index_t most_values = index_t{1} << 25, most_channels = index_t{1} << 16, most_states = 64;

// A table of normal numbers over and over, as long as any shape's arrays, in float on the host and stored as IO on the device.
template <class IO>
struct numbers {
  numbers(index_t count, unsigned seed) : host(static_cast<std::size_t>(count)), device(host.size()) {
    constexpr std::size_t period = std::size_t{1} << 20;
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    std::vector<IO> stored(host.size());
    for (std::size_t i = 0; i < host.size(); ++i) {
      if (i >= period) {
        host[i] = host[i - period], stored[i] = stored[i - period];
      } else if constexpr (std::is_same_v<IO, float>) {
        stored[i] = host[i] = normal(random);
      } else {
        stored[i] = {to_bfloat16(normal(random))}, host[i] = from_bfloat16(stored[i].bits);
      }
    }
    device.put(stored.data());
  }
  std::vector<float> host;
  gpu::array<IO> device;
};

// Every shape's arrays are the beginnings of these; A is from -1 to -N in every channel, the bias -2.
template <class IO>
struct arrays {
  numbers<IO> u{most_values, 1}, delta{most_values, 2}, z{most_values, 3}, B{most_values, 4}, C{most_values, 5};
  numbers<float> D{most_channels, 6};
  std::vector<float> A_host = std::vector<float>(most_channels * most_states),
                     bias_host = std::vector<float>(most_channels, -2.0f);
  gpu::array<float> A{A_host.size()}, bias{bias_host.size()};
  gpu::array<IO> y{static_cast<std::size_t>(most_values)};

  arrays() { bias.put(bias_host.data()); }
  void set_rates(sizes const& s) {
    auto const count = static_cast<std::size_t>(s.channels * s.states);
    for (std::size_t i = 0; i < count; ++i) A_host[i] = -static_cast<float>(static_cast<index_t>(i) % s.states + 1);
    A.put_first(A_host.data(), count);
  }
  ssm::selective_problem<float, IO> problem(sizes const& s) const {
    tensor_shape const shape{s.batch, s.channels, s.time};
    ssm::selective_problem<float, IO> p;
    p.u = tensor_view<IO const>(u.device.data(), shape), p.delta = tensor_view<IO const>(delta.device.data(), shape);
    p.z = tensor_view<IO const>(z.device.data(), shape), p.y = {y.data(), shape};
    p.A = {A.data(), s.channels, s.states};
    auto const coefficient = [&](numbers<IO> const& of) {
      auto const strides = ssm::varying_coefficient<float>(nullptr, 1, s.states, s.time).stride;
      return ssm::selective_coefficient<IO>{
          of.device.data(), 1, {strides.batch, strides.group, strides.state, strides.time}};
    };
    p.B = coefficient(B), p.C = coefficient(C);
    p.D = {D.device.data(), static_cast<std::size_t>(s.channels)};
    p.delta_bias = {bias.data(), static_cast<std::size_t>(s.channels)};
    p.activation = ssm::delta_activation::softplus;
    return p;
  }
  // Empty, or which of the first channel's first steps is outside the bound of the form that ran.
  std::string wrong_where(sizes const& s, std::string const& ran) const {
    constexpr index_t verified_updates = 1 << 14;  // the definition costs long double
    index_t const steps = std::clamp<index_t>(verified_updates / s.states, 1, s.time);
    tensor_shape const shape{1, 1, steps};
    std::vector<float> y_host(static_cast<std::size_t>(steps));
    ssm::selective_problem<float> p;
    p.u = tensor_view<float const>(u.host.data(), shape), p.delta = tensor_view<float const>(delta.host.data(), shape);
    p.z = tensor_view<float const>(z.host.data(), shape), p.y = {y_host.data(), shape};
    p.A = {A_host.data(), 1, s.states};
    p.B = ssm::varying_coefficient(B.host.data(), 1, s.states, s.time);
    p.C = ssm::varying_coefficient(C.host.data(), 1, s.states, s.time);
    p.D = std::span<float const>(D.host).first(1), p.delta_bias = std::span<float const>(bias_host).first(1);
    p.activation = ssm::delta_activation::softplus;
    auto const error = device::error_of_form<float, IO>(ran, s.channels * s.states, s.time);
    auto const exact = ssm::detail::selective_reference(p, error.roundings, error.errors);
    std::vector<IO> made(y_host.size());
    y.take_first(made.data(), made.size());
    constexpr long double rounding = std::is_same_v<IO, float> ? 0 : 0x1p-8L;
    for (std::size_t i = 0; i < made.size(); ++i) {
      float value;
      if constexpr (std::is_same_v<IO, float>)
        value = made[i];
      else
        value = from_bfloat16(made[i].bits);
      long double const bound = exact.y_bound[i] + rounding * (std::abs(exact.y[i]) + exact.y_bound[i]);
      if (!(std::abs(static_cast<long double>(value) - exact.y[i]) <= bound))
        return ran + ": y[" + std::to_string(i) + "] outside its bound";
    }
    return "";
  }
};

}  // namespace ssmscan::bench
