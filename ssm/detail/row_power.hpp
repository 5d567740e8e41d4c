#pragma once
// row A^length for a small real matrix: what C~ = c (I - Ab^L) takes. Compiled once for each SIMD target and dispatched
// at run time.
#include <vector>

#include <ssmscan/scan/concepts.hpp>

namespace ssmscan::ssm::detail {

// A is squared while `length` exceeds this, then the row is multiplied by it as often as is left: a product of the row
// costs 1/dimension of one of matrices, and rounds only once.
inline index_t most_row_products(index_t dimension) { return dimension; }

// row (n) <- row A^length, A (n, n) in rows. n^3 log2(length / n) + n^3 multiply-adds at most, fused, in the order of
// the sum: the same bits on every SIMD target. length >= 0.
void row_times_power(std::vector<double>& row, std::vector<double> const& matrix, index_t length);

}  // namespace ssmscan::ssm::detail
