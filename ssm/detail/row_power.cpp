// One text for every SIMD target (Highway compiles this file once for each): the bits are the same on all.
#include <ssmscan/ssm/simd/targets.hpp>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ssmscan/ssm/detail/row_power.cpp"
#include <algorithm>
#include <utility>

#include <hwy/foreach_target.h>

#include <ssmscan/ssm/detail/row_power.hpp>
#include <ssmscan/ssm/simd/lanes-inl.hpp>

#ifndef SSMSCAN_SSM_PADDED_MATRIX
#define SSMSCAN_SSM_PADDED_MATRIX
namespace ssmscan::ssm::detail {
// A square matrix in rows of `stride`, the n x n padded with zeros.
struct padded_matrix {
  double* at;
  index_t n, stride;
  double* row(index_t i) const { return at + i * stride; }
};
}  // namespace ssmscan::ssm::detail
#endif

HWY_BEFORE_NAMESPACE();
namespace ssmscan::ssm::detail {
namespace HWY_NAMESPACE {

// to = by by, four rows and two vectors of columns at a time.
void square(padded_matrix const& by, padded_matrix const& to) {
  using on = lanes<double>;
  index_t const width = on::count();
  for (index_t j = 0; j < by.n; j += 2 * width) {
    for (index_t i = 0; i < by.n; i += 4) {
      auto a0 = on::all(0), b0 = a0, a1 = a0, b1 = a0, a2 = a0, b2 = a0, a3 = a0, b3 = a0;
      double const *const r0 = by.row(i), *const r1 = by.row(i + 1), *const r2 = by.row(i + 2),
                          *const r3 = by.row(i + 3);
      for (index_t k = 0; k < by.n; ++k) {
        auto const a = on::load(by.row(k) + j), b = on::load(by.row(k) + j + width);
        a0 = on::fma(on::all(r0[k]), a, a0), b0 = on::fma(on::all(r0[k]), b, b0);
        a1 = on::fma(on::all(r1[k]), a, a1), b1 = on::fma(on::all(r1[k]), b, b1);
        a2 = on::fma(on::all(r2[k]), a, a2), b2 = on::fma(on::all(r2[k]), b, b2);
        a3 = on::fma(on::all(r3[k]), a, a3), b3 = on::fma(on::all(r3[k]), b, b3);
      }
      on::store(a0, to.row(i) + j), on::store(b0, to.row(i) + j + width);
      on::store(a1, to.row(i + 1) + j), on::store(b1, to.row(i + 1) + j + width);
      on::store(a2, to.row(i + 2) + j), on::store(b2, to.row(i + 2) + j + width);
      on::store(a3, to.row(i + 3) + j), on::store(b3, to.row(i + 3) + j + width);
    }
  }
}

// to = row by
void row_product(double const* row, padded_matrix const& by, double* to) {
  using on = lanes<double>;
  index_t const width = on::count();
  for (index_t j = 0; j < by.n; j += 4 * width) {
    auto a = on::all(0), b = a, c = a, d = a;
    for (index_t k = 0; k < by.n; ++k) {
      auto const factor = on::all(row[k]);
      double const* const from = by.row(k) + j;
      a = on::fma(factor, on::load(from), a), b = on::fma(factor, on::load(from + width), b);
      c = on::fma(factor, on::load(from + 2 * width), c), d = on::fma(factor, on::load(from + 3 * width), d);
    }
    on::store(a, to + j), on::store(b, to + j + width), on::store(c, to + j + 2 * width),
        on::store(d, to + j + 3 * width);
  }
}

void power(double* row, double* other_row, padded_matrix by, padded_matrix other, index_t length, double* result) {
  auto const times = [&] {
    row_product(row, by, other_row);
    std::swap(row, other_row);
  };
  for (; length > most_row_products(by.n); length /= 2) {
    if (length % 2 != 0) times();
    square(by, other);
    std::swap(by, other);
  }
  for (; length > 0; --length) times();
  std::copy_n(row, by.n, result);
}

}  // namespace HWY_NAMESPACE
}  // namespace ssmscan::ssm::detail
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace ssmscan::ssm::detail {

HWY_EXPORT(power);

void row_times_power(std::vector<double>& row, std::vector<double> const& matrix, index_t length) {
  constexpr index_t step = 32;  // four vectors of any target
  index_t const n = static_cast<index_t>(row.size()), stride = (n + step - 1) / step * step;
  auto const zeros = [](index_t count) { return std::vector<double>(static_cast<std::size_t>(count)); };
  std::vector<double> by = zeros(stride * stride), other = zeros(stride * stride), padded = zeros(stride),
                      other_row = zeros(stride);
  for (index_t i = 0; i < n; ++i) std::copy_n(matrix.begin() + i * n, n, by.begin() + i * stride);
  std::copy(row.begin(), row.end(), padded.begin());
  HWY_DYNAMIC_DISPATCH(power)
  (padded.data(), other_row.data(), {by.data(), n, stride}, {other.data(), n, stride}, length, row.data());
}

}  // namespace ssmscan::ssm::detail

#endif
