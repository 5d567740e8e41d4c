#pragma once
// A float as the sum of three bfloat16: its fraction of 24 bits in three pieces of 8. Each is cut, not rounded, so that the sum is
// exact and nothing overflows; what lies below 2^-133, as a third piece may, is lost.
#include <ssmscan/scan/backends/cuda/linear_recurrence.hpp>
#include <ssmscan/ssm/io/half_floats.hpp>

namespace ssmscan::device::detail {

inline constexpr int float_pieces = 3;

// rows of `columns` elements, `stride` apart, in x and in each of the pieces, which stand `apart` elements one behind another. Of
// NaN and infinity the first piece is all.
void launch_split(float const* x, index_t rows, index_t columns, index_t stride, ssm::bfloat16* pieces, index_t apart,
                  device::stream stream);

}  // namespace ssmscan::device::detail
