#pragma once
// A matrix in memory that someone else owns: rows of contiguous elements, `row_stride` elements from row to row. Layers
// take activations as (tokens, features), so that a piece of the features of each token is a view too.
#include <string>
#include <type_traits>

#include <ssmscan/scan/concepts.hpp>
#include <ssmscan/scan/error.hpp>

namespace ssmscan::ssm {

template <class T>
struct matrix_view {
  T* data = nullptr;
  index_t rows = 0;
  index_t columns = 0;
  index_t row_stride = 0;

  constexpr matrix_view() = default;
  constexpr matrix_view(T* data_, index_t rows_, index_t columns_) : matrix_view(data_, rows_, columns_, columns_) {}
  constexpr matrix_view(T* data_, index_t rows_, index_t columns_, index_t row_stride_)
      : data(data_), rows(rows_), columns(columns_), row_stride(row_stride_) {}
  // A view to read is made from a view to write.
  template <class U>
  requires(std::is_const_v<T>&& std::is_same_v<std::remove_const_t<T>, U>) constexpr matrix_view(
      matrix_view<U> const& other)
      : matrix_view(other.data, other.rows, other.columns, other.row_stride) {}

  constexpr T* row(index_t r) const { return data + r * row_stride; }
  constexpr T& operator()(index_t r, index_t c) const { return data[r * row_stride + c]; }
  // The columns [first, first + count) of every row.
  constexpr matrix_view part(index_t first, index_t count) const { return {data + first, rows, count, row_stride}; }
};

namespace detail {
inline std::string pair_text(index_t rows, index_t columns) {
  std::string text("(");
  text += std::to_string(rows);
  text += ", ";
  text += std::to_string(columns);
  return text += ')';
}

// Throws std::invalid_argument unless the view is (rows, columns) and its rows do not overlap.
template <class T>
void require_matrix(char const* name, matrix_view<T> const& view, index_t rows, index_t columns) {
  if (view.rows != rows || view.columns != columns || view.rows < 0 || view.columns < 0)
    throw_invalid(name, pair_text(view.rows, view.columns), pair_text(rows, columns));
  if (view.row_stride < view.columns)
    throw_invalid(name, "a row stride of " + std::to_string(view.row_stride),
                  "at least " + std::to_string(view.columns) + ", a row's columns");
  if (view.data == nullptr && rows > 0 && columns > 0) throw_invalid(name, "no memory", "its elements");
}

inline void require_size(char const* name, std::size_t size, index_t wanted) {
  if (static_cast<index_t>(size) != wanted)
    throw_invalid(name, std::to_string(size) + " elements", std::to_string(wanted));
}
}  // namespace detail

}  // namespace ssmscan::ssm
