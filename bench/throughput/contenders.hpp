#pragma once
// Libraries in an algorithm's place: what a user of each would write for one sequence. They scan pairs (a, b) with the
// plain product and sum, and their first pair is (0, b[0]), as the recurrence has no past. Each in a translation unit
// of its own, and there only if its library was found at configure time.
#include <vector>

#include "bench/common/contender.hpp"

#include <ssmscan/scan/monoids/affine.hpp>

namespace ssmscan::bench {

// (a1, b1) then (a2, b2), rounded apart: the portable spelling.
template <class T>
struct plain_combine {
  using pair = affine_map<T>;
  pair operator()(pair const& earlier, pair const& later) const {
    if constexpr (is_complex<T>) {  // by parts: operator* would look for NaN first
      auto const times = [](T p, T q) {
        return T(p.real() * q.real() - p.imag() * q.imag(), p.real() * q.imag() + p.imag() * q.real());
      };
      return {times(later.a, earlier.a), times(later.a, earlier.b) + later.b};
    } else {
      return {later.a * earlier.a, later.a * earlier.b + later.b};
    }
  }
};

template <class T>
using pairs = std::vector<affine_map<T>>;

template <class T>
pairs<T> pairs_of(problem<T> const& on) {
  pairs<T> made(on.b.size());
  for (std::size_t i = 0; i < made.size(); ++i) made[i] = {i == 0 ? T(0) : on.a[i], on.b[i]};
  return made;
}

inline bool one_plain_sequence(problem_shape const& s) { return s.lanes == 1 && s.plain(); }

// A balanced tree over sequential runs, up and down: no element stands on the right more often.
inline accuracy tree_of_unknown_shape(index_t time) {
  double log2_time = 1;
  for (index_t n = 1; n < time; n *= 2) ++log2_time;
  return {.right_steps = 2 * log2_time, .rounding = rounding::apart};
}

// A contender that scans pairs into pairs: `scan(in, out)`.
template <class T, class Scan>
contender<T> over_pairs(std::string const& name, std::string const& backend, std::string const& label, Scan scan) {
  auto const prepare = [=](problem<T>& on, int) {
    auto const in = std::make_shared<pairs<T>>(pairs_of(on));
    auto const out = std::make_shared<pairs<T>>(in->size());
    return prepared{.pass = [=] { scan(*in, *out); },
                    .promised = tree_of_unknown_shape(on.shape.time),
                    .label = label,
                    .collect =
                        [=, &on] {
                          for (std::size_t i = 0; i < out->size(); ++i) on.x[i] = (*out)[i].b;
                        }};
  };
  return {name, "", backend, one_plain_sequence, prepare};
}

// Defined for T: float, double, std::complex<float>, std::uint32_t; an empty list where the library is missing.
template <class T>
std::vector<contender<T>> std_contenders();
template <class T>
std::vector<contender<T>> tbb_contenders();
template <class T>
std::vector<contender<T>> thrust_contenders();

#define SSMSCAN_BENCH_INSTANTIATE(contenders)                                               \
  template std::vector<contender<float>> contenders<float>();                               \
  template std::vector<contender<double>> contenders<double>();                             \
  template std::vector<contender<std::complex<float>>> contenders<std::complex<float>>();   \
  template std::vector<contender<std::complex<double>>> contenders<std::complex<double>>(); \
  template std::vector<contender<std::uint32_t>> contenders<std::uint32_t>();

}  // namespace ssmscan::bench
