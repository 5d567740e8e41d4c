#include <cstddef>
#include <cstdint>
#include <stdexcept>

#include "bench/common/cuda/device.hpp"
#include <cuda_runtime.h>

#include <ssmscan/scan/backends/cuda/error.cuh>

namespace ssmscan::bench::gpu {
namespace {

constexpr unsigned threads = 256;

template <class W>
struct product {
  __device__ W operator()(W a, W b) const { return a * b; }
};
template <>
struct product<std::uint32_t> {
  __device__ std::uint32_t operator()(std::uint32_t a, std::uint32_t b) const { return a + b; }
};
template <class W>
struct second {
  __device__ W operator()(W, W b) const { return b; }
};

template <class W>
struct alignas(16) vector {
  static constexpr int width = 16 / sizeof(W);
  W at[width];
};

// x = f(a, b). A block moves Vectors * threads neighbouring vectors; all loads of a thread are under way before its first
// store. The last block also does the words that fill no vector.
template <int Vectors, class W, class F, bool ReadsA>
__global__ void __launch_bounds__(threads)
    stream_kernel(W const* __restrict__ a, W const* __restrict__ b, W* __restrict__ x, std::size_t words) {
  using V = vector<W>;
  std::size_t const whole = words / V::width;
  std::size_t const first = static_cast<std::size_t>(blockIdx.x) * (Vectors * threads) + threadIdx.x;
  auto const* const va = reinterpret_cast<V const*>(a);
  auto const* const vb = reinterpret_cast<V const*>(b);
  V left[Vectors], right[Vectors];
#pragma unroll
  for (int k = 0; k < Vectors; ++k) {
    std::size_t const i = first + static_cast<std::size_t>(k) * threads;
    if (i >= whole) continue;
    if constexpr (ReadsA) left[k] = va[i];
    right[k] = vb[i];
  }
#pragma unroll
  for (int k = 0; k < Vectors; ++k) {
    std::size_t const i = first + static_cast<std::size_t>(k) * threads;
    if (i >= whole) continue;
    V out;
#pragma unroll
    for (int w = 0; w < V::width; ++w) out.at[w] = F{}(ReadsA ? left[k].at[w] : right[k].at[w], right[k].at[w]);
    reinterpret_cast<V*>(x)[i] = out;
  }
  if (blockIdx.x == gridDim.x - 1 && threadIdx.x < words % V::width) {
    std::size_t const i = whole * V::width + threadIdx.x;
    x[i] = F{}(ReadsA ? a[i] : b[i], b[i]);
  }
}

template <int Vectors, class F, bool ReadsA, class W>
void launch(W const* a, W const* b, W* x, std::size_t words) {
  std::size_t const vectors = (words + vector<W>::width - 1) / vector<W>::width;
  std::size_t const blocks = (vectors + Vectors * threads - 1) / (Vectors * threads);
  stream_kernel<Vectors, W, F, ReadsA><<<static_cast<unsigned>(blocks), threads, 0, the_stream()>>>(a, b, x, words);
  need_success(cudaGetLastError(), "launching the bound");
}

template <class F, bool ReadsA, class W>
void launch_by(int vectors, W const* a, W const* b, W* x, std::size_t words) {
  switch (vectors) {
    case 1:
      return launch<1, F, ReadsA>(a, b, x, words);
    case 2:
      return launch<2, F, ReadsA>(a, b, x, words);
    case 4:
      return launch<4, F, ReadsA>(a, b, x, words);
    default:
      throw std::logic_error("vectors per thread: need one of vectors_per_thread");
  }
}

}  // namespace

template <class W>
void enqueue_triad(W const* a, W const* b, W* x, std::size_t words, int vectors) {
  launch_by<product<W>, true>(vectors, a, b, x, words);
}
template <class W>
void enqueue_copy(W const* b, W* x, std::size_t words, int vectors) {
  launch_by<second<W>, false>(vectors, b, b, x, words);
}

namespace {

template <int Vectors>
__global__ void __launch_bounds__(threads)
    read_kernel(float4 const* __restrict__ from, float* total, std::size_t count) {
  std::size_t const each = std::size_t{threads} * Vectors, apart = each * gridDim.x;
  float sum = 0;
  for (std::size_t at = blockIdx.x * each + threadIdx.x; at < count; at += apart) {
    float4 held[Vectors] = {};
#pragma unroll
    for (int k = 0; k < Vectors; ++k)
      if (at + k * threads < count) held[k] = __ldcs(from + at + k * threads);
#pragma unroll
    for (int k = 0; k < Vectors; ++k) sum += (held[k].x + held[k].y) + (held[k].z + held[k].w);
  }
  for (int distance = 16; distance > 0; distance /= 2) sum += __shfl_xor_sync(0xffffffffu, sum, distance);
  if (threadIdx.x % 32 == 0) atomicAdd(total, sum);
}

template <int Vectors>
void launch_read(float const* from, float* total, std::size_t words) {
  static int const blocks = [] {
    int device = 0, multiprocessors = 0, of_each = 0;
    need_success(cudaGetDevice(&device), "asking which device is current");
    need_success(cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, device), "asking a device");
    need_success(cudaOccupancyMaxActiveBlocksPerMultiprocessor(&of_each, &read_kernel<Vectors>, threads, 0),
                 "asking how many blocks run");
    return multiprocessors * of_each;
  }();
  read_kernel<Vectors><<<static_cast<unsigned>(blocks), threads, 0, the_stream()>>>(
      reinterpret_cast<float4 const*>(from), total, words / 4);
  need_success(cudaGetLastError(), "launching the bound");
}

}  // namespace

void enqueue_read(float const* from, float* total, std::size_t words, int vectors) {
  switch (vectors) {
    case 4:
      return launch_read<4>(from, total, words);
    case 8:
      return launch_read<8>(from, total, words);
    case 16:
      return launch_read<16>(from, total, words);
    default:
      throw std::logic_error("vectors per thread: need one of reading_vectors");
  }
}

#define SSMSCAN_INSTANTIATE(W)                                           \
  template void enqueue_triad(W const*, W const*, W*, std::size_t, int); \
  template void enqueue_copy(W const*, W*, std::size_t, int);
SSMSCAN_INSTANTIATE(float)
SSMSCAN_INSTANTIATE(double)
SSMSCAN_INSTANTIATE(std::uint32_t)
#undef SSMSCAN_INSTANTIATE

}  // namespace ssmscan::bench::gpu
