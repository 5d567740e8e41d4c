#include <ssmscan/scan/backends/cuda/half_floats.cuh>
#include <ssmscan/scan/backends/cuda/launch.cuh>
#include <ssmscan/ssm/cuda/layers/rms_norm.hpp>

namespace ssmscan::device {
namespace {

constexpr int norm_warps = 4;

template <class IO>
__global__ void __launch_bounds__(32 * norm_warps)
    rms_norm_kernel(ssm::matrix_view<float> x, ssm::matrix_view<IO const> add, float const* weight, double epsilon,
                    ssm::matrix_view<IO> y) {
  index_t const r = static_cast<index_t>(blockIdx.x) * norm_warps + threadIdx.x / 32, lane = threadIdx.x % 32;
  if (r >= x.rows) return;
  float* const row = x.row(r);
  double squares = 0;
  for (index_t i = lane; i < x.columns; i += 32) {
    if (add.data != nullptr) row[i] += float(widened(add(r, i)));
    double const value = row[i];
    squares = fma(value, value, squares);
  }
  for (int distance = 16; distance > 0; distance /= 2) squares += __shfl_xor_sync(0xffffffffu, squares, distance);
  double const scale = 1 / sqrt(squares / static_cast<double>(x.columns) + epsilon);
  for (index_t i = lane; i < x.columns; i += 32) y(r, i) = narrowed<IO>(static_cast<float>(row[i] * scale) * weight[i]);
}

}  // namespace

template <class IO>
void rms_norm(rms_norm_call<IO> const& call, device::stream stream) {
  ssm::detail::require_matrix("x", call.x, call.x.rows, call.x.columns);
  ssm::detail::require_matrix("y", call.y, call.x.rows, call.x.columns);
  if (call.add.data != nullptr) ssm::detail::require_matrix("add", call.add, call.x.rows, call.x.columns);
  ssm::detail::require_size("weight", call.weight.size(), call.x.columns);
  launch(stream, {(call.x.rows + norm_warps - 1) / norm_warps, 32 * norm_warps}, &rms_norm_kernel<IO>, call.x, call.add,
         call.weight.data(), static_cast<double>(call.epsilon), call.y);
}

template SSMSCAN_SSM_CUDA_EXPORT void rms_norm(rms_norm_call<float> const&, device::stream);
template SSMSCAN_SSM_CUDA_EXPORT void rms_norm(rms_norm_call<ssm::bfloat16> const&, device::stream);
template SSMSCAN_SSM_CUDA_EXPORT void rms_norm(rms_norm_call<ssm::float16> const&, device::stream);

}  // namespace ssmscan::device
