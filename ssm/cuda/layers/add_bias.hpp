#pragma once
// A number for each feature, added to it of every token.
#include <ssmscan/ssm/cuda/matrix_products.hpp>

namespace ssmscan::device::detail {

// bias (features), device memory.
void launch_add_bias(activations<float> const& x, float const* bias, device::stream stream);

}  // namespace ssmscan::device::detail
