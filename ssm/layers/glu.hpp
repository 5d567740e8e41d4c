#pragma once
// A gated linear unit (Dauphin et al. 2016): half of the features decide how much of the other half passes.
#include <ssmscan/ssm/layers/matrix_view.hpp>
#include <ssmscan/ssm/layers/silu.hpp>

namespace ssmscan::ssm {

// y(r, i) = x(r, i) sigmoid(x(r, i + features)): x (rows, 2 features), y (rows, features), which may be x's first half.
// std::invalid_argument where the shapes do not fit.
template <class T>
void glu(matrix_view<T const> x, matrix_view<T> y) {
  detail::require_matrix("x", x, y.rows, 2 * y.columns);
  detail::require_matrix("y", y, y.rows, y.columns);
  for (index_t r = 0; r < y.rows; ++r) {
    for (index_t i = 0; i < y.columns; ++i) y(r, i) = x(r, i) * sigmoid(x(r, i + y.columns));
  }
}

}  // namespace ssmscan::ssm
