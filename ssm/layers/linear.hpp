#pragma once
// The affine map of each token.
#include <span>

#include <ssmscan/ssm/export.hpp>
#include <ssmscan/ssm/io/half_floats.hpp>
#include <ssmscan/ssm/layers/matrix_view.hpp>

namespace ssmscan::ssm {

// y(r, o) = sum_i weight(o, i) x(r, i) + bias[o]
//
// x (rows, inputs), weight (outputs, inputs), bias (outputs) or empty, y (rows, outputs), which overlaps nothing else;
// T is float or double. rows x outputs x inputs multiply-adds; blocks of 64 rows and 256 outputs over OpenMP's threads,
// the weight read once per 64 rows. Up to four rows of float: a row by itself, the weight read once for each. Same bits
// from run to run and for any number of threads. A bfloat16 weight is widened, which is exact. std::invalid_argument
// where the shapes do not fit.
template <class T>
SSMSCAN_SSM_EXPORT void linear(matrix_view<T const> x, matrix_view<T const> weight, std::span<T const> bias,
                               matrix_view<T> y);
SSMSCAN_SSM_EXPORT void linear(matrix_view<float const> x, matrix_view<bfloat16 const> weight,
                               std::span<float const> bias, matrix_view<float> y);

}  // namespace ssmscan::ssm
