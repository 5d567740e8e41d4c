#pragma once
// What selective_scan computes, as two plain loops in long double on the numbers as they are stored, and how far a
// computation in T may be from it. It shares no code with the modes.
//
// Every a and every b that a mode computes is the exact one times (1 + something): |a^ - a| <= da, |b^ - b| <= db. The scan
// multiplies b_s by the a's after it, one rounding each, and rounds it d times more (d = 1 step by step; a tree's
// algorithm_info::roundings). So with S[t] = |a| S[t-1] + |b| and the same sum of the enlarged numbers,
//   G[t] = (|a| + da)(1 + r) G[t-1] + (|b| + db)(1 + r)^d,     r = u, or 2u for complex numbers,
// the state errs by at most G - S: each product of perturbed factors differs from the exact one by at most the product of
// the enlarged moduli less the product of the moduli. u = 2^-24 or 2^-53. da and db, v = step A, all relative in u:
//   step       0; softplus 8 (exponential 2, quotient 2, series 2, sum 1, one to spare; the C library's stay below)
//   v          its step's and 1: e = e(step) + 1
//   e^v        |v| e, and 2 of the exponential; complex 6 (exponential 2, sine and cosine together 2.3, product 1, 0.7 to
//              spare)
//   b, mamba   step's, 2 products
//   b, zoh     e^v - 1 errs by |e^v v| e and 5 of itself (complex: 8 of what its parts are summed of), then a quotient (6
//              where complex) and 3 products
//   bilinear   1 -+ v/2 err by |v/2| e and 1 of themselves, then a quotient, and for b products
// Second-order terms of these are below a thousandth. These are the CPU's, selective_errors; a device's differ
// (errors_of_a_device), and there what is below the normal numbers may be lost, at a chunk's end in proportion to the largest
// state so far. y: each product with C is added with one rounding (two where complex), and D u with one more; where y begins
// with D u, that has its own and one for each state that is added to it.
#include <algorithm>
#include <cmath>
#include <complex>
#include <limits>
#include <vector>

#include <ssmscan/scan/arithmetic.hpp>
#include <ssmscan/ssm/selective_scan.hpp>

