#pragma once
// The fused selective scan, rule mamba, time over the threads of a warp: for few channels, where states over threads leave
// the multiprocessors without warps.
//
// A warp walks along one channel in tiles of 32 x Steps steps, thread l having steps l Steps .. (l + 1) Steps of each, in
// registers: d, d u, and what becomes y. State after state, Together of them at a time, so that one's latencies are the
// other's work:
//   1  x = e^(d A) x + d u B over the thread's steps, from nothing (thread 0: from where the tile before ended); the
//      factors and d u B stay in registers
//   2  the threads' results are scanned (Hillis and Steele): from thread l - 2^k to l the factor is e^(A D_k), where D_k, the
//      sum of the d between (by halves, so that it is rounded log2(Steps) + k times), is the same for all states
//   3  x again, from what the thread before ended with, and y += C x
// Rows of B and C of two stages (Together states each) to come, and u, delta and z of a warp's next tile, are on their way
// to shared memory while it works. No bit depends on Together or Warps.
#include <cuda_pipeline.h>
#include <cuda_runtime.h>

#include <ssmscan/ssm/cuda/selective_slots.cuh>
#include <ssmscan/ssm/cuda/selective_tiles.cuh>

namespace ssmscan::device {

// Rows of a tile in shared memory, in pieces of 16 bytes. A thread reads its own pieces, 32 or 64 bytes from its
// neighbour's: by the exclusive or, no two that are read at once lie in the same banks.
template <class T, int Steps>
struct time_row {
  static constexpr int piece_bytes = 16, piece_steps = piece_bytes / static_cast<int>(sizeof(T));
  static constexpr int pieces = Steps / piece_steps;  // of a thread
  static constexpr int at_once = 128 / piece_bytes;   // pieces that all banks give
  static constexpr int length = 32 * Steps, row_pieces = 32 * pieces;
  using piece = pack<T, piece_steps>;
  __device__ static int place(int thread, int piece) {
    return thread * pieces + (piece ^ (thread / (at_once / pieces) % pieces));
  }
  __device__ static int place_of(int piece) { return place(piece / pieces, piece % pieces); }
  __device__ static int place_of_step(int t) { return place_of(t / piece_steps) * piece_steps + t % piece_steps; }
  __device__ static piece const& at(T const* row, int thread, int i) {
    return reinterpret_cast<piece const*>(row)[place(thread, i)];
  }
};

template <class T, int Steps, class Real>
__device__ void read_row(T const* row, int thread, Real (&to)[Steps]) {
  using of = time_row<T, Steps>;
#pragma unroll
  for (int i = 0; i < of::pieces; ++i) {
    auto const values = of::at(row, thread, i);
#pragma unroll
    for (int j = 0; j < of::piece_steps; ++j) to[i * of::piece_steps + j] = Real(values.wide(j));
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

template <class IO, class Real, int Steps, int Warps, int Together>
struct time_shape {
  static constexpr int threads = 32 * Warps, tile = 32 * Steps;
  static constexpr int buffers = 3;  // of stages: one worked on, two on their way
  // [buffer][state of a stage][B, C][tile] and per warp u, delta, z (then y), and per warp and state a rate and a carry
  static constexpr int stage_rows = 2 * Together, coefficient_rows = buffers * stage_rows, warp_rows = 3;
  static std::size_t shared_bytes(int states) {
    return sizeof(IO) * tile * (coefficient_rows + warp_rows * Warps) +
           sizeof(Real) * 2 * static_cast<std::size_t>(states) * Warps;
  }
};

template <class IO, class Real, int Steps, int Warps, int BlocksPerMultiprocessor, int Together>
__global__ void __launch_bounds__(32 * Warps, BlocksPerMultiprocessor)
    selective_time_kernel(fused_arguments<IO, Real> const p) {
  using shape = time_shape<IO, Real, Steps, Warps, Together>;
  using row = time_row<IO, Steps>;
  constexpr int tile = shape::tile, threads = shape::threads;
  constexpr unsigned everyone = 0xffffffffu;
  extern __shared__ __align__(16) unsigned char shared[];
  IO* const coefficients = reinterpret_cast<IO*>(shared);
  int const lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  IO* const u_row = coefficients + (shape::coefficient_rows + shape::warp_rows * warp) * tile;
  IO *const delta_row = u_row + tile, *const z_row = delta_row + tile;
  Real* const rates =
      reinterpret_cast<Real*>(coefficients + (shape::coefficient_rows + shape::warp_rows * Warps) * tile) +
      warp * 2 * p.states;
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
  bool const pieces_aligned = p.pieces && range.begin % row::piece_steps == 0;

  // A row of the tile that begins at t, or piece k of it, from global memory to shared, without waiting where pieces can be read
  // and are the sequence's; zeros beyond it. Threads first, first + Count, ... have a share each.
  auto const is_whole = [&](index_t t) { return pieces_aligned && range.end - t >= tile; };
  auto const bring_piece = [&](IO* to, IO const* from, int k) {
    __pipeline_memcpy_async(to + row::place_of(k) * row::piece_steps, from + k * row::piece_steps, row::piece_bytes);
  };
  auto const bring_part = [&]<int Count>(std::integral_constant<int, Count>, IO* to, IO const* from, index_t t,
                                         int first) {
    index_t const left = range.end - t;
    constexpr int at_once = 4;  // loads before the first store
    int begin = 0;              // what goes step by step: all, or what is left of pieces
    if (pieces_aligned) {
      int const whole = static_cast<int>((left < tile ? left : tile) / row::piece_steps);
#pragma unroll 1
      for (int k = first; k < whole; k += Count) bring_piece(to, from, k);
      begin = whole * row::piece_steps;
    }
#pragma unroll 1
    for (int t0 = begin + first; t0 < tile; t0 += at_once * Count) {
      IO values[at_once];
#pragma unroll
      for (int i = 0; i < at_once; ++i) {
        int const place = t0 + i * Count;
        values[i] = place < left && place < tile ? from[place] : IO{};
      }
#pragma unroll
      for (int i = 0; i < at_once; ++i)
        if (t0 + i * Count < tile) to[row::place_of_step(t0 + i * Count)] = values[i];
    }
  };
  auto const bring_row = [&](IO* to, IO const* from, index_t t) {
    if (is_whole(t)) {
#pragma unroll
      for (int i = 0; i < row::pieces; ++i) bring_piece(to, from + t, i * 32 + lane);
    } else {
      bring_part(std::integral_constant<int, 32>{}, to, from + t, t, lane);
    }
  };
  // What is brought next of B and C: a thread brings the same piece of each row, or of each second one. A stage's copies are one
  // group of the pipeline, with whatever else was asked for since the stage before.
  constexpr unsigned rows_at_once = threads / row::row_pieces;
  static_assert(threads % row::row_pieces == 0 && (rows_at_once == 1 || rows_at_once == 2));
  unsigned const own_piece = threadIdx.x % row::row_pieces, own_place = row::place_of(static_cast<int>(own_piece));
  bool const brings_C = rows_at_once == 2 && threadIdx.x >= row::row_pieces;
  IO const* next_B = (brings_C ? C : B) + range.begin + own_piece * row::piece_steps;
  IO const* next_C = C + range.begin + own_piece * row::piece_steps;
  index_t const state_of_B = brings_C ? p.C.state : p.B.state;
  index_t next_time = range.begin;
  int next_state = 0, next_buffer = 0;
  auto const bring_stage = [&] {
    IO* const rows = coefficients + next_buffer * shape::stage_rows * tile;
    if (next_time < range.end && is_whole(next_time)) {
#pragma unroll
      for (int s = 0; s < Together; ++s) {
        if (next_state + s >= p.states) break;
        IO* const to = rows + 2 * s * tile + own_place * row::piece_steps;
        __pipeline_memcpy_async(to + (brings_C ? tile : 0), next_B + s * state_of_B, row::piece_bytes);
        if constexpr (rows_at_once == 1) __pipeline_memcpy_async(to + tile, next_C + s * p.C.state, row::piece_bytes);
      }
    } else if (next_time < range.end) {
#pragma unroll 1
      for (int of = 0; of < 2 * Together && next_state + of / 2 < p.states; ++of) {
        int const n = next_state + of / 2;
        bring_part(std::integral_constant<int, threads>{}, rows + of * tile,
                   (of % 2 == 0 ? B + n * p.B.state : C + n * p.C.state) + next_time, next_time,
                   static_cast<int>(threadIdx.x));
      }
    }
    __pipeline_commit();
    next_buffer = next_buffer + 1 == shape::buffers ? 0 : next_buffer + 1;
    next_state += Together, next_B += Together * state_of_B, next_C += Together * p.C.state;
    if (next_state >= p.states) {
      next_B += tile - next_state * state_of_B, next_C += tile - next_state * p.C.state;
      next_state = 0, next_time += tile;
    }
  };

  int buffer = 0;
  bring_row(u_row, u_at, range.begin), bring_row(delta_row, delta_at, range.begin);
  bring_stage(), bring_stage();
  __pipeline_wait_prior(1);
  __syncwarp();
  for (index_t t = range.begin; t < range.end; t += tile) {
    int const count = range.end - t < tile ? static_cast<int>(range.end - t) : tile;
    Real d[Steps], input[Steps], y[Steps], between[5];
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
    Real sum =
        __shfl_sync(everyone, sum_by_halves<0, Steps>(d), lane);  // of its own: else it is summed anew for each state
#pragma unroll
    for (int k = 0; k < 5; ++k) {
      between[k] = sum;
      Real const before = __shfl_up_sync(everyone, sum, 1 << k);
      sum += before;
    }
    __syncwarp();
    if (t + tile < range.end) bring_row(u_row, u_at, t + tile), bring_row(delta_row, delta_at, t + tile);
    if (z_at != nullptr) bring_row(z_row, z_at, t);

    // States n .. n + Count, whose B and C begin at `rows`.
    auto const scan_states = [&]<int Count>(std::integral_constant<int, Count>, int n, IO const* rows) {
      Real rate[Count], carry[Count], x[Count], a[Count][Steps], b[Count][Steps];
#pragma unroll
      for (int s = 0; s < Count; ++s) {
        rate[s] = rates[n + s], carry[s] = carries[n + s], x[s] = lane == 0 ? carry[s] : Real(0);
        read_row<IO, Steps>(rows + 2 * s * tile, lane, b[s]);
      }
#pragma unroll
      for (int i = 0; i < Steps; ++i) {
#pragma unroll
        for (int s = 0; s < Count; ++s) {
          a[s][i] = decay(d[i], rate[s]), b[s][i] *= input[i];
          x[s] = fma(a[s][i], x[s], b[s][i]);
        }
      }
#pragma unroll
      for (int k = 0; k < 5; ++k) {
#pragma unroll
        for (int s = 0; s < Count; ++s) {
          Real const before = __shfl_up_sync(everyone, x[s], 1 << k);
          Real const made = fma(decay(between[k], rate[s]), before, x[s]);
          x[s] = lane >= 1 << k ? made : x[s];
        }
      }
      Real before[Count];
#pragma unroll
      for (int s = 0; s < Count; ++s) before[s] = __shfl_up_sync(everyone, x[s], 1);
      __syncwarp();
#pragma unroll
      for (int s = 0; s < Count; ++s) {
        if (lane == 31) carries[n + s] = x[s];
        x[s] = lane == 0 ? carry[s] : before[s];
      }
#pragma unroll
      for (int piece = 0; piece < row::pieces; ++piece) {
        typename row::piece c_values[Count];
#pragma unroll
        for (int s = 0; s < Count; ++s) c_values[s] = row::at(rows + (2 * s + 1) * tile, lane, piece);
#pragma unroll
        for (int j = 0; j < row::piece_steps; ++j) {
          int const i = piece * row::piece_steps + j;
#pragma unroll
          for (int s = 0; s < Count; ++s) {
            x[s] = fma(a[s][i], x[s], b[s][i]);
            y[i] = fma(Real(c_values[s].wide(j)), x[s], y[i]);
          }
        }
      }
    };
    for (int n = 0; n < p.states; n += Together) {
      __pipeline_wait_prior(1);
      __syncthreads();  // whoever is past it has read the buffer that is brought to next
      bring_stage();
      IO const* const rows = coefficients + buffer * shape::stage_rows * tile;
      if (n + Together <= p.states) {
        scan_states(std::integral_constant<int, Together>{}, n, rows);
      } else {
#pragma unroll 1
        for (int s = 0; n + s < p.states; ++s)
          scan_states(std::integral_constant<int, 1>{}, n + s, rows + 2 * s * tile);
      }
      buffer = buffer + 1 == shape::buffers ? 0 : buffer + 1;
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
    for (int i = 0; i < row::pieces; ++i)
      reinterpret_cast<typename row::piece*>(z_row)[row::place(lane, i)] =
          narrowed_pack<IO, row::piece_steps>(y + i * row::piece_steps);
    __syncwarp();
    if (has && pieces_aligned && count == tile) {
#pragma unroll
      for (int i = 0; i < row::pieces; ++i) {
        int const k = i * 32 + lane;
        *reinterpret_cast<typename row::piece*>(y_at + t + k * row::piece_steps) =
            reinterpret_cast<typename row::piece const*>(z_row)[row::place_of(k)];
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
