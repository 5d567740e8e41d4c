#include <ssmscan/scan/backends/cuda/launch.cuh>
#include <ssmscan/ssm/cuda/layers/add_bias.hpp>

namespace ssmscan::device::detail {
namespace {

constexpr int bias_threads = 256;

__global__ void __launch_bounds__(bias_threads) add_bias_kernel(activations<float> const x, float const* bias) {
  index_t const i = static_cast<index_t>(blockIdx.x) * bias_threads + threadIdx.x;
  if (i >= x.tokens * x.features) return;
  bool const by_tokens = x.order == rows_of::tokens;
  index_t const columns = by_tokens ? x.features : x.tokens, row = i / columns, column = i % columns;
  x.data[row * x.stride + column] += bias[by_tokens ? column : row];
}

}  // namespace

void launch_add_bias(activations<float> const& x, float const* bias, device::stream stream) {
  index_t const elements = x.tokens * x.features;
  launch(stream, {(elements + bias_threads - 1) / bias_threads, bias_threads}, &add_bias_kernel, x, bias);
}

}  // namespace ssmscan::device::detail
