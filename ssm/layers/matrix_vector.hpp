#pragma once
// The inner loop of layers/linear.hpp for few rows, where nothing but the reading of the weight takes time. Compiled once for
// each SIMD target and dispatched at run time.
#include <cstdint>

#include <ssmscan/ssm/io/half_floats.hpp>
#include <ssmscan/ssm/layers/matrix_view.hpp>

namespace ssmscan::ssm::detail {

// y[o] = sum_i weight(o, i) x[i]: 32 partial sums, of i mod 32 each in ascending order by fused multiply-adds, then
// added in pairs (k, k + 16), (k, k + 8), ... (k, k + 1). Same bits on every target and wherever o stands.
void matrix_vector(matrix_view<float const> weight, float const* x, float* y);
void matrix_vector(matrix_view<bfloat16 const> weight, float const* x, float* y);

// Rows that matrix_vector takes side by side: the first of so many equal parts of the weight, then the second of each, ...
index_t matrix_vector_streams();

// A weight that is to be multiplied soon: memory can be asked for it, in the order in which matrix_vector reads it, while there is
// something else to do. Addresses are counted as numbers: nothing is read, and nothing is wrong beyond the weight's end.
class upcoming_weight {
 public:
  static constexpr std::uintptr_t line = 64;  // bytes

  upcoming_weight() = default;
  template <class W>
  explicit upcoming_weight(matrix_view<W const> weight)
      : at_(reinterpret_cast<std::uintptr_t>(weight.data)),
        streams_(weight.rows < matrix_vector_streams() ? 1 : matrix_vector_streams()),
        apart_(static_cast<std::uintptr_t>(weight.rows / streams_ * weight.row_stride) * sizeof(W)),
        left_(apart_ / line) {}

  // The next `lines` of each stream, as far as it goes.
  void ask(std::uintptr_t lines) {
    constexpr int to_read = 0, all_levels = 3;
    for (; lines > 0 && left_ > 0; --lines, --left_, at_ += line)
      for (index_t k = 0; k < streams_; ++k)
        __builtin_prefetch(reinterpret_cast<char const*>(at_ + static_cast<std::uintptr_t>(k) * apart_), to_read,
                           all_levels);
  }

 private:
  std::uintptr_t at_ = 0;
  index_t streams_ = 1;
  std::uintptr_t apart_ = 0, left_ = 0;  // bytes from stream to stream, lines that nobody has asked for
};

}  // namespace ssmscan::ssm::detail
