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
// Each is a chain of latencies, so 2 and 3 of a state are worked beside 1 of the next, in one piece of code without branches.
// Rows of B and C of two stages (two states each, a barrier a stage) to come, and u, delta and z of a warp's next tile, are on
// their way to shared memory meanwhile. No bit depends on Warps.
//
// Rows whose tiles do not begin at 16 bytes come in words of 4 or 8, a step or two of 16-bit ones, also without waiting. A row
// of 16-bit steps that begins in the middle of a word lies in shared memory one step late (Shifted), and is read back by a
// shift over words.
#include <cuda_pipeline.h>
#include <cuda_runtime.h>

#include <ssmscan/ssm/cuda/selective_slots.cuh>
#include <ssmscan/ssm/cuda/selective_time_rows.cuh>

namespace ssmscan::device {

// Of values [From, From + Count).
template <int From, int Count, class Real, int Steps>
__device__ Real sum_by_halves(Real const (&values)[Steps]) {
  if constexpr (Count == 1)
    return values[From];
  else
    return sum_by_halves<From, Count / 2>(values) + sum_by_halves<From + Count / 2, Count / 2>(values);
}

// Of a warp and state: what A is kept as, and what the tile before ended with.
template <class Real>
struct alignas(2 * sizeof(Real)) time_state {
  Real rate, carry;
};

template <class IO, class Real, int Steps, int Warps>
struct time_shape {
  static constexpr int threads = 32 * Warps, tile = 32 * Steps;
  static constexpr int stage_states = 2;
  static constexpr unsigned buffers = 4;  // of stages: two worked on, two on their way
  // [buffer][state of a stage][B, C][row] and per warp u, delta, z (then y), and per warp and state a time_state
  static constexpr int stage_rows = 2 * stage_states, coefficient_rows = buffers * stage_rows, warp_rows = 3;
  static std::size_t shared_bytes(int states) {
    return sizeof(IO) * time_row<IO, Steps>::stride * (coefficient_rows + warp_rows * Warps) +
           sizeof(time_state<Real>) * static_cast<std::size_t>(states) * Warps;
  }
};

template <class IO, class Real, int Steps, int Warps, int BlocksPerMultiprocessor, bool Shifted>
__global__ void __launch_bounds__(32 * Warps, BlocksPerMultiprocessor)
    selective_time_kernel(fused_arguments<IO, Real> const p) {
  using shape = time_shape<IO, Real, Steps, Warps>;
  using row = time_row<IO, Steps>;
  constexpr int tile = shape::tile, threads = shape::threads, stage_states = shape::stage_states;
  constexpr unsigned everyone = 0xffffffffu;
  extern __shared__ __align__(16) unsigned char shared[];
  IO* const coefficients = reinterpret_cast<IO*>(shared);
  int const lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  IO* const u_row = coefficients + (shape::coefficient_rows + shape::warp_rows * warp) * row::stride;
  IO *const delta_row = u_row + row::stride, *const z_row = delta_row + row::stride;
  auto* const own_states = reinterpret_cast<time_state<Real>*>(
                               coefficients + (shape::coefficient_rows + shape::warp_rows * Warps) * row::stride) +
                           warp * p.states;

  index_t const channel_blocks = (p.channels + Warps - 1) / Warps;
  index_t const block = blockIdx.x, batch = block / channel_blocks % p.batch;
  index_t const slot = block / channel_blocks / p.batch;
  slot_range const range = range_of(p, batch, slot);
  if (!range.is_one) return;
  index_t const first_of_block = block % channel_blocks * Warps, c = first_of_block + warp;
  bool const has = c < p.channels;
  index_t const own = has ? c : 0;

  for (int n = lane; n < p.states; n += 32) {
    Real const carry = p.initial.data == nullptr
                           ? Real(0)
                           : p.initial.data[batch * p.initial.batch + own * p.initial.channel +
                                            range.sequence * p.initial.sequence + n * p.initial.state];
    own_states[n] = {decay_rate(p.A[own * p.row_of_A + n]), carry};
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
  int next_state = 0;
  unsigned next_buffer = 0;
  bool next_is_whole = is_whole(next_time);
  auto const bring_stage = [&] {
    IO* const rows = coefficients + next_buffer * shape::stage_rows * row::stride;
    if (next_is_whole) {
      auto const bring_state = [&](int s) {
        IO* const to = rows + 2 * s * row::stride + own_place * row::piece_steps;
        __pipeline_memcpy_async(to + (brings_C ? row::stride : 0), next_B + s * state_of_B, row::piece_bytes);
        if constexpr (rows_at_once == 1)
          __pipeline_memcpy_async(to + row::stride, next_C + s * p.C.state, row::piece_bytes);
      };
      if (next_state + stage_states <= p.states) {
#pragma unroll
        for (int s = 0; s < stage_states; ++s) bring_state(s);
      } else {
        for (int s = 0; next_state + s < p.states; ++s) bring_state(s);
      }
    } else if (next_time < range.end) {
      auto const row_at = [&](int of) {
        int const n = next_state + of / 2;
        return of % 2 == 0 ? B + n * p.B.state : C + n * p.C.state;
      };
      int const rows_left = 2 * (p.states - next_state),
                count = rows_left < 2 * stage_states ? rows_left : 2 * stage_states;
#pragma unroll 1
      for (int of = 0; of < count; ++of)
        bring_words(std::integral_constant<int, threads>{}, rows + of * row::stride, row_at(of), next_time,
                    late(row_at(of)), static_cast<int>(threadIdx.x));
      int const of = static_cast<int>(threadIdx.x) / 2;
      if (has_edges(next_time) && of < count)
        bring_edge(rows + of * row::stride, row_at(of), next_time, late(row_at(of)), threadIdx.x % 2 > 0);
    }
    __pipeline_commit();
    next_buffer = (next_buffer + 1) % shape::buffers;
    next_state += stage_states, next_B += stage_states * state_of_B, next_C += stage_states * p.C.state;
    if (next_state >= p.states) {
      next_B += tile - next_state * state_of_B, next_C += tile - next_state * p.C.state;
      next_state = 0, next_time += tile, next_is_whole = is_whole(next_time);
    }
  };

  // Rows of every second state lie late, or all, or none.
  int const late_B = late(B), late_C = late(C), next_late_B = late(B + p.B.state), next_late_C = late(C + p.C.state);
  auto const late_of = [&](int n, int even, int odd) { return n % 2 == 0 ? even : odd; };

  unsigned buffer = 0;
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

    // A state's first half: x over the thread's steps, from nothing.
    struct of_state {
      time_state<Real> entered;
      Real x, a[Steps], b[Steps];
    };
    auto const begin_state = [&](of_state& s, int n, IO const* B_row) {
      s.entered = own_states[n], s.x = lane == 0 ? s.entered.carry : Real(0);
      read_row<Shifted>(B_row, lane, late_of(n, late_B, next_late_B), s.b);
    };
    auto const step_state = [&](of_state& s, int i) {
      s.a[i] = decay(d[i], s.entered.rate), s.b[i] *= input[i];
      s.x = fma(s.a[i], s.x, s.b[i]);
    };
    // State n's second half, and beside it, as they wait for different things, the first half of state n + 1.
    auto const advance = [&]<bool HasNext>(std::bool_constant<HasNext>, of_state& s, int n, IO const* C_row,
                                           of_state& next, IO const* B_row) {
      __syncwarp();  // all have read the carry that is written below
      if constexpr (HasNext) begin_state(next, n + 1, B_row);
#pragma unroll
      for (int k = 0; k < 5; ++k) {
        Real const before = __shfl_up_sync(everyone, s.x, 1 << k);
        if constexpr (HasNext) {
#pragma unroll
          for (int i = k * Steps / 5; i < (k + 1) * Steps / 5; ++i) step_state(next, i);
        }
        Real const made = fma(decay(between[k], s.entered.rate), before, s.x);
        s.x = lane >= 1 << k ? made : s.x;
      }
      Real const before = __shfl_up_sync(everyone, s.x, 1);
      if (lane == 31) own_states[n].carry = s.x;
      s.x = lane == 0 ? s.entered.carry : before;
#pragma unroll
      for (int piece = 0; piece < row::pieces; ++piece) {
        auto const c_values = row::template read<Shifted>(C_row, lane, piece, late_of(n, late_C, next_late_C));
#pragma unroll
        for (int j = 0; j < row::piece_steps; ++j) {
          int const i = piece * row::piece_steps + j;
          s.x = fma(s.a[i], s.x, s.b[i]);
          y[i] = fma(Real(c_values.wide(j)), s.x, y[i]);
        }
      }
    };
    auto const rows_at = [&](int of) { return coefficients + (buffer * shape::stage_rows + of) * row::stride; };
    auto const take_stage = [&] {
      __pipeline_wait_prior(1);
      __syncthreads();  // whoever is past it has read the buffer that is brought to next
      bring_stage();
    };
    std::true_type const with_next;
    std::false_type const alone;
    of_state even, odd;
    take_stage();
    begin_state(even, 0, rows_at(0));
#pragma unroll
    for (int i = 0; i < Steps; ++i) step_state(even, i);
#pragma unroll 1
    for (int n = 0;; n += 2) {
      IO const* const rows = rows_at(0);
      buffer = (buffer + 1) % shape::buffers;
      if (n + 1 == p.states) {
        advance(alone, even, n, rows + row::stride, odd, rows);
        break;
      }
      advance(with_next, even, n, rows + row::stride, odd, rows + 2 * row::stride);
      if (n + 2 >= p.states) {
        advance(alone, odd, n + 1, rows + 3 * row::stride, even, rows);
        break;
      }
      take_stage();
      advance(with_next, odd, n + 1, rows + 3 * row::stride, even, rows_at(0));
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
        own_states[n].carry;
}

}  // namespace ssmscan::device
