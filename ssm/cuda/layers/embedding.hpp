#pragma once
// <ssmscan/ssm/layers/embedding.hpp> on a CUDA device; and its way back, the likeliest id.
#include <span>

#include <ssmscan/scan/backends/cuda/linear_recurrence.hpp>
#include <ssmscan/ssm/cuda/export.hpp>
#include <ssmscan/ssm/io/half_floats.hpp>
#include <ssmscan/ssm/layers/matrix_view.hpp>

namespace ssmscan::device {

// y(r, :) = table(ids[r], :), all in device memory; table (vocabulary, features) of float or bfloat16, which is widened, y (ids,
// features). The row of an id outside the vocabulary is NaN: ids in device memory cannot be checked without waiting.
// Launches on the stream and returns. Throws std::invalid_argument where the shapes do not fit.
template <class W>
SSMSCAN_SSM_CUDA_EXPORT void embedding(std::span<index_t const> ids, ssm::matrix_view<W const> table,
                                       ssm::matrix_view<float> y, device::stream where = nullptr);

// ids[r] = the first of the greatest of logits(r, :), -1 where one of them is NaN, in device memory: what ssm::next_token takes
// greedily. At least one column. A block for each row.
SSMSCAN_SSM_CUDA_EXPORT void greatest(ssm::matrix_view<float const> logits, std::span<index_t> ids,
                                      device::stream where = nullptr);

}  // namespace ssmscan::device
