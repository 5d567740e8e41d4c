#pragma once
// The inner loop of layers/linear.hpp for few rows, where nothing but the reading of the weight takes time. Compiled once for
// each SIMD target and dispatched at run time.
#include <ssmscan/ssm/io/half_floats.hpp>
#include <ssmscan/ssm/layers/matrix_view.hpp>

namespace ssmscan::ssm::detail {

// y[o] = sum_i weight(o, i) x[i]: 32 partial sums, of i mod 32 each in ascending order by fused multiply-adds, then
// added in pairs (k, k + 16), (k, k + 8), ... (k, k + 1). Same bits on every target and wherever o stands.
void matrix_vector(matrix_view<float const> weight, float const* x, float* y);
void matrix_vector(matrix_view<bfloat16 const> weight, float const* x, float* y);

}  // namespace ssmscan::ssm::detail
