#include <ssmscan/scan/backends/cuda/half_floats.cuh>
#include <ssmscan/scan/backends/cuda/launch.cuh>
#include <ssmscan/ssm/cuda/layers/widen.hpp>

namespace ssmscan::device::detail {
namespace {

constexpr int widen_threads = 256, at_once = 8;
struct alignas(16) eight {
  ssm::bfloat16 of[at_once];
};

__global__ void __launch_bounds__(widen_threads) widen_kernel(eight const* from, float4* to, index_t count) {
  index_t const i = static_cast<index_t>(blockIdx.x) * widen_threads + threadIdx.x;
  if (i >= count) return;
  eight const x = from[i];
  to[2 * i] = {widened(x.of[0]), widened(x.of[1]), widened(x.of[2]), widened(x.of[3])};
  to[2 * i + 1] = {widened(x.of[4]), widened(x.of[5]), widened(x.of[6]), widened(x.of[7])};
}

}  // namespace

void launch_widen(ssm::bfloat16 const* from, float* to, index_t count, device::stream stream) {
  index_t const eights = count / at_once;
  launch(stream, {(eights + widen_threads - 1) / widen_threads, widen_threads}, &widen_kernel,
         reinterpret_cast<eight const*>(from), reinterpret_cast<float4*>(to), eights);
}

}  // namespace ssmscan::device::detail
