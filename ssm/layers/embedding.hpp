#pragma once
// A row of a table for each token.
#include <algorithm>
#include <span>
#include <string>

#include <ssmscan/ssm/io/half_floats.hpp>
#include <ssmscan/ssm/layers/matrix_view.hpp>

namespace ssmscan::ssm {

namespace detail {
inline void require_ids(std::span<index_t const> ids, index_t vocabulary) {
  for (std::size_t r = 0; r < ids.size(); ++r) {
    if (ids[r] < 0 || ids[r] >= vocabulary)
      throw_invalid("ids[" + std::to_string(r) + "]", std::to_string(ids[r]),
                    "an id of 0 to " + std::to_string(vocabulary - 1));
  }
}

template <class T, class W>
void table_rows(std::span<index_t const> ids, matrix_view<W const> table, matrix_view<T> y) {
  require_matrix("table", table, table.rows, table.columns);
  require_matrix("y", y, static_cast<index_t>(ids.size()), table.columns);
  require_ids(ids, table.rows);
  for (std::size_t r = 0; r < ids.size(); ++r)
    std::transform(table.row(ids[r]), table.row(ids[r]) + table.columns, y.row(static_cast<index_t>(r)),
                   [](W value) { return widen(value); });
}
}  // namespace detail

// y(r, :) = table(ids[r], :). table (vocabulary, features), y (ids, features), which does not overlap the table; a table of
// bfloat16 is widened. std::invalid_argument for an id outside [0, vocabulary), before anything is written.
template <class T>
void embedding(std::span<index_t const> ids, matrix_view<T const> table, matrix_view<T> y) {
  detail::table_rows(ids, table, y);
}
inline void embedding(std::span<index_t const> ids, matrix_view<bfloat16 const> table, matrix_view<float> y) {
  detail::table_rows(ids, table, y);
}

}  // namespace ssmscan::ssm
