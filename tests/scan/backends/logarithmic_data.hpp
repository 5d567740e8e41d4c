#pragma once
// Sequences that are hard for what goes by logarithms, the lanes they lie in, and what it is to have the text's bits.
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "tests/laws/fenced.hpp"

#include <ssmscan/scan/detail/recurrence_problem.hpp>

namespace ssmscan::simd {

enum class data { near_one, of_both_signs, with_zeros, far_apart, not_finite, subnormal, all_zero };
inline constexpr data all_data[] = {data::near_one,   data::of_both_signs, data::with_zeros, data::far_apart,
                                    data::not_finite, data::subnormal,     data::all_zero};

template <class T>
struct sequence {
  std::vector<T> a, b;
};
template <class T>
sequence<T> made_of(data what, index_t n) {
  std::mt19937 random(static_cast<unsigned>(n));
  auto const uniform = [&] { return std::uniform_real_distribution<double>(0, 1)(random); };
  auto const one_in = [&](double k) { return uniform() < 1 / k; };
  constexpr double infinity = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  constexpr int lowest = std::numeric_limits<T>::min_exponent;
  sequence<T> made;
  for (index_t t = 0; t < n; ++t) {
    double a = 0.9 + uniform() / 10, b = uniform() - 0.5;
    if (what == data::of_both_signs) a = (uniform() - 0.5) * 3;
    if (what == data::with_zeros && one_in(8)) a = one_in(2) ? 0.0 : -0.0;
    if (what == data::far_apart) a = std::exp2(-2 * lowest * (uniform() - 0.5)) * (one_in(3) ? -1 : 1);
    if (what == data::not_finite && one_in(40)) a = one_in(3) ? 0.0 : one_in(2) ? infinity : nan;
    if (what == data::not_finite && one_in(40)) b = one_in(2) ? -infinity : nan;
    if (what == data::subnormal) a = one_in(2) ? std::ldexp(a, lowest - 5) : std::ldexp(a, -lowest / 2);
    if (what == data::all_zero) a = one_in(2) ? a : -a, b = one_in(5) ? 0.0 : -0.0;
    made.a.push_back(static_cast<T>(a)), made.b.push_back(static_cast<T>(b));
  }
  return made;
}

template <class T>
detail::lane_view<T> lane(T* first, index_t n, index_t stride) {
  tensor_view<T> made;
  made.data = first, made.shape = {1, 1, n}, made.stride = {0, 0, stride};
  return detail::lane_view<T>(made);
}
template <class T>
detail::recurrence_problem<T> one_lane(T const* a, T const* b, T* x, index_t n, index_t stride) {
  detail::recurrence_problem<T> made;
  made.size = {1, n}, made.a = lane(a, n, stride), made.b = lane(b, n, stride), made.x = lane(x, n, stride);
  return made;
}

// NaNs are alike.
template <class T>
bool same(T p, T q) {
  return std::isnan(p) ? std::isnan(q) : laws::same_bits(p, q);
}

}  // namespace ssmscan::simd
