#include <algorithm>

#include <Eigen/Core>

#include <ssmscan/ssm/layers/linear.hpp>

namespace ssmscan::ssm {
namespace {

// One product of these sizes is Eigen's work and one thread's: fixed, so that no bit depends on the number of threads.
constexpr index_t block_rows = 64;
constexpr index_t block_outputs = 256;

template <class T>
using row_major = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template <class T>
using const_map = Eigen::Map<row_major<T> const, 0, Eigen::OuterStride<>>;
template <class T>
using map = Eigen::Map<row_major<T>, 0, Eigen::OuterStride<>>;

}  // namespace

template <class T>
void linear(matrix_view<T const> x, matrix_view<T const> weight, std::span<T const> bias, matrix_view<T> y) {
  detail::require_matrix("x", x, x.rows, x.columns);
  detail::require_matrix("weight", weight, weight.rows, x.columns);
  detail::require_matrix("y", y, x.rows, weight.rows);
  if (!bias.empty()) detail::require_size("bias", bias.size(), weight.rows);
  if (y.rows == 0 || y.columns == 0) return;

  index_t const row_blocks = (y.rows + block_rows - 1) / block_rows;
  index_t const output_blocks = (y.columns + block_outputs - 1) / block_outputs;
#pragma omp parallel for schedule(static) if (row_blocks * output_blocks > 1)
  for (index_t block = 0; block < row_blocks * output_blocks; ++block) {
    index_t const row = block / output_blocks * block_rows, rows = std::min(block_rows, y.rows - row);
    index_t const output = block % output_blocks * block_outputs, outputs = std::min(block_outputs, y.columns - output);
    const_map<T> const from(x.row(row), rows, x.columns, Eigen::OuterStride<>(x.row_stride));
    const_map<T> const by(weight.row(output), outputs, x.columns, Eigen::OuterStride<>(weight.row_stride));
    map<T> to(y.row(row) + output, rows, outputs, Eigen::OuterStride<>(y.row_stride));
    if (rows == 1) {
      to.row(0).transpose().noalias() = by * from.row(0).transpose();
    } else {
      to.noalias() = from * by.transpose();
    }
    if (!bias.empty())
      to.rowwise() += Eigen::Map<Eigen::Matrix<T, 1, Eigen::Dynamic> const>(bias.data() + output, outputs);
  }
}

template void linear<float>(matrix_view<float const>, matrix_view<float const>, std::span<float const>,
                            matrix_view<float>);
template void linear<double>(matrix_view<double const>, matrix_view<double const>, std::span<double const>,
                             matrix_view<double>);

}  // namespace ssmscan::ssm
