#pragma once
// Each token scaled to a mean square of 1 (Zhang & Sennrich 2019).
#include <cmath>
#include <span>

#include <ssmscan/ssm/layers/matrix_view.hpp>

namespace ssmscan::ssm {

// y(r, i) = weight[i] x(r, i) / sqrt(mean over row r of x^2 + epsilon)
//
// x, y (rows, features); weight (features). y may be x. The mean is summed in double: 8 partial sums, of i mod 8 in
// ascending order, then in pairs (k, k + 4), (k, k + 2), (0, 1), as one sum alone waits for each of its additions.
// std::invalid_argument where the shapes do not fit.
template <class T>
void rms_norm(matrix_view<T const> x, std::span<T const> weight, T epsilon, matrix_view<T> y) {
  detail::require_matrix("x", x, x.rows, x.columns);
  detail::require_matrix("y", y, x.rows, x.columns);
  detail::require_size("weight", weight.size(), x.columns);
  constexpr index_t sums = 8;
  for (index_t r = 0; r < x.rows; ++r) {
    T const* const from = x.row(r);
    T* const to = y.row(r);
    double squares[sums] = {};
    index_t const whole = x.columns / sums * sums;
    for (index_t i = 0; i < whole; i += sums)
      for (index_t k = 0; k < sums; ++k)
        squares[k] += static_cast<double>(from[i + k]) * static_cast<double>(from[i + k]);
    for (index_t i = whole; i < x.columns; ++i)
      squares[i - whole] += static_cast<double>(from[i]) * static_cast<double>(from[i]);
    for (index_t half = sums / 2; half > 0; half /= 2)
      for (index_t k = 0; k < half; ++k) squares[k] += squares[k + half];
    double const scale = 1 / std::sqrt(squares[0] / static_cast<double>(x.columns) + static_cast<double>(epsilon));
    for (index_t i = 0; i < x.columns; ++i)
      to[i] = static_cast<T>(from[i] * scale) * weight[static_cast<std::size_t>(i)];
  }
}

}  // namespace ssmscan::ssm
