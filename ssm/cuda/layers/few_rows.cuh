#pragma once
// y = W x of up to four tokens, where nothing but the reading of W takes time. A warp takes an output: its threads hold the
// row's next vectors of 16 bytes in registers, asked for before the kernel that makes x has ended (W does not depend on it), so
// that memory is busy while kernels follow one another; then sums of every 32nd vector, added in pairs. What x goes through
// before (a norm) and y after (a sum, a convolution) is done here: a kernel less between tokens.
#include <ssmscan/scan/backends/cuda/half_floats.cuh>
#include <ssmscan/scan/backends/cuda/launch.cuh>
#include <ssmscan/scan/backends/cuda/linear_recurrence.hpp>
#include <ssmscan/ssm/cuda/device_matrix.hpp>

namespace ssmscan::device::detail {

inline constexpr int most_few_rows = 4;

// Brings a line into the L2 cache; reads nothing, so that what a kernel before is still to write may be asked for.
__device__ inline void ask_for(void const* address) { asm volatile("prefetch.global.L2 [%0];" ::"l"(address)); }

// x (tokens, inputs), rows at multiples of 16 bytes. With a norm's weight: x weight / sqrt(mean of x^2 + epsilon), the root
// taken out of the sum.
struct few_rows_input {
  float const* data;
  index_t stride;
  index_t tokens;
  float const* norm = nullptr;
  float epsilon = 0;
};

// 16 bytes of a row of W, as floats.
template <class W>
struct weight_vector {
  static constexpr int count = static_cast<int>(vector_bytes / sizeof(W));
  uint4 bits;
  __device__ void load(W const* from) { bits = __ldcs(reinterpret_cast<uint4 const*>(from)); }
  __device__ float operator[](int k) const {
    unsigned const word = k / (count / 4) == 0   ? bits.x
                          : k / (count / 4) == 1 ? bits.y
                          : k / (count / 4) == 2 ? bits.z
                                                 : bits.w;
    if constexpr (count == 4) return __uint_as_float(word);
    return __uint_as_float(k % 2 == 0 ? word << 16 : word & 0xffff0000u);  // the lower address is the lower half
  }
};

// The floats [at, at + Count) of a row of `size`; zeros beyond its end.
template <int Count>
__device__ void load_floats(float const* row, index_t at, index_t size, float (&into)[Count]) {
  if (at + Count <= size) {
#pragma unroll
    for (int k = 0; k < Count; k += 4) {
      float4 const four = *reinterpret_cast<float4 const*>(row + at + k);
      into[k] = four.x, into[k + 1] = four.y, into[k + 2] = four.z, into[k + 3] = four.w;
    }
  } else {
#pragma unroll
    for (int k = 0; k < Count; ++k) into[k] = at + k < size ? row[at + k] : 0.0f;
  }
}

// output(r, o, sum) by one thread for each token r and output o; output.ask(r, o) before that. Held: vectors of a row that a thread has in flight.
template <int Rows, int Held, class W, class Output>
__global__ void few_rows_kernel(weight_rows<W> const weight, few_rows_input const x, Output const output) {
  cudaTriggerProgrammaticLaunchCompletion();
  constexpr int count = weight_vector<W>::count;
  constexpr index_t chunk = index_t{32} * Held * count;
  int const lane = threadIdx.x % 32;
  index_t const warps = static_cast<index_t>(gridDim.x) * (blockDim.x / 32);
  index_t o = static_cast<index_t>(blockIdx.x) * (blockDim.x / 32) + threadIdx.x / 32, base = 0;
  weight_vector<W> held[Held];
  auto const load = [&] {
#pragma unroll
    for (int v = 0; v < Held; ++v) {
      index_t const at = base + (v * 32 + lane) * count;
      held[v].bits = {};
      if (at < weight.inputs) held[v].load(weight.data + o * weight.stride + at);
    }
  };
  bool const mine = o < weight.outputs;
  if (mine) {
    load();
    if (lane < x.tokens) output.ask(lane, o);
    if (x.norm != nullptr)
      for (index_t i = lane * 32; i < weight.inputs; i += 32 * 32) ask_for(x.norm + i);
  }
  cudaGridDependencySynchronize();
  if (!mine) return;

  float sum[Rows] = {}, squares[Rows] = {};
  while (o < weight.outputs) {
#pragma unroll
    for (int v = 0; v < Held; ++v) {
      index_t const at = base + (v * 32 + lane) * count;
      if (at >= weight.inputs) continue;
      float scale[count];
      if (x.norm != nullptr) load_floats(x.norm, at, weight.inputs, scale);
#pragma unroll
      for (int r = 0; r < Rows; ++r) {
        if (r >= x.tokens) break;
        float values[count];
        load_floats(x.data + r * x.stride, at, weight.inputs, values);
#pragma unroll
        for (int k = 0; k < count; ++k) {
          if (x.norm != nullptr) squares[r] = fmaf(values[k], values[k], squares[r]), values[k] *= scale[k];
          sum[r] = fmaf(held[v][k], values[k], sum[r]);
        }
      }
    }
    index_t const at = o;
    base += chunk;
    bool const whole = base >= weight.inputs;
    if (whole) base = 0, o += warps;
    if (o < weight.outputs) load();
    if (!whole) continue;
#pragma unroll
    for (int r = 0; r < Rows; ++r) {
      for (int distance = 16; distance > 0; distance /= 2) {
        sum[r] += __shfl_xor_sync(0xffffffffu, sum[r], distance);
        if (x.norm != nullptr) squares[r] += __shfl_xor_sync(0xffffffffu, squares[r], distance);
      }
      if (x.norm != nullptr) sum[r] *= rsqrtf(squares[r] / static_cast<float>(weight.inputs) + x.epsilon);
      if (lane == r && r < x.tokens) output(r, at, sum[r]);
      sum[r] = squares[r] = 0;
    }
  }
}

template <int Rows, int Held, class W, class Output>
void launch_held(weight_rows<W> const& weight, few_rows_input const& x, Output const& output, int multiprocessors,
                 device::stream stream) {
  // Warps in a block: as many as leave two blocks for each multiprocessor. Blocks: no more than run at a time.
  constexpr index_t most_warps = 8, blocks_each = 4;
  index_t warps = 1;
  while (warps < most_warps && 2 * warps * 2 * multiprocessors <= weight.outputs) warps *= 2;
  index_t const blocks = (weight.outputs + warps - 1) / warps, most = blocks_each * multiprocessors;
  launch(stream, {blocks < most ? blocks : most, static_cast<int>(32 * warps), 0, 1, start::beside_the_last},
         &few_rows_kernel<Rows, Held, W, Output>, weight, x, output);
}

template <int Rows, class W, class Output>
void launch_rows(weight_rows<W> const& weight, few_rows_input const& x, Output const& output, int multiprocessors,
                 device::stream stream) {
  constexpr index_t each = 32 * weight_vector<W>::count;  // elements of a vector of each thread
  auto const call = weight.inputs <= 3 * each   ? &launch_held<Rows, 3, W, Output>
                    : weight.inputs <= 6 * each ? &launch_held<Rows, 6, W, Output>
                                                : &launch_held<Rows, 12, W, Output>;
  call(weight, x, output, multiprocessors, stream);
}

// x.tokens: 1 to most_few_rows. y of a token depends on no other, nor on how many there are.
template <class W, class Output>
void launch_few_rows(weight_rows<W> const& weight, few_rows_input const& x, Output const& output, int multiprocessors,
                     device::stream stream) {
  if (x.tokens == 1) return launch_rows<1>(weight, x, output, multiprocessors, stream);
  launch_rows<most_few_rows>(weight, x, output, multiprocessors, stream);
}

}  // namespace ssmscan::device::detail
