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
//
// Rows whose tiles do not begin at 16 bytes come in words of 4 or 8, a step or two of 16-bit ones, also without waiting. A row
// of 16-bit steps that begins in the middle of a word lies in shared memory one step late (Shifted), and is read back by a
// shift over words.
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
  static constexpr int word_bytes = sizeof(T) < 4 ? 4 : static_cast<int>(sizeof(T));
  static constexpr int word_steps = word_bytes / static_cast<int>(sizeof(T)), words = length / word_steps;
  static constexpr int stride = length + (word_steps > 1 ? piece_steps : 0);  // a shifted row has a word more
  using piece = pack<T, piece_steps>;
  __device__ static int place(int thread, int piece) {
    return thread * pieces + (piece ^ (thread / (at_once / pieces) % pieces));
  }
  __device__ static int place_of(int piece) { return place(piece / pieces, piece % pieces); }
  __device__ static int place_of_step(int t) { return place_of(t / piece_steps) * piece_steps + t % piece_steps; }
  __device__ static piece const& at(T const* row, int thread, int i) {
    return reinterpret_cast<piece const*>(row)[place(thread, i)];
  }
  // The place of a word Count x i words after that of `place`.
  template <int Count>
  __device__ static int moved(int place, int i) {
    constexpr int alike = at_once / pieces;  // threads whose pieces lie alike among the banks
    static_assert(Count * word_steps % (alike * Steps) == 0);
    int const steps_on = i * Count * word_steps;
    return steps_on + (place ^ steps_on / (alike * Steps) % pieces * piece_steps);
  }
  // The steps by which a row that begins at `from` lies late.
  __device__ static int shift_of(T const* from) {
    return static_cast<int>(reinterpret_cast<std::uintptr_t>(from) / sizeof(T) % word_steps);
  }
  // As at, of a row that may lie late.
  template <bool Shifted>
  __device__ static piece read(T const* row, int thread, int i, int shift) {
    piece made = at(row, thread, i);
    if constexpr (Shifted) {
      constexpr int count = piece_bytes / word_bytes;
      std::uint32_t const next =
          *reinterpret_cast<std::uint32_t const*>(row + place_of(thread * pieces + i + 1) * piece_steps);
#pragma unroll
      for (int k = 0; k < count; ++k)
        made.of[k] = __funnelshift_r(made.of[k], k + 1 < count ? made.of[k + 1] : next, 16 * shift);
    }
    return made;
  }
};

