#include <algorithm>
#include <type_traits>
#include <vector>

#include <Eigen/Core>
#include <omp.h>

#include <ssmscan/ssm/layers/linear.hpp>
#include <ssmscan/ssm/layers/matrix_vector.hpp>

namespace ssmscan::ssm {
namespace {

// A block is one thread's work. Its products are Eigen's, of sizes that are fixed so that no bit depends on the number of
// threads; in float those of a few rows are detail::matrix_vector's, whose bits depend on no size.
constexpr index_t block_rows = 64;
constexpr index_t block_outputs = 256, block_outputs_of_few_rows = 64;  // of one row: a thread's share of all
constexpr index_t few_rows = 4;                                         // by each of which the weight is read
constexpr index_t worth_threads = index_t{1} << 20,
                  worth_threads_of_few = 1 << 16;  // multiply-adds: some 50 us, some 10

template <class T>
using row_major = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template <class T>
using const_map = Eigen::Map<row_major<T> const, 0, Eigen::OuterStride<>>;
template <class T>
using map = Eigen::Map<row_major<T>, 0, Eigen::OuterStride<>>;

template <class T>
void product(matrix_view<T const> x, matrix_view<T const> weight, matrix_view<T> y) {
  const_map<T> const from(x.data, x.rows, x.columns, Eigen::OuterStride<>(x.row_stride));
  const_map<T> const by(weight.data, weight.rows, weight.columns, Eigen::OuterStride<>(weight.row_stride));
  map<T> to(y.data, y.rows, y.columns, Eigen::OuterStride<>(y.row_stride));
  if (y.rows == 1) {
    to.row(0).transpose().noalias() = by * from.row(0).transpose();
  } else {
    to.noalias() = from * by.transpose();
  }
}

// `wide`: room for the weight in floats.
void product(matrix_view<float const> x, matrix_view<bfloat16 const> weight, matrix_view<float> y, float* wide) {
  for (index_t o = 0; o < weight.rows; ++o)
    std::transform(weight.row(o), weight.row(o) + weight.columns, wide + o * weight.columns,
                   [](bfloat16 w) { return widen(w); });
  product<float>(x, matrix_view<float const>(wide, weight.rows, weight.columns), y);
}

template <class T, class W>
void of_any_weight(matrix_view<T const> x, matrix_view<W const> weight, std::span<T const> bias, matrix_view<T> y) {
  detail::require_matrix("x", x, x.rows, x.columns);
  detail::require_matrix("weight", weight, weight.rows, x.columns);
  detail::require_matrix("y", y, x.rows, weight.rows);
  if (!bias.empty()) detail::require_size("bias", bias.size(), weight.rows);
  if (y.rows == 0 || y.columns == 0) return;

  bool const few = std::is_same_v<T, float> && y.rows <= few_rows;
  bool const shared_out = y.rows * y.columns * x.columns >= (few ? worth_threads_of_few : worth_threads);
  index_t const threads = shared_out ? omp_get_max_threads() : 1;
  index_t const most_outputs = !few          ? block_outputs
                               : y.rows == 1 ? (y.columns + threads - 1) / threads
                                             : block_outputs_of_few_rows;
  index_t const row_blocks = (y.rows + block_rows - 1) / block_rows;
  index_t const output_blocks = (y.columns + most_outputs - 1) / most_outputs;
  constexpr bool narrow_weight = std::is_same_v<W, bfloat16>;
  index_t const room =
      narrow_weight && !few ? most_outputs * x.columns : 0;  // of each thread, got before any is at work
  std::vector<float> wide(static_cast<std::size_t>(room * omp_get_max_threads()));
#pragma omp parallel for schedule(static) if (shared_out)
  for (index_t block = 0; block < row_blocks * output_blocks; ++block) {
    index_t const row = block / output_blocks * block_rows, rows = std::min(block_rows, y.rows - row);
    index_t const output = block % output_blocks * most_outputs, outputs = std::min(most_outputs, y.columns - output);
    matrix_view<W const> const by(weight.row(output), outputs, x.columns, weight.row_stride);
    matrix_view<T> const to(y.row(row) + output, rows, outputs, y.row_stride);
    matrix_view<T const> const from(x.row(row), rows, x.columns, x.row_stride);
    if constexpr (std::is_same_v<T, float>) {
      if (few)
        for (index_t r = 0; r < rows; ++r) detail::matrix_vector(by, from.row(r), to.row(r));
    }
    if constexpr (narrow_weight) {
      if (!few) product(from, by, to, wide.data() + room * omp_get_thread_num());
    } else {
      if (!few) product(from, by, to);
    }
    if (!bias.empty())
      for (index_t r = 0; r < rows; ++r)
        for (index_t o = 0; o < outputs; ++o) to(r, o) += bias[static_cast<std::size_t>(output + o)];
  }
}

}  // namespace

template <class T>
void linear(matrix_view<T const> x, matrix_view<T const> weight, std::span<T const> bias, matrix_view<T> y) {
  of_any_weight(x, weight, bias, y);
}
template void linear<float>(matrix_view<float const>, matrix_view<float const>, std::span<float const>,
                            matrix_view<float>);
template void linear<double>(matrix_view<double const>, matrix_view<double const>, std::span<double const>,
                             matrix_view<double>);

void linear(matrix_view<float const> x, matrix_view<bfloat16 const> weight, std::span<float const> bias,
            matrix_view<float> y) {
  of_any_weight(x, weight, bias, y);
}

}  // namespace ssmscan::ssm