namespace ssmscan::ssm::detail {

template <class V>
struct selective_expected {
  // (batch, channel, time), dense, and (batch, channel, sequence, state)
  std::vector<long double> y, y_bound, state_bound;
  std::vector<std::complex<long double>> state;
};

// In units of u, but for `smallest`: what a product or a state below it may lose.
struct selective_errors {
  long double argument = 1;  // of v beyond its step's
  long double exponential = 2, complex_exponential = 6;
  long double difference = 5, complex_difference = 8;  // e^v - 1
  long double softplus = 8, gate = 6;
  long double smallest = 0;   // 0: the smallest subnormal
  bool is_D_u_first = false;  // in the sum that y is
};

// ssm/cuda: log2(e) is multiplied into A (argument), ex2.approx or CUDA's expf (2 ulp), expm1f, sinf and cosf (1 ulp each).
// softplus and silu of float: 4.84 and 5.58 over every float (tests/cuda/selective_math_test.cu); of double, where CUDA's exp
// and log1p err by 1 ulp: 2 + 2 and a sum, 2 and a sum and a quotient. The gate's product with y is one more.
template <class T>
constexpr selective_errors errors_of_a_device() {
  return {.argument = 2,
          .exponential = 4,
          .complex_exponential = 8,
          .difference = 8,
          .complex_difference = 12,
          .softplus = 5,
          .gate = 7,
          .smallest = std::numeric_limits<T>::min()};
}
// Where u, delta and z are stored in 16 bits, fused and fused_time take softplus and silu without the correction of their
// exponential, whose argument is at most 127 then: half a unit of it, 2^-18 ln 2 or 45 u; log2(e) in float, 20; 2^x, 4. Near 0
// softplus has its polynomial's 24 instead. silu adds a sum, a quotient and a product.
constexpr selective_errors with_steps_of_16_bits(selective_errors made) {
  made.softplus = 70, made.gate = 74;
  return made;
}
// Chunks: a tile's part of what a chunk adds is rounded once for each tile before it, then once as it enters.
inline constexpr index_t roundings_of_device_chunks(index_t chunk, index_t tile) { return chunk / tile + 2; }
// Time over the threads of a warp: the factor over a thread's steps is e^(A D), its D rounded once for each halving of the
// `steps`; those over more threads are products of such, a rounding for each, where step by step each step has one. Adding
// a pair of threads, the scan's four rounds over pairs, what the tile before ended with, and the first of a pair to the second
// each round what they add.
inline constexpr index_t warp_rounds = 1 + 4 + 1 + 1;
template <class T>
constexpr selective_errors errors_of_device_time(index_t steps) {
  selective_errors made = errors_of_a_device<T>();
  for (index_t i = steps; i > 1; i /= 2) made.argument += 1;
  made.is_D_u_first = true;
  return made;
}
inline constexpr index_t roundings_of_device_time = 1 + warp_rounds;

// `roundings`: d of the scan, 1 for fused and recurrence.
template <class V>
selective_expected<V> selective_reference(selective_problem<V> const& p, index_t roundings,
                                          selective_errors const& errors = {}) {
  using T = typename selective_problem<V>::T;
  using real = long double;
  using complex = std::complex<real>;
  constexpr bool pairs = is_complex<V>;
  constexpr real u = std::numeric_limits<T>::epsilon() / 2;
  real const smallest = errors.smallest > 0 ? errors.smallest : std::numeric_limits<T>::denorm_min();
  constexpr real second_order = 1.001L, r = pairs ? 2 * u : u, quotient = pairs ? 6 : 1;
  index_t const states = p.A.columns, sequences = p.offsets.empty() ? 1 : static_cast<index_t>(p.offsets.size()) - 1;
  auto const [batches, channels, times] = p.u.shape;
  auto const wide = [](V x) { return complex(std::real(x), std::imag(x)); };
  auto const at = [](index_t i) { return static_cast<std::size_t>(i); };
  selective_expected<V> out;
  out.y.assign(at(batches * channels * times), 0), out.y_bound = out.y;
  out.state.assign(at(batches * channels * sequences * states), 0), out.state_bound.assign(out.state.size(), 0);
  for (index_t i = 0; i < batches; ++i) {
    for (index_t c = 0; c < channels; ++c) {
      for (index_t k = 0; k < sequences; ++k) {
        index_t begin = 0, end = times;
        if (!p.offsets.empty()) begin = p.offsets[at(k)], end = p.offsets[at(k + 1)];
        if (!p.begin.empty()) begin = p.begin[at(i)], end = p.end[at(i)];
        std::vector<real> sum(at(times)), sum_bound(at(times));  // over the states, of C x
        for (index_t n = 0; n < states; ++n) {
          complex const A = wide(p.A(c, n));
          complex x = p.initial.data == nullptr ? complex(0) : wide(p.initial(i, c, k, n));
          real size = std::abs(x), enlarged = size, small = 0, peak = size;
          for (index_t t = begin; t < end; ++t) {
            T shifted = p.delta(i, c, t);  // rounded to T by definition
            if (!p.delta_bias.empty()) shifted += p.delta_bias[at(c)];
            real step = shifted, e_step = 0;
            if (p.activation == delta_activation::softplus && !(shifted > 20))
              step = std::log1p(std::exp(step)), e_step = errors.softplus;
            real const signal = p.u(i, c, t), e = (e_step + errors.argument) * u;
            complex const B = wide(p.B(i, c / (channels / p.B.groups), n, t)), v = step * A;
            complex a, input;
            real da, d_input;
            if (p.rule == selective_rule::bilinear) {
              complex const below = 1.0L - v / 2.0L;
              a = (1.0L + v / 2.0L) / below, input = step / below * signal;
              real const d_below = std::abs(v / 2.0L) * e + u * std::abs(below),
                         d_above = std::abs(v / 2.0L) * e + u * std::abs(1.0L + v / 2.0L);
              da = (d_above + std::abs(a) * d_below) / std::abs(below) + quotient * u * std::abs(a);
              d_input = std::abs(input) * ((e_step + quotient + 5) * u + d_below / std::abs(below));
            } else {
              a = std::exp(v), input = step * signal;
              da = std::abs(a) * (std::abs(v) * e + (pairs ? errors.complex_exponential : errors.exponential) * u);
              d_input = std::abs(input) * (e_step + 3) * u;
              if (p.rule == selective_rule::zoh && A != complex(0)) {
                complex const half_sine = std::sin(v.imag() / 2);
                complex const grown(std::expm1(v.real()) * std::cos(v.imag()) - 2.0L * std::norm(half_sine),
                                    std::exp(v.real()) * std::sin(v.imag()));
                real const parts = std::abs(std::expm1(v.real())) + 2 * std::norm(half_sine) + std::abs(grown.imag());
                input = grown / A * signal;
                d_input = (std::abs(a) * std::abs(v) * e +
                           (pairs ? errors.complex_difference * parts : errors.difference * std::abs(grown)) * u) *
                              std::abs(signal / A) +
                          (quotient + 5) * u * std::abs(input);
              }
            }
            complex const b = input * B;
            x = a * x + b;
            size = std::abs(a) * size + std::abs(b), peak = std::max(peak, size);
            enlarged = (std::abs(a) + second_order * da) * (1 + r) * enlarged +
                       (std::abs(b) + second_order * d_input * std::abs(B)) * std::pow(1 + r, real(roundings));
            // Products and states below the normal numbers: each of at most roundings + 4 of a step's, 4 where complex.
            small = std::abs(a) * small + 4 * real(roundings + 4) * smallest * (1 + peak) * (1 + std::abs(B));
            complex const C = wide(p.C(i, c / (channels / p.C.groups), n, t));
            real const bound = (enlarged - size) * second_order + small;
            sum[at(t)] += (C * x).real();
            sum_bound[at(t)] += std::abs(C) * (bound + real((pairs ? 2 : 1) * (states + 1)) * u * (size + bound));
            index_t const s = ((i * channels + c) * sequences + k) * states + n;
            out.state_bound[at(s)] = bound;
          }
          out.state[at(((i * channels + c) * sequences + k) * states + n)] = x;
        }
        for (index_t t = begin; t < end; ++t) {
          real y = (pairs ? 2 : 1) * sum[at(t)], bound = (pairs ? 2 : 1) * sum_bound[at(t)] + smallest;
          if (!p.D.empty()) {
            real const D_u = real(p.D[at(c)]) * real(p.u(i, c, t));
            y += D_u;
            bound += u * (errors.is_D_u_first ? real(states + 1) * std::abs(D_u) : std::abs(y) + bound) + smallest;
          }
          if (p.z.data != nullptr) {
            real const z = p.z(i, c, t), gate = z / (1 + std::exp(-z));
            bound =
                std::abs(gate) * (bound + errors.gate * u * (std::abs(y) + bound)) + 2 * smallest * (1 + std::abs(y));
            y *= gate;
          }
          index_t const place = (i * channels + c) * times + t;
          out.y[at(place)] = y, out.y_bound[at(place)] = bound * second_order;
        }
      }
    }
  }
  return out;
}

}  // namespace ssmscan::ssm::detail
