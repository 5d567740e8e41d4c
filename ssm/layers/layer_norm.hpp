#pragma once
// Each token shifted and scaled to mean 0 and variance 1 (Ba, Kiros & Hinton 2016).
#include <cmath>
#include <span>

#include <ssmscan/ssm/layers/matrix_view.hpp>

namespace ssmscan::ssm {

// y(r, i) = weight[i] (x(r, i) - mean) / sqrt(variance + epsilon) + bias[i], mean and (biased) variance over row r
//
// x, y (rows, features); weight (features); bias (features) or empty. y may be x. The mean and the variance are summed in
// double, in order, the variance about the mean. std::invalid_argument where the shapes do not fit.
template <class T>
void layer_norm(matrix_view<T const> x, std::span<T const> weight, std::span<T const> bias, T epsilon,
                matrix_view<T> y) {
  detail::require_matrix("x", x, x.rows, x.columns);
  detail::require_matrix("y", y, x.rows, x.columns);
  detail::require_size("weight", weight.size(), x.columns);
  if (!bias.empty()) detail::require_size("bias", bias.size(), x.columns);
  for (index_t r = 0; r < x.rows; ++r) {
    T const* const from = x.row(r);
    T* const to = y.row(r);
    double sum = 0, squares = 0;
    for (index_t i = 0; i < x.columns; ++i) sum += from[i];
    double const mean = sum / static_cast<double>(x.columns);
    for (index_t i = 0; i < x.columns; ++i) squares += (from[i] - mean) * (from[i] - mean);
    double const scale = 1 / std::sqrt(squares / static_cast<double>(x.columns) + static_cast<double>(epsilon));
    for (index_t i = 0; i < x.columns; ++i) {
      std::size_t const k = static_cast<std::size_t>(i);
      T const normal = static_cast<T>((from[i] - mean) * scale);
      to[i] = bias.empty() ? normal * weight[k] : normal * weight[k] + bias[k];
    }
  }
}

}  // namespace ssmscan::ssm
