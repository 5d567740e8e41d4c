#include <ssmscan/scan/backends/cuda/half_floats.cuh>
#include <ssmscan/scan/backends/cuda/launch.cuh>
#include <ssmscan/ssm/cuda/layers/split.hpp>

namespace ssmscan::device::detail {
namespace {

constexpr int split_threads = 256;

__global__ void __launch_bounds__(split_threads) split_kernel(float const* x, index_t elements, index_t columns,
                                                              index_t stride, ssm::bfloat16* pieces, index_t apart) {
  index_t const i = static_cast<index_t>(blockIdx.x) * split_threads + threadIdx.x;
  if (i >= elements) return;
  index_t const at = i / columns * stride + i % columns;
  float rest = x[at];
  bool const is_finite = isfinite(rest);
#pragma unroll
  for (int piece = 0; piece < float_pieces; ++piece) {
    ssm::bfloat16 const upper{static_cast<std::uint16_t>(__float_as_uint(rest) >> 16)};
    // A NaN whose payload is in its lower half stays one.
    pieces[piece * apart + at] = isnan(rest) ? ssm::bfloat16{0x7fff} : upper;
    rest = is_finite ? rest - widened(upper) : 0.0f;
  }
}

}  // namespace

void launch_split(float const* x, index_t rows, index_t columns, index_t stride, ssm::bfloat16* pieces, index_t apart,
                  device::stream stream) {
  index_t const elements = rows * columns;
  launch(stream, {(elements + split_threads - 1) / split_threads, split_threads}, &split_kernel, x, elements, columns,
         stride, pieces, apart);
}

}  // namespace ssmscan::device::detail
