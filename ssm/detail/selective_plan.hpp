#pragma once
// What the modes of selective_scan share once the problem has been found good.
#include <cmath>
#include <complex>
#include <vector>

#include <ssmscan/scan/arithmetic.hpp>
#include <ssmscan/ssm/export.hpp>
#include <ssmscan/ssm/selective_scan.hpp>

namespace ssmscan::ssm::detail {

struct selective_range {
  index_t begin, end;
};

// The sequences of one batch row, and everything else that a mode asks of the sizes.
template <class V>
struct selective_plan {
  selective_problem<V> const& problem;
  index_t batch, channels, states, time, sequences;

  selective_range sequence(index_t row, index_t k) const {
    std::size_t const r = static_cast<std::size_t>(row), s = static_cast<std::size_t>(k);
    if (!problem.offsets.empty()) return {problem.offsets[s], problem.offsets[s + 1]};
    if (!problem.begin.empty()) return {problem.begin[r], problem.end[r]};
    return {0, time};
  }
  index_t group_of(selective_coefficient<V> const& of, index_t channel) const {
    return channel / (channels / of.groups);
  }
  V initial(index_t row, index_t channel, index_t k, index_t n) const {
    return problem.initial.data == nullptr ? V(0) : problem.initial(row, channel, k, n);
  }
};

template <class T>
T softplus(T x) {
  return x > T(20) ? x : std::fmax(x, T(0)) + std::log1p(std::exp(-std::abs(x)));
}

// d of the header's formulas.
template <class V, class T = typename selective_problem<V>::T>
T step_of(selective_problem<V> const& p, index_t row, index_t channel, index_t t) {
  T d = p.delta(row, channel, t);
  if (!p.delta_bias.empty()) d += p.delta_bias[static_cast<std::size_t>(channel)];
  if (p.activation == delta_activation::none || std::isnan(d)) return d;
  return softplus(d);
}

// Products and quotients of complex numbers by parts: nothing is rescaled, NaN comes of NaN.
template <class T>
SSMSCAN_HOST_DEVICE T over(T z, T w) {
  return z / w;
}
template <class T>
SSMSCAN_HOST_DEVICE std::complex<T> over(std::complex<T> z, std::complex<T> w) {
  T const squared = w.real() * w.real() + w.imag() * w.imag();
  auto const p = multiply(z, std::complex<T>(w.real(), -w.imag()));
  return {p.real() / squared, p.imag() / squared};
}
template <class T>
SSMSCAN_HOST_DEVICE T exp_of(T v) {
  return std::exp(v);
}
template <class T>
SSMSCAN_HOST_DEVICE std::complex<T> exp_of(std::complex<T> v) {
  T const growth = std::exp(v.real());
  return {growth * std::cos(v.imag()), growth * std::sin(v.imag())};
}
template <class T>
SSMSCAN_HOST_DEVICE T expm1_of(T v) {
  return std::expm1(v);
}
template <class T>
SSMSCAN_HOST_DEVICE std::complex<T> expm1_of(std::complex<T> v) {
  T const half_sine = std::sin(v.imag() / 2);
  return {std::expm1(v.real()) * std::cos(v.imag()) - 2 * half_sine * half_sine,
          std::exp(v.real()) * std::sin(v.imag())};
}
template <class T>
SSMSCAN_HOST_DEVICE T times_real(T v, T d) {
  return v * d;
}
template <class T>
SSMSCAN_HOST_DEVICE std::complex<T> times_real(std::complex<T> v, T d) {
  return {v.real() * d, v.imag() * d};
}

template <class V>
struct selective_step {
  V a, b;
};
// One state's a and b.
template <class V, class T>
SSMSCAN_HOST_DEVICE selective_step<V> discrete_step(selective_rule rule, T d, T u, V A, V B) {
  V const v = times_real(A, d);
  if (rule == selective_rule::mamba) return {exp_of(v), times_real(B, T(d * u))};
  if (rule == selective_rule::zoh) {
    V const input = std::real(A) == 0 && std::imag(A) == 0 ? V(d) : over(expm1_of(v), A);
    return {exp_of(v), multiply(times_real(B, u), input)};
  }
  V const half = times_real(v, T(0.5)), below = subtract(V(1), half);
  return {over(add(V(1), half), below), multiply(times_real(B, u), over(V(d), below))};
}

template <class T>
SSMSCAN_HOST_DEVICE T read_out(T c, T x, T sum) {
  return std::fma(c, x, sum);
}
template <class T>
SSMSCAN_HOST_DEVICE T read_out(std::complex<T> c, std::complex<T> x, T sum) {
  return std::fma(c.real(), x.real(), std::fma(-c.imag(), x.imag(), sum));
}

// y of one time step from the sum over the states.
template <class V, class T = typename selective_problem<V>::T>
T output_of(selective_problem<V> const& p, index_t row, index_t channel, index_t t, T sum) {
  if (is_complex<V>) sum *= 2;
  if (!p.D.empty()) sum = std::fma(p.D[static_cast<std::size_t>(channel)], p.u(row, channel, t), sum);
  if (p.z.data != nullptr) {
    T const z = p.z(row, channel, t);
    sum *= z / (1 + std::exp(-z));
  }
  return sum;
}

template <class V>
choice run_unfused(selective_plan<V> const& plan, ssmscan::execution const& how);

// The fused forms, of each V that selective_scan takes. The channels [first, first + count) of one batch row, by vectors of
// channels.
template <class V>
SSMSCAN_SSM_EXPORT void run_fused(selective_plan<V> const& plan, index_t row, index_t first, index_t count);
// One channel, by vectors of time steps and of states; several threads take tiles of time in turn. The same bits.
template <class V>
SSMSCAN_SSM_EXPORT void run_fused_by_time(selective_plan<V> const& plan, index_t row, index_t channel, int threads);
// So many were measured. One phase goes tile by tile, and all who wait look at one number: what more of them gain is not known.
inline constexpr int most_threads_over_time = 2;
// How the fused form goes: by vectors of channels; or channel by channel by vectors of time, one thread each, or several
// threads to each.
enum class fused_way { by_channels, by_time, by_time_shared };
// The fastest.
template <class V>
SSMSCAN_SSM_EXPORT fused_way way_of_fused(selective_plan<V> const& plan, int threads);

}  // namespace ssmscan::ssm::detail
