#include <ssmscan/scan/backends/cuda/launch.cuh>
#include <ssmscan/ssm/cuda/convolution_rows.hpp>

namespace ssmscan::device::detail {
namespace {

constexpr int row_threads = 256, pairs_of_thread = 4;
constexpr index_t pairs_of_block = row_threads * pairs_of_thread;
index_t parts_of(index_t pairs) { return (pairs + pairs_of_block - 1) / pairs_of_block; }

template <class T>
struct alignas(2 * sizeof(T)) pair {
  T first, second;
};
template <class T>
__device__ pair<T>* row_of(convolution_group<T> const& g, index_t row) {
  return reinterpret_cast<pair<T>*>(g.rows) + row * g.bins;
}

// body(pair) over the pairs of this block's part of a row.
template <class Body>
__device__ void each_pair(index_t part, index_t bins, Body body) {
#pragma unroll
  for (int i = 0; i < pairs_of_thread; ++i) {
    index_t const k = part * pairs_of_block + i * row_threads + threadIdx.x;
    if (k < bins) body(k);
  }
}

template <class T>
__global__ void __launch_bounds__(row_threads) pad_kernel(convolution_group<T> const g, index_t parts) {
  index_t const row = blockIdx.x / parts, signals = g.room_channels * g.room_batch;
  bool const is_signal = row < signals;
  index_t const c = is_signal ? row / g.room_batch : row - signals, b = is_signal ? row % g.room_batch : 0;
  T const* from = nullptr;
  index_t stride = 1, length = 0;
  if (c < g.channels && b < g.batch) {
    auto const& u = g.call.u;
    from = is_signal ? &u(g.first_batch + b, g.first_channel + c, 0) : g.call.kernel.row(g.first_channel + c);
    stride = is_signal ? u.stride.time : 1, length = is_signal ? u.shape.time : g.call.kernel.columns;
  }
  each_pair(blockIdx.x % parts, g.bins, [&](index_t k) {
    index_t const t = 2 * k;
    row_of(g, row)[k] = {t < length ? from[t * stride] : T(0), t + 1 < length ? from[(t + 1) * stride] : T(0)};
  });
}

// Spectra of signals times those of their kernels, over n.
template <class T>
__global__ void __launch_bounds__(row_threads) multiply_kernel(convolution_group<T> const g, index_t parts, T over_n) {
  index_t const row = blockIdx.x / parts;
  pair<T>* const signal = row_of(g, row);
  pair<T> const* const kernel = row_of(g, g.room_channels * g.room_batch + row / g.room_batch);
  each_pair(blockIdx.x % parts, g.bins, [&](index_t k) {
    pair<T> const p = signal[k];
    pair<T> q = kernel[k];
    q.first *= over_n, q.second *= over_n;
    signal[k] = {fma(p.first, q.first, -(p.second * q.second)), fma(p.first, q.second, p.second * q.first)};
  });
}

template <class T>
__global__ void __launch_bounds__(row_threads) crop_kernel(convolution_group<T> const g, index_t parts) {
  index_t const row = blockIdx.x / parts, c = row / g.room_batch, b = row % g.room_batch;
  if (c >= g.channels || b >= g.batch) return;
  index_t const channel = g.first_channel + c, batch = g.first_batch + b, length = g.call.y.shape.time;
  T const skip = g.call.skip.data() != nullptr ? g.call.skip.data()[channel] : T(0);
  T const* const u = g.call.skip.data() != nullptr ? &g.call.u(batch, channel, 0) : nullptr;
  T* const y = &g.call.y(batch, channel, 0);
  auto const keep = [&](index_t t, T convolved) {
    if (t < length)
      y[t * g.call.y.stride.time] = u != nullptr ? fma(skip, u[t * g.call.u.stride.time], convolved) : convolved;
  };
  each_pair(blockIdx.x % parts, (length + 1) / 2, [&](index_t k) {
    pair<T> const p = row_of(g, row)[k];
    keep(2 * k, p.first), keep(2 * k + 1, p.second);
  });
}

}  // namespace

template <class T>
void launch_pad(convolution_group<T> const& g, device::stream stream) {
  index_t const parts = parts_of(g.bins);
  launch(stream, {(g.signals() + g.room_channels) * parts, row_threads}, &pad_kernel<T>, g, parts);
}
template <class T>
void launch_multiply(convolution_group<T> const& g, T over_n, device::stream stream) {
  index_t const parts = parts_of(g.bins);
  launch(stream, {g.signals() * parts, row_threads}, &multiply_kernel<T>, g, parts, over_n);
}
template <class T>
void launch_crop(convolution_group<T> const& g, device::stream stream) {
  index_t const parts = parts_of((g.call.y.shape.time + 1) / 2);
  launch(stream, {g.signals() * parts, row_threads}, &crop_kernel<T>, g, parts);
}

#define SSMSCAN_INSTANTIATE(T)                                                   \
  template void launch_pad(convolution_group<T> const&, device::stream);         \
  template void launch_multiply(convolution_group<T> const&, T, device::stream); \
  template void launch_crop(convolution_group<T> const&, device::stream);
SSMSCAN_INSTANTIATE(float)
SSMSCAN_INSTANTIATE(double)
#undef SSMSCAN_INSTANTIATE

}  // namespace ssmscan::device::detail
