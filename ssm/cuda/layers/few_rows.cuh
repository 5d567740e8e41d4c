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

// x (tokens, inputs): rows at multiples of 16 bytes, of whole eights of floats, with zeros behind their end.
struct plain_input {
  static constexpr bool is_scaled = false;
  float const* data;
  index_t stride, tokens;
};
// The same times a norm's weight (as long, as padded) over sqrt(mean of x^2 + epsilon); the root is taken out of the sum.
struct normal_input {
  static constexpr bool is_scaled = true;
  float const* data;
  index_t stride, tokens;
  float const* norm;
  float epsilon;
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

// Count floats from there on; zeros where nothing is asked for.
template <int Count>
__device__ void load_floats(float const* from, bool is_asked_for, float (&into)[Count]) {
#pragma unroll
  for (int k = 0; k < Count; k += 4) {
    float4 const four = is_asked_for ? *reinterpret_cast<float4 const*>(from + k) : float4{};
    into[k] = four.x, into[k + 1] = four.y, into[k + 2] = four.z, into[k + 3] = four.w;
  }
}

// What an output does with the sums. `constants` are what it reads that no kernel writes, asked for with W; `variables` the rest, with
// x; all threads of the warp take part, so that what they wait for comes at once.
//   template <int Rows> constants_type constants(index_t o, int lane) const;
//   template <int Rows> variables_type variables(index_t o, int lane, index_t tokens) const;
//   template <int Rows> void finish(index_t o, int lane, index_t tokens, float const (&sum)[Rows], constants, variables) const;
//   static constexpr int blocks: how many should fit on a multiprocessor at least, by the registers of their threads

inline constexpr int most_few_threads = 256;
// Held: vectors of a row that a thread has in flight. With long rows, as out_proj's, whose values a thread has too, as many registers
// as they take: beyond the 24 values of a row of 768 (six vectors of floats, three of bfloat16) no number of blocks is asked for.
template <int Held, class W, class Output>
inline constexpr int few_rows_blocks = Held* weight_vector<W>::count > 24 ? 1 : Output::blocks;

template <int Rows, int Held, class W, class Input, class Output>
__global__ void __launch_bounds__(most_few_threads, few_rows_blocks<Held, W, Output>)
    few_rows_kernel(weight_rows<W> const weight, Input const x, Output const output) {
  cudaTriggerProgrammaticLaunchCompletion();
  constexpr int count = weight_vector<W>::count;
  constexpr index_t chunk = index_t{32} * Held * count;
  int const lane = threadIdx.x % 32;
  index_t const warps = static_cast<index_t>(gridDim.x) * (blockDim.x / 32);
  index_t o = static_cast<index_t>(blockIdx.x) * (blockDim.x / 32) + threadIdx.x / 32, base = 0;
  auto const at_vector = [&](int v) { return base + (v * 32 + lane) * count; };
  weight_vector<W> held[Held];
  auto const load_weights = [&] {
#pragma unroll
    for (int v = 0; v < Held; ++v) {
      held[v].bits = {};
      if (at_vector(v) < weight.inputs) held[v].load(weight.data + o * weight.stride + at_vector(v));
    }
  };
  // No branch between loads: the compiler leaves a load behind a branch behind it.
  auto const load_token = [&](int r, int v, float(&into)[count]) {
    load_floats(x.data + r * x.stride + at_vector(v), at_vector(v) < weight.inputs && r < x.tokens, into);
  };
  auto const load_scale = [&](int v, float(&into)[count]) {
    if constexpr (Input::is_scaled) load_floats(x.norm + at_vector(v), at_vector(v) < weight.inputs, into);
  };
  auto const scale_values = [&](float const(&scale)[count], float(&values)[count], float& squares) {
    if constexpr (Input::is_scaled) {
#pragma unroll
      for (int k = 0; k < count; ++k) squares = fmaf(values[k], values[k], squares), values[k] *= scale[k];
    }
  };

  bool const mine = o < weight.outputs;
  decltype(output.template constants<Rows>(o, lane)) constants;
  if (mine) load_weights(), constants = output.template constants<Rows>(o, lane);
  cudaGridDependencySynchronize();
  if (!mine) return;
  auto variables = output.template variables<Rows>(o, lane, x.tokens);

  constexpr bool keeps =
      Rows == 1;  // one token's values stay in registers; where they are whole, they do for every output
  float values[keeps ? Held : 1][count];
  bool is_loaded = false;
  float sum[Rows] = {}, squares[Rows] = {};
  while (o < weight.outputs) {
    if constexpr (keeps) {
      if (!is_loaded || weight.inputs > chunk) {
        if (base == 0) squares[0] = 0;
#pragma unroll
        for (int v = 0; v < Held; ++v) load_token(0, v, values[v]);
#pragma unroll
        for (int v = 0; v < Held; ++v) {
          float scale[count];
          load_scale(v, scale);
          scale_values(scale, values[v], squares[0]);
        }
      }
#pragma unroll
      for (int v = 0; v < Held; ++v)
#pragma unroll
        for (int k = 0; k < count; ++k) sum[0] = fmaf(held[v][k], values[v][k], sum[0]);
    } else {
#pragma unroll
      for (int v = 0; v < Held; ++v) {
        float scale[count], of_token[Rows][count];
        load_scale(v, scale);
#pragma unroll
        for (int r = 0; r < Rows; ++r) load_token(r, v, of_token[r]);
#pragma unroll
        for (int r = 0; r < Rows; ++r) {
          scale_values(scale, of_token[r], squares[r]);
#pragma unroll
          for (int k = 0; k < count; ++k) sum[r] = fmaf(held[v][k], of_token[r][k], sum[r]);
        }
      }
    }
    is_loaded = true;
    index_t const at = o;
    base += chunk;
    bool const is_whole = base >= weight.inputs;
    if (is_whole) base = 0, o += warps;
    if (o < weight.outputs) load_weights();
    if (!is_whole) continue;
#pragma unroll
    for (int r = 0; r < Rows; ++r) {
      float of_squares = squares[r];
      for (int distance = 16; distance > 0; distance /= 2) {
        sum[r] += __shfl_xor_sync(0xffffffffu, sum[r], distance);
        if constexpr (Input::is_scaled) of_squares += __shfl_xor_sync(0xffffffffu, of_squares, distance);
      }
      if constexpr (Input::is_scaled) sum[r] *= rsqrtf(of_squares / static_cast<float>(weight.inputs) + x.epsilon);
    }
    output.finish(at, lane, x.tokens, sum, constants, variables);
#pragma unroll
    for (int r = 0; r < Rows; ++r) {
      sum[r] = 0;
      if (!keeps) squares[r] = 0;
    }
    if (o < weight.outputs) {
      constants = output.template constants<Rows>(o, lane);
      variables = output.template variables<Rows>(o, lane, x.tokens);
    }
  }
}

template <int Rows, int Held, class W, class Input, class Output>
void launch_held(weight_rows<W> const& weight, Input const& x, Output const& output, int multiprocessors,
                 device::stream stream) {
  // Warps in a block: as many as leave two blocks for each multiprocessor. Blocks: no more than run at a time.
  constexpr index_t most_warps = most_few_threads / 32, blocks_each = 4;
  index_t warps = 1;
  while (warps < most_warps && 2 * warps * 2 * multiprocessors <= weight.outputs) warps *= 2;
  index_t const blocks = (weight.outputs + warps - 1) / warps, most = blocks_each * multiprocessors;
  launch(stream, {blocks < most ? blocks : most, static_cast<int>(32 * warps), 0, 1, start::beside_the_last},
         &few_rows_kernel<Rows, Held, W, Input, Output>, weight, x, output);
}

template <int Rows, class W, class Input, class Output>
void launch_rows(weight_rows<W> const& weight, Input const& x, Output const& output, int multiprocessors,
                 device::stream stream) {
  // Elements of a vector of each thread. Three of them are a row of 384 floats (768 of bfloat16), six one of 768, mamba-130m's hidden,
  // and twelve its inner; longer rows take turns of twelve.
  constexpr index_t each = 32 * weight_vector<W>::count;
  auto const call = weight.inputs <= 3 * each   ? &launch_held<Rows, 3, W, Input, Output>
                    : weight.inputs <= 6 * each ? &launch_held<Rows, 6, W, Input, Output>
                                                : &launch_held<Rows, 12, W, Input, Output>;
  call(weight, x, output, multiprocessors, stream);
}

// x.tokens: 1 to most_few_rows. y of a token depends on no other, nor on how many there are.
template <class W, class Input, class Output>
void launch_few_rows(weight_rows<W> const& weight, Input const& x, Output const& output, int multiprocessors,
                     device::stream stream) {
  if (x.tokens == 1) return launch_rows<1>(weight, x, output, multiprocessors, stream);
  launch_rows<most_few_rows>(weight, x, output, multiprocessors, stream);
}

}  // namespace ssmscan::device::detail
