#pragma once
// The fused selective scan, rule mamba, time over the threads of a warp: for few channels, where states over threads leave
// the multiprocessors without warps.
//
// A warp walks along one channel in tiles of 32 x Steps steps, thread l having steps l Steps .. (l + 1) Steps of each, in
// registers: d, d u, and what becomes y. State after state:
//   1  x = e^(d A) x + d u B over the thread's steps, from nothing (thread 0: from where the tile before ended); the
//      factors and d u B stay in registers
//   2  the threads' results are scanned (Hillis and Steele): from thread l - 2^k to l the factor is e^(A D_k), where D_k, the
//      sum of the d between (by halves, so that it is rounded log2(Steps) + k times), is the same for all states
//   3  x again, from what the thread before ended with, and y += C x
// Rows of B and C are brought into shared memory for all warps of a block, two buffers, a state at a time; u, delta and z
// of a warp's next tile are on their way while it works.
#include <cuda_pipeline.h>
#include <cuda_runtime.h>

#include <ssmscan/ssm/cuda/selective_slots.cuh>
#include <ssmscan/ssm/cuda/selective_tiles.cuh>

namespace ssmscan::device {

// Rows of a tile in shared memory, in pieces of at most 16 bytes. A thread reads its own pieces, 64 or 128 bytes from its
// neighbour's: by the exclusive or, no two that are read at once lie in the same banks.
template <class T, int Steps>
struct time_row {
  static constexpr int piece_bytes = sizeof(T) == 2 ? 8 : 16, piece_steps = piece_bytes / static_cast<int>(sizeof(T));
  static constexpr int pieces = Steps / piece_steps;  // of a thread
  static constexpr int at_once = 128 / piece_bytes;   // pieces that all banks give
  static constexpr int length = 32 * Steps;
  __device__ static int place(int thread, int piece) {
    return thread * pieces + (piece ^ (thread / (at_once / pieces) % pieces));
  }
  __device__ static int place_of(int piece) { return place(piece / pieces, piece % pieces); }
  __device__ static int place_of_step(int t) { return place_of(t / piece_steps) * piece_steps + t % piece_steps; }
};

template <class T>
struct alignas(sizeof(T) == 2 ? 8 : 16) piece {
  T of[sizeof(T) == 2 ? 4 : 16 / sizeof(T)];
};

template <class T, int Steps, class Real>
__device__ void read_row(T const* row, int thread, Real (&to)[Steps]) {
  using at = time_row<T, Steps>;
#pragma unroll
  for (int i = 0; i < at::pieces; ++i) {
    auto const values = reinterpret_cast<piece<T> const*>(row)[at::place(thread, i)];
#pragma unroll
    for (int j = 0; j < at::piece_steps; ++j) to[i * at::piece_steps + j] = Real(widened(values.of[j]));
  }
}

// Of values [From, From + Count).
template <int From, int Count, class Real, int Steps>
__device__ Real sum_by_halves(Real const (&values)[Steps]) {
  if constexpr (Count == 1)
    return values[From];
  else
    return sum_by_halves<From, Count / 2>(values) + sum_by_halves<From + Count / 2, Count / 2>(values);
}

template <class IO, class Real, int Steps, int Warps>
struct time_shape {
  static constexpr int threads = 32 * Warps, tile = 32 * Steps;
  // [buffer][B, C][tile] and per warp u, delta, z (then y), and per warp and state a rate and a carry
  static std::size_t shared_bytes(int states) {
    return sizeof(Real) * (4 * tile + 2 * static_cast<std::size_t>(states) * Warps) + sizeof(IO) * 3 * tile * Warps;
  }
};

template <class IO, class Real, int Steps, int Warps, int BlocksPerMultiprocessor>
__global__ void __launch_bounds__(32 * Warps, BlocksPerMultiprocessor)
    selective_time_kernel(fused_arguments<IO, Real> const p) {
  using shape = time_shape<IO, Real, Steps, Warps>;
  using row = time_row<IO, Steps>;
  using wide_row = time_row<Real, Steps>;
  constexpr int tile = shape::tile, threads = shape::threads;
  constexpr unsigned everyone = 0xffffffffu;
  extern __shared__ __align__(16) unsigned char shared[];
  Real* const coefficients = reinterpret_cast<Real*>(shared);
  int const lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  IO* const u_row = reinterpret_cast<IO*>(coefficients + 4 * tile) + warp * 3 * tile;
  IO *const delta_row = u_row + tile, *const z_row = delta_row + tile;
  Real* const rates =
      reinterpret_cast<Real*>(reinterpret_cast<IO*>(coefficients + 4 * tile) + Warps * 3 * tile) + warp * 2 * p.states;
  Real* const carries = rates + p.states;

  index_t const channel_blocks = (p.channels + Warps - 1) / Warps;
  index_t const block = blockIdx.x, batch = block / channel_blocks % p.batch;
  index_t const slot = block / channel_blocks / p.batch;
  slot_range const range = range_of(p, batch, slot);
  if (!range.is_one) return;
  index_t const first_of_block = block % channel_blocks * Warps, c = first_of_block + warp;
  bool const has = c < p.channels;
  index_t const own = has ? c : 0;

  for (int n = lane; n < p.states; n += 32) {
    rates[n] = decay_rate(p.A[own * p.row_of_A + n]);
    carries[n] = p.initial.data == nullptr ? Real(0)
                                           : p.initial.data[batch * p.initial.batch + own * p.initial.channel +
                                                            range.sequence * p.initial.sequence + n * p.initial.state];
  }
  Real const skip = p.D != nullptr ? p.D[own] : Real(0), bias = p.bias != nullptr ? p.bias[own] : Real(0);
  IO const* const u_at = p.u.data + batch * p.u.batch + own * p.u.channel;
  IO const* const delta_at = p.delta.data + batch * p.delta.batch + own * p.delta.channel;
  IO const* const z_at = p.z.data == nullptr ? nullptr : p.z.data + batch * p.z.batch + own * p.z.channel;
  IO* const y_at = p.y.data + batch * p.y.batch + own * p.y.channel;
  IO const* const B = p.B.data + batch * p.B.batch + first_of_block / p.B.channels * p.B.group;
  IO const* const C = p.C.data + batch * p.C.batch + first_of_block / p.C.channels * p.C.group;
  bool const vectors = p.vectors && range.begin % quad_time == 0;

  // A warp's row of the tile that begins at t, from global memory to shared, without waiting where vectors can be read.
  auto const bring = [&](IO* to, IO const* from, index_t t) {
    index_t const left = range.end - t;
    if (vectors && left >= tile) {
#pragma unroll
      for (int i = 0; i < row::pieces; ++i) {
        int const k = i * 32 + lane;
        __pipeline_memcpy_async(reinterpret_cast<piece<IO>*>(to) + row::place_of(k), from + t + k * row::piece_steps,
                                sizeof(piece<IO>));
      }
    } else {
      for (int k = lane; k < tile; k += 32) to[row::place_of_step(k)] = k < left ? from[t + k] : IO{};
    }
  };
  // Row n of B and C: a quad for a thread, in turn, by way of registers, as they may have to be widened.
  constexpr int quads = 2 * tile / quad_time, own_quads = (quads + threads - 1) / threads;
  quad<IO> coefficient[own_quads];
  auto const fetch = [&](int n, index_t t) {
    index_t const left = range.end - t;
    tile_range const wanted{0, left < tile ? static_cast<int>(left) : tile};
#pragma unroll
    for (int j = 0; j < own_quads; ++j) {
      int const place = j * threads + static_cast<int>(threadIdx.x), at = place % (tile / quad_time) * quad_time;
      if (quads % threads != 0 && place >= quads) break;
      IO const* const from = (place < quads / 2 ? B + n * p.B.state : C + n * p.C.state) + t;
      coefficient[j] = load_quad(from, at, wanted, vectors);
    }
  };
  auto const put = [&](int buffer) {
#pragma unroll
    for (int j = 0; j < own_quads; ++j) {
      int const place = j * threads + static_cast<int>(threadIdx.x), at = place % (tile / quad_time) * quad_time;
      if (quads % threads != 0 && place >= quads) break;
      Real* const to = coefficients + (buffer * 2 + (place < quads / 2 ? 0 : 1)) * tile;
#pragma unroll
      for (int i = 0; i < quad_time; i += wide_row::piece_steps) {
        piece<Real> values;
#pragma unroll
        for (int s = 0; s < wide_row::piece_steps; ++s) values.of[s] = Real(coefficient[j].wide(i + s));
        reinterpret_cast<piece<Real>*>(to)[wide_row::place_of((at + i) / wide_row::piece_steps)] = values;
      }
    }
  };

  int buffer = 0;
  if (range.begin < range.end) {
    bring(u_row, u_at, range.begin), bring(delta_row, delta_at, range.begin);
    fetch(0, range.begin);
  }
  for (index_t t = range.begin; t < range.end; t += tile) {
    int const count = range.end - t < tile ? static_cast<int>(range.end - t) : tile;
    Real d[Steps], input[Steps], y[Steps], between[5];
    __pipeline_commit();
    __pipeline_wait_prior(0);
    __syncwarp();
    read_row<IO, Steps>(delta_row, lane, d);
    read_row<IO, Steps>(u_row, lane, input);
#pragma unroll
    for (int i = 0; i < Steps; ++i) d[i] += bias;
    if (p.softplus) {
#pragma unroll
      for (int i = 0; i < Steps; ++i) d[i] = softplus(d[i]);
    }
#pragma unroll
    for (int i = 0; i < Steps; ++i) {
      d[i] = lane * Steps + i < count ? d[i] : Real(0);
      y[i] = skip * input[i], input[i] *= d[i];
    }
    Real sum = sum_by_halves<0, Steps>(d);
#pragma unroll
    for (int k = 0; k < 5; ++k) {
      between[k] = sum;
      Real const before = __shfl_up_sync(everyone, sum, 1 << k);
      sum += before;
    }
    __syncwarp();
    if (t + tile < range.end) bring(u_row, u_at, t + tile), bring(delta_row, delta_at, t + tile);
    if (z_at != nullptr) bring(z_row, z_at, t);
    __pipeline_commit();

    for (int n = 0; n < p.states; ++n) {
      put(buffer);
      __syncthreads();  // whoever is past it has read the other buffer
      if (n + 1 < p.states)
        fetch(n + 1, t);
      else if (t + tile < range.end)
        fetch(0, t + tile);
      Real const* const B_row = coefficients + buffer * 2 * tile;
      Real const* const C_row = B_row + tile;
      buffer ^= 1;
      Real const rate = rates[n], carry = carries[n];
      Real a[Steps], b[Steps], x = lane == 0 ? carry : Real(0);
      read_row<Real, Steps>(B_row, lane, b);
#pragma unroll
      for (int i = 0; i < Steps; ++i) {
        a[i] = decay(d[i], rate), b[i] *= input[i];
        x = fma(a[i], x, b[i]);
      }
#pragma unroll
      for (int k = 0; k < 5; ++k) {
        Real const before = __shfl_up_sync(everyone, x, 1 << k);
        Real const made = fma(decay(between[k], rate), before, x);
        x = lane >= 1 << k ? made : x;
      }
      Real const before = __shfl_up_sync(everyone, x, 1);
      __syncwarp();
      if (lane == 31) carries[n] = x;
      x = lane == 0 ? carry : before;
      Real c_values[Steps];
      read_row<Real, Steps>(C_row, lane, c_values);
#pragma unroll
      for (int i = 0; i < Steps; ++i) {
        x = fma(a[i], x, b[i]);
        y[i] = fma(c_values[i], x, y[i]);
      }
    }

    __pipeline_wait_prior(0);
    __syncwarp();
    if (z_at != nullptr) {
      Real gate[Steps];
      read_row<IO, Steps>(z_row, lane, gate);
#pragma unroll
      for (int i = 0; i < Steps; ++i) y[i] *= silu(gate[i]);
    }
#pragma unroll
    for (int i = 0; i < row::pieces; ++i) {
      piece<IO> values;
#pragma unroll
      for (int j = 0; j < row::piece_steps; ++j) values.of[j] = narrowed<IO>(y[i * row::piece_steps + j]);
      reinterpret_cast<piece<IO>*>(z_row)[row::place(lane, i)] = values;
    }
    __syncwarp();
    if (has && vectors && count == tile) {
#pragma unroll
      for (int i = 0; i < row::pieces; ++i) {
        int const k = i * 32 + lane;
        *reinterpret_cast<piece<IO>*>(y_at + t + k * row::piece_steps) =
            reinterpret_cast<piece<IO> const*>(z_row)[row::place_of(k)];
      }
    } else if (has) {
      for (int k = lane; k < count; k += 32) y_at[t + k] = z_row[row::place_of_step(k)];
    }
    __syncwarp();
  }
  if (!has || p.final.data == nullptr) return;
  __syncwarp();
  for (int n = lane; n < p.states; n += 32)
    p.final.data[batch * p.final.batch + c * p.final.channel + range.sequence * p.final.sequence + n * p.final.state] =
        carries[n];
}

}  // namespace ssmscan::device
