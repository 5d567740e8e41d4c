#pragma once
// The inner loop of kernels/diagonal.hpp: a Vandermonde product as a product of matrices. With l = width * row + column,
//   Re sum_n gain_n a_n^l = sum_n Re far_n[row] Re near_n[column] - Im far_n[row] Im near_n[column],
//   far_n[row] = gain_n a_n^(width row),   near_n[column] = a_n^column
// Compiled once for each SIMD target and dispatched at run time.
#include <vector>

#include <ssmscan/scan/concepts.hpp>

namespace ssmscan::ssm::detail {

inline constexpr index_t vandermonde_rows = 4;      // computed together: what is loaded of `near` serves them all
inline constexpr index_t vandermonde_columns = 16;  // widest vector of any target: `width` is a multiple of it

template <class T>
struct vandermonde_factors {
  index_t poles = 0, rows = 0, width = 0;  // rows: a multiple of vandermonde_rows
  std::vector<T> near_re{}, near_im{};     // (poles, width)
  std::vector<T> far{};                    // (rows / vandermonde_rows, poles, 2 parts, vandermonde_rows)
};

// sums (rows, width). Two fused multiply-adds a pole, real parts and imaginary parts summed apart, in the order of the poles:
// the same bits on every target.
void vandermonde_sums(vandermonde_factors<float> const& factors, float* sums);
void vandermonde_sums(vandermonde_factors<double> const& factors, double* sums);

}  // namespace ssmscan::ssm::detail
