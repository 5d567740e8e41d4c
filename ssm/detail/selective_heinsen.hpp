#pragma once
// What a scan by heinsen adds to the error of the selective scan's y (mode unfused). selective_reference with one rounding bounds
// y of the a and b that the mode makes, scanned step by step; heinsen's states differ from those by at most its own bound for
// each lane of a and b, which reaches y through C and the gate.
#include <cmath>
#include <span>
#include <vector>

#include <ssmscan/scan/reference/heinsen_bound.hpp>
#include <ssmscan/ssm/detail/selective_plan.hpp>

namespace ssmscan::ssm::detail {

// Per sample of y (batch, channel, time), dense. For real A, no packed sequences and no initial state. a and b are made here
// as the modes make them, but for the last bits of exp: what that changes of the bound is of second order, as is the gate's.
template <class T>
std::vector<double> heinsen_in_y(selective_problem<T> const& p, index_t roundings,
                                 reference::math_library const& library = reference::c_library) {
  constexpr double second_order = 1.001;
  auto const [batches, channels, times] = p.u.shape;
  auto const at = [](index_t i) { return static_cast<std::size_t>(i); };
  std::vector<double> added(at(batches * channels * times));
  std::vector<T> a(at(times)), b(a.size());
  for (index_t i = 0; i < batches; ++i) {
    for (index_t c = 0; c < channels; ++c) {
      for (index_t n = 0; n < p.A.columns; ++n) {
        for (index_t t = 0; t < times; ++t) {
          auto const made = discrete_step(p.rule, step_of(p, i, c, t), p.u(i, c, t), p.A(c, n),
                                          p.B(i, c / (channels / p.B.groups), n, t));
          a[at(t)] = made.a, b[at(t)] = made.b;
        }
        auto const bound =
            reference::heinsen_bound<T>(std::span<T const>(a), std::span<T const>(b), roundings, {}, library);
        for (index_t t = 0; t < times; ++t) {
          double through = std::abs(static_cast<double>(p.C(i, c / (channels / p.C.groups), n, t)));
          if (p.z.data != nullptr) {
            double const z = p.z(i, c, t);
            through *= std::abs(z / (1 + std::exp(-z)));
          }
          added[at((i * channels + c) * times + t)] += second_order * through * bound[at(t)];
        }
      }
    }
  }
  return added;
}

}  // namespace ssmscan::ssm::detail
