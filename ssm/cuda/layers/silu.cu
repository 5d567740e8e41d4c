#include <ssmscan/scan/backends/cuda/launch.cuh>
#include <ssmscan/ssm/cuda/layers/silu.hpp>
#include <ssmscan/ssm/cuda/selective_math.cuh>
#include <ssmscan/ssm/layers/matrix_view.hpp>

namespace ssmscan::device {
namespace {

constexpr int silu_threads = 256;

template <class IO>
__global__ void __launch_bounds__(silu_threads) silu_kernel(IO const* x, IO* y, index_t n) {
  index_t const i = static_cast<index_t>(blockIdx.x) * silu_threads + threadIdx.x;
  if (i < n) y[i] = narrowed<IO>(silu(float(widened(x[i]))));
}

}  // namespace

template <class IO>
void silu(std::span<IO const> x, std::span<IO> y, device::stream stream) {
  index_t const n = static_cast<index_t>(x.size());
  ssm::detail::require_size("y", y.size(), n);
  launch(stream, {(n + silu_threads - 1) / silu_threads, silu_threads}, &silu_kernel<IO>, x.data(), y.data(), n);
}

template SSMSCAN_SSM_CUDA_EXPORT void silu(std::span<float const>, std::span<float>, device::stream);
template SSMSCAN_SSM_CUDA_EXPORT void silu(std::span<ssm::bfloat16 const>, std::span<ssm::bfloat16>, device::stream);
template SSMSCAN_SSM_CUDA_EXPORT void silu(std::span<ssm::float16 const>, std::span<ssm::float16>, device::stream);

}  // namespace ssmscan::device
