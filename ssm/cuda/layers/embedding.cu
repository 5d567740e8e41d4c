#include <ssmscan/scan/backends/cuda/half_floats.cuh>
#include <ssmscan/scan/backends/cuda/launch.cuh>
#include <ssmscan/ssm/cuda/layers/embedding.hpp>

namespace ssmscan::device {
namespace {

constexpr int row_threads = 256, greatest_threads = 1024;

// Beside the kernel before, which may be writing the ids.
template <class W>
__global__ void __launch_bounds__(row_threads)
    embedding_kernel(index_t const* ids, ssm::matrix_view<W const> table, ssm::matrix_view<float> y) {
  cudaTriggerProgrammaticLaunchCompletion();
  cudaGridDependencySynchronize();
  index_t const r = blockIdx.x, id = ids[r];
  bool const known = id >= 0 && id < table.rows;
  for (index_t i = threadIdx.x; i < table.columns; i += row_threads)
    y(r, i) = known ? float(widened(table(id, i))) : __int_as_float(0x7fffffff);
}

struct candidate {
  float value;
  index_t id;
};
__device__ candidate better(candidate a, candidate b) {
  bool const second = b.value > a.value || (b.value == a.value && b.id < a.id);
  return second ? b : a;
}
// In lane 0.
__device__ candidate best_of_warp(candidate mine) {
  for (int distance = 16; distance > 0; distance /= 2)
    mine = better(
        mine, {__shfl_down_sync(0xffffffffu, mine.value, distance), __shfl_down_sync(0xffffffffu, mine.id, distance)});
  return mine;
}

__global__ void __launch_bounds__(greatest_threads)
    greatest_kernel(ssm::matrix_view<float const> logits, index_t* ids) {
  cudaTriggerProgrammaticLaunchCompletion();
  cudaGridDependencySynchronize();
  __shared__ candidate of_warps[greatest_threads / 32];
  float const* const row = logits.row(blockIdx.x);
  candidate const none{-INFINITY, logits.columns};
  candidate best = none;
  bool some_nan = false;
#pragma unroll 8
  for (index_t i = threadIdx.x; i < logits.columns; i += greatest_threads) {
    float const value = row[i];
    some_nan |= isnan(value);
    best = better(best, {value, i});
  }
  int const warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  best = best_of_warp(best);
  if (lane == 0) of_warps[warp] = best;
  some_nan = __syncthreads_or(some_nan) != 0;
  if (warp > 0) return;
  best = best_of_warp(lane < greatest_threads / 32 ? of_warps[lane] : none);
  if (lane == 0) ids[blockIdx.x] = some_nan ? -1 : best.id;
}

}  // namespace

template <class W>
void embedding(std::span<index_t const> ids, ssm::matrix_view<W const> table, ssm::matrix_view<float> y,
               device::stream stream) {
  index_t const rows = static_cast<index_t>(ids.size());
  ssm::detail::require_matrix("table", table, table.rows, table.columns);
  ssm::detail::require_matrix("y", y, rows, table.columns);
  launch(stream, {rows, row_threads, 0, 1, start::beside_the_last}, &embedding_kernel<W>, ids.data(), table, y);
}
template SSMSCAN_SSM_CUDA_EXPORT void embedding(std::span<index_t const>, ssm::matrix_view<float const>,
                                                ssm::matrix_view<float>, device::stream);
template SSMSCAN_SSM_CUDA_EXPORT void embedding(std::span<index_t const>, ssm::matrix_view<ssm::bfloat16 const>,
                                                ssm::matrix_view<float>, device::stream);

void greatest(ssm::matrix_view<float const> logits, std::span<index_t> ids, device::stream stream) {
  ssm::detail::require_matrix("logits", logits, static_cast<index_t>(ids.size()), logits.columns);
  if (logits.columns < 1) throw_invalid("logits", "no columns", "at least one");
  launch(stream, {logits.rows, greatest_threads, 0, 1, start::beside_the_last}, &greatest_kernel, logits, ids.data());
}

}  // namespace ssmscan::device