template <bool Shifted, class T, int Steps, class Real>
__device__ void read_row(T const* row, int thread, int shift, Real (&to)[Steps]) {
  using of = time_row<T, Steps>;
#pragma unroll
  for (int i = 0; i < of::pieces; ++i) {
    auto const values = of::template read<Shifted>(row, thread, i, shift);
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
  // [buffer][state of a stage][B, C][row] and per warp u, delta, z (then y), and per warp and state a rate and a carry
  static constexpr int stage_rows = 2 * Together, coefficient_rows = buffers * stage_rows, warp_rows = 3;
  static std::size_t shared_bytes(int states) {
    return sizeof(IO) * time_row<IO, Steps>::stride * (coefficient_rows + warp_rows * Warps) +
           sizeof(Real) * 2 * static_cast<std::size_t>(states) * Warps;
  }
};

template <class IO, class Real, int Steps, int Warps, int BlocksPerMultiprocessor, int Together, bool Shifted>
__global__ void __launch_bounds__(32 * Warps, BlocksPerMultiprocessor)
    selective_time_kernel(fused_arguments<IO, Real> const p) {
  using shape = time_shape<IO, Real, Steps, Warps, Together>;
  using row = time_row<IO, Steps>;
  constexpr int tile = shape::tile, threads = shape::threads;
  constexpr unsigned everyone = 0xffffffffu;
  extern __shared__ __align__(16) unsigned char shared[];
  IO* const coefficients = reinterpret_cast<IO*>(shared);
  int const lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  IO* const u_row = coefficients + (shape::coefficient_rows + shape::warp_rows * warp) * row::stride;
  IO *const delta_row = u_row + row::stride, *const z_row = delta_row + row::stride;
  Real* const rates =
      reinterpret_cast<Real*>(coefficients + (shape::coefficient_rows + shape::warp_rows * Warps) * row::stride) +
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

  // Steps of the row `from` from t on, from global memory to shared, without waiting; zeros beyond the sequence.
  auto const is_whole = [&](index_t t) { return pieces_aligned && range.end - t >= tile; };
  auto const bring_piece = [&](IO* to, IO const* from, int k) {
    __pipeline_memcpy_async(to + row::place_of(k) * row::piece_steps, from + k * row::piece_steps, row::piece_bytes);
  };
  auto const late = [&](IO const* from) { return Shifted ? row::shift_of(from + range.begin) : 0; };
  // A row that lies `shift` late, in words: a thread's are first, first + Count, ... . A word of two steps of which only one is
  // the sequence's, as the first and the last may be, is left to bring_edge. While the sequence goes on beyond the tile, a word
  // is one instruction.
  auto const bring_words = [&]<int Count>(std::integral_constant<int, Count>, IO* to, IO const* from, index_t t,
                                          int shift, int first) {
    int const own = row::place_of_step(first * row::word_steps);
    IO const* const at = from + t + (first * row::word_steps - shift);
    bool const is_edge = shift > 0 && t == range.begin && first == 0;
    auto const bring = [&](IO* word, int steps_on, bool is_whole) {
      __pipeline_memcpy_async(word, at + steps_on, row::word_bytes, is_whole ? 0 : row::word_bytes);
    };
    if (range.end - t > tile) {
#pragma unroll
      for (int i = 0; i < row::words / Count; ++i)
        if (i > 0 || !is_edge) bring(to + row::template moved<Count>(own, i), i * Count * row::word_steps, true);
      if (shift > 0 && first == 0) bring(to + row::place_of_step(row::length), row::length, true);
    } else {
      // Words before `whole` are the sequence's, those from `none` on have no step of it.
      int const steps = static_cast<int>(range.end - t) + shift;
      int const whole = steps / row::word_steps - first, none = (steps + row::word_steps - 1) / row::word_steps - first;
#pragma unroll 1
      for (int i = 0; i < row::words / Count; ++i) {
        bool const is_whole = i * Count < whole;
        if ((is_whole || i * Count >= none) && (i > 0 || !is_edge))
          bring(to + row::template moved<Count>(own, i), i * Count * row::word_steps, is_whole);
      }
      if (shift > 0 && first == 0 && row::words >= none)
        bring(to + row::place_of_step(row::length), row::length, false);
    }
  };
  auto const has_edges = [&](index_t t) { return row::word_steps > 1 && (t == range.begin || range.end - t <= tile); };
  auto const bring_edge = [&](IO* to, IO const* from, index_t t, int shift, bool is_last) {
    index_t const left = range.end - t, step = left - 1;
    if (left <= 0) return;
    if (!is_last && shift > 0 && t == range.begin) to[row::place_of_step(1)] = from[t];
    if (is_last && step < tile && (step + shift) % row::word_steps == 0) {
      IO* const at = to + row::place_of_step(static_cast<int>(step) + shift);
      at[0] = from[t + step], at[row::word_steps - 1] = IO{};
    }
  };
  auto const bring_row = [&](IO* to, IO const* from, index_t t) {
    if (is_whole(t)) {
#pragma unroll
      for (int i = 0; i < row::pieces; ++i) bring_piece(to, from + t, i * 32 + lane);
    } else {
      int const shift = late(from);
      bring_words(std::integral_constant<int, 32>{}, to, from, t, shift, lane);
      if (has_edges(t) && lane < 2) bring_edge(to, from, t, shift, lane > 0);
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
    IO* const rows = coefficients + next_buffer * shape::stage_rows * row::stride;
    if (next_time < range.end && is_whole(next_time)) {
#pragma unroll
      for (int s = 0; s < Together; ++s) {
        if (next_state + s >= p.states) break;
        IO* const to = rows + 2 * s * row::stride + own_place * row::piece_steps;
        __pipeline_memcpy_async(to + (brings_C ? row::stride : 0), next_B + s * state_of_B, row::piece_bytes);
        if constexpr (rows_at_once == 1)
          __pipeline_memcpy_async(to + row::stride, next_C + s * p.C.state, row::piece_bytes);
      }
    } else if (next_time < range.end) {
      auto const row_at = [&](int of) {
        int const n = next_state + of / 2;
        return of % 2 == 0 ? B + n * p.B.state : C + n * p.C.state;
      };
      int const rows_left = 2 * (p.states - next_state), count = rows_left < 2 * Together ? rows_left : 2 * Together;
#pragma unroll 1
      for (int of = 0; of < count; ++of)
        bring_words(std::integral_constant<int, threads>{}, rows + of * row::stride, row_at(of), next_time,
                    late(row_at(of)), static_cast<int>(threadIdx.x));
      int const of = static_cast<int>(threadIdx.x) / 2;
      if (has_edges(next_time) && of < count)
        bring_edge(rows + of * row::stride, row_at(of), next_time, late(row_at(of)), threadIdx.x % 2 > 0);
    }
    __pipeline_commit();
    next_buffer = next_buffer + 1 == shape::buffers ? 0 : next_buffer + 1;
    next_state += Together, next_B += Together * state_of_B, next_C += Together * p.C.state;
    if (next_state >= p.states) {
      next_B += tile - next_state * state_of_B, next_C += tile - next_state * p.C.state;
      next_state = 0, next_time += tile;
    }
  };

  // Rows of every second state lie late, or all, or none.
  int const late_B = late(B), late_C = late(C), next_late_B = late(B + p.B.state), next_late_C = late(C + p.C.state);
  auto const late_of = [&](int n, int even, int odd) { return n % 2 == 0 ? even : odd; };

  int buffer = 0;
  bring_row(u_row, u_at, range.begin), bring_row(delta_row, delta_at, range.begin);
  bring_stage(), bring_stage();
  __pipeline_wait_prior(1);
  __syncwarp();
  for (index_t t = range.begin; t < range.end; t += tile) {
    int const count = range.end - t < tile ? static_cast<int>(range.end - t) : tile;
    Real d[Steps], input[Steps], y[Steps], between[5];
    read_row<Shifted>(delta_row, lane, late(delta_at), d);
    read_row<Shifted>(u_row, lane, late(u_at), input);
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
        read_row<Shifted>(rows + 2 * s * row::stride, lane, late_of(n + s, late_B, next_late_B), b[s]);
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
        for (int s = 0; s < Count; ++s)
          c_values[s] = row::template read<Shifted>(rows + (2 * s + 1) * row::stride, lane, piece,
                                                    late_of(n + s, late_C, next_late_C));
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
      IO const* const rows = coefficients + buffer * shape::stage_rows * row::stride;
      if (n + Together <= p.states) {
        scan_states(std::integral_constant<int, Together>{}, n, rows);
      } else {
#pragma unroll 1
        for (int s = 0; n + s < p.states; ++s)
          scan_states(std::integral_constant<int, 1>{}, n + s, rows + 2 * s * row::stride);
      }
      buffer = buffer + 1 == shape::buffers ? 0 : buffer + 1;
    }

    __pipeline_wait_prior(0);
    __syncwarp();
    if (z_at != nullptr) {
      Real gate[Steps];
      read_row<Shifted>(z_row, lane, late(z_at), gate);
#pragma unroll
      for (int i = 0; i < Steps; ++i) y[i] *= silu(gate[i]);
      if constexpr (Shifted) __syncwarp();  // a shifted piece has steps of the next thread's, who writes y over them
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
#pragma unroll 4
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
