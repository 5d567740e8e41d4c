#pragma once
// The selective scan of Mamba (Gu & Dao 2023, arXiv 2312.00752): per channel a diagonal system of N states whose step,
// input and output vectors change with time. With d = delta + delta_bias, rounded to the dtype, then softplus where asked for,
//   x[t][n] = a x[t-1][n] + b,   y[t] = f sum_n Re(C[n][t] x[t][n]) + D u[t],   times silu(z[t]) where z is given,
// f = 1 for real A; 2 for complex A, each state standing for a conjugate pair. With v = d A[n], the rules
//   mamba     a = e^v                      b = d B[n][t] u[t]
//   zoh       a = e^v                      b = (e^v - 1) / A[n] B[n][t] u[t]         (d B u where A = 0)
//   bilinear  a = (1 + v/2) / (1 - v/2)    b = d / (1 - v/2) B[n][t] u[t]
//
// Three modes compute it. recurrence: these formulas, step by step, by the C library. unfused: all a and b are written to
// memory and linear_recurrence scans them by any algorithm. fused: a, b and x live in registers and caches only.
#include <complex>
#include <span>
#include <string_view>
#include <type_traits>

#include <ssmscan/scan/linear_recurrence.hpp>
#include <ssmscan/ssm/export.hpp>
#include <ssmscan/ssm/layers/matrix_view.hpp>

namespace ssmscan::ssm {

enum class selective_rule { mamba, zoh, bilinear };
enum class delta_activation { none, softplus };
enum class selective_mode { fused, unfused, recurrence };

SSMSCAN_SSM_EXPORT std::string_view name_of(selective_rule rule);
SSMSCAN_SSM_EXPORT std::string_view name_of(selective_mode mode);
SSMSCAN_SSM_EXPORT selective_rule
selective_rule_by_name(std::string_view name);  // std::invalid_argument lists the names
SSMSCAN_SSM_EXPORT selective_mode selective_mode_by_name(std::string_view name);

template <class V>
struct real_part_of {
  using type = V;
};
template <class T>
struct real_part_of<std::complex<T>> {
  using type = T;
};

// B or C: (batch, groups, states, time), strides in elements. Channel c reads group c / (channels / groups).
template <class V>
struct selective_coefficient {
  V const* data = nullptr;
  index_t groups = 0;
  struct strides {
    index_t batch = 0, group = 0, state = 0, time = 0;
  } stride{};

  V const& operator()(index_t batch, index_t group, index_t state, index_t time) const {
    return data[batch * stride.batch + group * stride.group + state * stride.state + time * stride.time];
  }
};
// The same at all times: (channels, states), dense.
template <class V>
selective_coefficient<V> constant_coefficient(V const* data, index_t channels, index_t states) {
  return {data, channels > 0 ? channels : 1, {0, states, 1, 0}};  // of no channels too there is a group
}
// (batch, groups, states, time), dense; groups = 1: (batch, states, time).
template <class V>
selective_coefficient<V> varying_coefficient(V const* data, index_t groups, index_t states, index_t time) {
  return {data, groups, {groups * states * time, states * time, time, 1}};
}

// (batch, channel, sequences, states); sequences = 1 where not packed.
template <class V>
struct selective_state {
  V* data = nullptr;
  struct strides {
    index_t batch = 0, channel = 0, sequence = 0, state = 0;
  } stride{};

  constexpr V& operator()(index_t batch, index_t channel, index_t sequence, index_t state) const {
    return data[batch * stride.batch + channel * stride.channel + sequence * stride.sequence + state * stride.state];
  }
};
template <class V>
selective_state<V> dense_state(V* data, index_t channels, index_t states, index_t sequences = 1) {
  return {data, {channels * sequences * states, sequences * states, states, 1}};
}

// V: float, double or std::complex of them, the kind of A, B, C and the state; u, delta, z, y, D and delta_bias are real.
// IO: what u, delta, z, y and, where it is a 16-bit type, B and C are stored as; on the CPU, V's real type.
template <class V, class IO = typename real_part_of<V>::type>
struct selective_problem {
  using T = typename real_part_of<V>::type;
  using coefficient = std::conditional_t<std::is_same_v<IO, T>, V, IO>;
  tensor_view<IO const> u{};      // (batch, channel, time)
  tensor_view<IO const> delta{};  // as u
  matrix_view<V const> A{};       // (channel, states), at least one state
  selective_coefficient<coefficient> B{};
  selective_coefficient<coefficient> C{};
  std::span<T const> D{};           // (channel), or empty: no D u
  std::span<T const> delta_bias{};  // (channel), or empty
  tensor_view<IO const> z{};        // as u, or no data: no gate
  tensor_view<IO> y{};  // as u; it may be u, delta or z (same pointer and strides), and overlaps nothing else
  delta_activation activation = delta_activation::none;
  selective_rule rule = selective_rule::mamba;
  selective_state<V const> initial{};  // no data: zero
  selective_state<V> final{};          // no data: not wanted; it may be initial
  // Packed sequences along time, the same in every batch: ascending, first 0, last = time; sequence k is
  // [offsets[k], offsets[k+1]), may be empty, and starts from its own initial state.
  std::span<index_t const> offsets{};
  // Padding, per batch (or empty: none): what lies outside [begin[i], end[i]) is not read, leaves the state as it is, and
  // gives y = 0. Not with offsets.
  std::span<index_t const> begin{};
  std::span<index_t const> end{};
};

struct selective_execution {
  selective_mode mode = selective_mode::fused;
  // Algorithm and inner: mode unfused only. Backend and threads: all modes.
  ssmscan::execution scan{};
};

// Computes y and final. batch x channels x states x time state updates. fused: memory of 240 x states numbers
// per thread, or 40 KiB where few channels have many steps (more beyond 128 states); unfused: 256 MiB of a and b at a time
// (more where one channel needs more), as many reads and writes of them as the algorithm says. Bits depend on mode (and
// algorithm), dtype and the lengths of the sequences only: not on batch, channels, layout, threads or SIMD target (unfused:
// as linear_recurrence says). fused carries the state exactly: a sequence in pieces, each from the final state of the one
// before, gives the bits of one run.
// NaN and infinities go forward in their own channel only. Throws std::invalid_argument before anything is written.
// Returns what ran: the algorithm (fused or recurrence: that name), and its tree.
template <class V>
SSMSCAN_SSM_EXPORT choice selective_scan(selective_problem<V> const& problem, selective_execution const& how = {});

}  // namespace ssmscan::ssm
