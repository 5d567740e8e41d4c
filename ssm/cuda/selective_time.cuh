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
// Of a warp's tile and state: x at its end = factor x carry + from_nothing.
template <class Real>
struct alignas(2 * sizeof(Real)) time_effect {
  Real factor, from_nothing;
};

// whole: every tile is, and its rows begin at 16 bytes. ragged: some do not, or are not. shifted: 16-bit rows that may also begin
// in the middle of a word.
enum class time_rows { whole, ragged, shifted };

// Of a thread, where a scan's round has one before it: made and factor of both, one after the other.
__device__ inline void take_before(float& made, float& factor, int distance) {
  asm("{\n .reg .pred has;\n .reg .f32 made, factor;\n"
      " shfl.sync.up.b32 made|has, %0, %2, 0, 0xffffffff;\n shfl.sync.up.b32 factor, %1, %2, 0, 0xffffffff;\n"
      " @has fma.rn.f32 %0, %1, made, %0;\n @has mul.rn.f32 %1, %1, factor;\n}"
      : "+f"(made), "+f"(factor)
      : "r"(distance));
}
__device__ inline void take_before(double& made, double& factor, int distance) {
  double const made_before = __shfl_up_sync(0xffffffffu, made, distance),
               factor_before = __shfl_up_sync(0xffffffffu, factor, distance);
  if (static_cast<int>(threadIdx.x) % 32 >= distance) made = fma(factor, made_before, made), factor *= factor_before;
}

template <class IO, class Real, int Steps, int Channels, int Parts>
struct time_shape {
  static constexpr int warps = Channels * Parts, threads = 32 * warps, tile = 32 * Steps;
  static constexpr int stage_states = 2;
  static constexpr unsigned buffers = 4;  // of stages: two worked on, two on their way
  // [buffer][part][state of a stage][B, C][row]; per warp u, delta, z (then y); per warp and state, of an even number, a
  // time_state; [pair's buffer][warp][state of the pair] a time_effect
  static constexpr int stage_rows = 2 * stage_states, coefficient_rows = buffers * Parts * stage_rows, warp_rows = 3;
  static constexpr int effects = Parts > 1 ? 2 * warps * stage_states : 0;
  __host__ __device__ static constexpr int even(int states) { return states + states % 2; }
  static std::size_t shared_bytes(int states) {
    return sizeof(IO) * time_row<IO, Steps>::stride * (coefficient_rows + warp_rows * warps) +
           sizeof(time_state<Real>) * static_cast<std::size_t>(even(states)) * warps +
           sizeof(time_effect<Real>) * effects;
  }
};

template <class IO, class Real, int Steps, int Channels, int Parts, int BlocksPerMultiprocessor, time_rows Rows>
__global__ void __launch_bounds__(32 * Channels * Parts, BlocksPerMultiprocessor)
    selective_time_kernel(fused_arguments<IO, Real> const p) {
  using shape = time_shape<IO, Real, Steps, Channels, Parts>;
  using row = time_row<IO, Steps>;
  constexpr bool Whole = Rows == time_rows::whole, Shifted = Rows == time_rows::shifted;
  constexpr int tile = shape::tile, stage_states = shape::stage_states, part_threads = 32 * Channels;
  constexpr unsigned everyone = 0xffffffffu;
  extern __shared__ __align__(16) unsigned char shared[];
  IO* const coefficients = reinterpret_cast<IO*>(shared);
  int lane;
  asm volatile("mov.u32 %0, %%laneid;" : "=r"(lane));  // kept: else it is read anew for each state
  int const warp = static_cast<int>(threadIdx.x) / 32, part = warp / Channels;
  bool const is_odd = lane % 2 > 0;
  int const part_thread = static_cast<int>(threadIdx.x) % part_threads;
  IO* const u_row = coefficients + (shape::coefficient_rows + shape::warp_rows * warp) * row::stride;
  IO *const delta_row = u_row + row::stride, *const z_row = delta_row + row::stride;
  auto* const states_of_all = reinterpret_cast<time_state<Real>*>(
      coefficients + (shape::coefficient_rows + shape::warp_rows * shape::warps) * row::stride);
  auto* const own_states = states_of_all + warp * shape::even(p.states);
  auto* const effects = reinterpret_cast<time_effect<Real>*>(states_of_all + shape::warps * shape::even(p.states));

  index_t const channel_blocks = (p.channels + Channels - 1) / Channels;
  index_t const block = blockIdx.x, batch = block / channel_blocks % p.batch;
  index_t const slot = block / channel_blocks / p.batch;
  slot_range const range = range_of(p, batch, slot);
  if (!range.is_one) return;
  index_t const first_of_block = block % channel_blocks * Channels, c = first_of_block + warp % Channels;
  bool const has = c < p.channels;
  index_t const own = has ? c : 0;

  for (int n = lane; n < p.states; n += 32) {
    Real const carry = p.initial.data == nullptr
                           ? Real(0)
                           : p.initial.data[batch * p.initial.batch + own * p.initial.channel +
                                            range.sequence * p.initial.sequence + n * p.initial.state];
    own_states[n] = {decay_rate(p.A[own * p.row_of_A + n]), carry};
  }
  if (p.states % 2 > 0 && lane == 0) own_states[p.states] = {Real(0), Real(0)};
  Real const skip = p.D != nullptr ? p.D[own] : Real(0), bias = p.bias != nullptr ? p.bias[own] : Real(0);
  IO const* const u_at = p.u.data + batch * p.u.batch + own * p.u.channel;
  IO const* const delta_at = p.delta.data + batch * p.delta.batch + own * p.delta.channel;
  IO const* const z_at = p.z.data == nullptr ? nullptr : p.z.data + batch * p.z.batch + own * p.z.channel;
  IO* const y_at = p.y.data + batch * p.y.batch + own * p.y.channel;
  IO const* const B = p.B.data + batch * p.B.batch + first_of_block / p.B.channels * p.B.group;
  IO const* const C = p.C.data + batch * p.C.batch + first_of_block / p.C.channels * p.C.group;
  bool const pieces_aligned = p.pieces && range.begin % row::piece_steps == 0;

  // Steps of the row `from` from t on, from global memory to shared, without waiting; zeros beyond the sequence.
  auto const is_whole = [&](index_t t) {
    return Whole ? t < range.end : pieces_aligned && range.end - t >= tile;
  };
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
    } else if constexpr (!Whole) {
      int const shift = late(from);
      bring_words(std::integral_constant<int, 32>{}, to, from, t, shift, lane);
      if (has_edges(t) && lane < 2) bring_edge(to, from, t, shift, lane > 0);
    }
  };
  // What is brought next of B and C: a thread brings the same piece of each row, or of each second one. A stage's copies are one
  // group of the pipeline, with whatever else was asked for since the stage before.
  constexpr bool two_at_once = part_threads == 2 * row::row_pieces;
  constexpr int pieces_each = two_at_once ? 1 : row::row_pieces / part_threads;
  static_assert(two_at_once || pieces_each * part_threads == row::row_pieces);
  int const own_piece = part_thread % row::row_pieces, own_place = row::place_of(own_piece);
  bool const brings_C = two_at_once && part_thread >= row::row_pieces;
  index_t const first_tile = range.begin + part * tile;
  IO const* next_B = (brings_C ? C : B) + first_tile + own_piece * row::piece_steps;
  IO const* next_C = C + first_tile + own_piece * row::piece_steps;
  index_t const state_of_B = brings_C ? p.C.state : p.B.state;
  index_t next_time = first_tile;
  int next_state = 0;
  unsigned next_buffer = 0;
  bool next_is_whole = is_whole(next_time);
  auto const bring_stage = [&] {
    IO* const rows = coefficients + (next_buffer * Parts + part) * shape::stage_rows * row::stride;
    if (next_is_whole) {
      auto const bring_state = [&](int s) {
        IO* const to = rows + 2 * s * row::stride + own_place * row::piece_steps;
#pragma unroll
        for (int i = 0; i < pieces_each; ++i) {
          constexpr int steps = part_threads * row::piece_steps;
          static_assert(pieces_each == 1 || part_threads / row::pieces % row::at_once == 0);  // of alike place
          __pipeline_memcpy_async(to + i * steps + (brings_C ? row::stride : 0), next_B + s * state_of_B + i * steps,
                                  row::piece_bytes);
          if constexpr (!two_at_once)
            __pipeline_memcpy_async(to + i * steps + row::stride, next_C + s * p.C.state + i * steps,
                                    row::piece_bytes);
        }
      };
      if (next_state + stage_states <= p.states) {
#pragma unroll
        for (int s = 0; s < stage_states; ++s) bring_state(s);
      } else {
        bring_state(0);
      }
    } else if (!Whole && next_time < range.end) {
      auto const row_at = [&](int of) {
        int const n = next_state + of / 2;
        return of % 2 == 0 ? B + n * p.B.state : C + n * p.C.state;
      };
      int const rows_left = 2 * (p.states - next_state),
                count = rows_left < 2 * stage_states ? rows_left : 2 * stage_states;
#pragma unroll 1
      for (int of = 0; of < count; ++of)
        bring_words(std::integral_constant<int, part_threads>{}, rows + of * row::stride, row_at(of), next_time,
                    late(row_at(of)), part_thread);
      int const of = part_thread / 2;
      if (has_edges(next_time) && of < count)
        bring_edge(rows + of * row::stride, row_at(of), next_time, late(row_at(of)), part_thread % 2 > 0);
    }
    __pipeline_commit();
    next_buffer = (next_buffer + 1) % shape::buffers;
    next_state += stage_states, next_B += stage_states * state_of_B, next_C += stage_states * p.C.state;
    if (next_state >= p.states) {
      next_B += Parts * tile - next_state * state_of_B, next_C += Parts * tile - next_state * p.C.state;
      next_state = 0, next_time += Parts * tile, next_is_whole = is_whole(next_time);
    }
  };

  // Rows of every second state lie late, or all, or none.
  int const late_rows[4] = {late(B), late(C), late(B + p.B.state), late(C + p.C.state)};

  unsigned buffer = 0;
  bring_row(u_row, u_at, first_tile), bring_row(delta_row, delta_at, first_tile);
  bring_stage(), bring_stage();
  __pipeline_wait_prior(1);
  __syncwarp();
  for (index_t begin = range.begin; begin < range.end; begin += Parts * tile) {
    index_t const t = begin + part * tile;  // which may be past the end: then d is zero, and nothing is kept
    int const count = range.end - t < tile ? static_cast<int>(range.end - t) : tile;
    Real d[Steps], input[Steps], y[Steps];
    read_row<Shifted>(delta_row, lane, late(delta_at), d);
    read_row<Shifted>(u_row, lane, late(u_at), input);
#pragma unroll
    for (int i = 0; i < Steps; ++i) d[i] += bias;
    if (p.softplus) {
#pragma unroll
      for (int i = 0; i < Steps; ++i) d[i] = softplus(d[i]);
    }
    if (Whole ? count < 0 : count < tile) {
#pragma unroll
      for (int i = 0; i < Steps; ++i) d[i] = lane * Steps + i < count ? d[i] : Real(0);
    }
#pragma unroll
    for (int i = 0; i < Steps; ++i) y[i] = skip * input[i], input[i] *= d[i];
    // Of the pair's two threads, so that it is summed once and not for each state.
    Real const own_sum = sum_by_halves<0, Steps>(d), other_sum = __shfl_xor_sync(everyone, own_sum, 1);
    Real const first_sum = is_odd ? other_sum : own_sum, second_sum = is_odd ? own_sum : other_sum;
    __syncwarp();
    if (begin + Parts * tile < range.end)
      bring_row(u_row, u_at, t + Parts * tile), bring_row(delta_row, delta_at, t + Parts * tile);
    if (z_at != nullptr) bring_row(z_row, z_at, t);

    // Of the states 2 g and 2 g + 1: what the walks have of each step, and where they are.
    Real a[2][Steps], b[2][Steps], x[2], rates[2];
    auto const rows_at = [&](int of) {
      return coefficients + ((buffer * Parts + part) * shape::stage_rows + of) * row::stride;
    };
    auto const take_stage = [&] {
      __pipeline_wait_prior(1);
      __syncthreads();  // whoever is past it has read the buffer that is brought to next
      bring_stage();
    };
    // The second walk along two states, from x on, beside the first one along the next two.
    auto const walk = [&]<bool Second, bool First>(std::bool_constant<Second>, std::bool_constant<First>,
                                                   IO const* own_rows, IO const* next_rows, bool has_odd, int next) {
      Real from[2];
      if constexpr (First) {
#pragma unroll
        for (int s = 0; s < 2; ++s) rates[s] = own_states[next + s].rate;
      }
#pragma unroll
      for (int piece = 0; piece < row::pieces; ++piece) {
        typename row::piece b_values[2], c_values[2];
#pragma unroll
        for (int s = 0; s < 2; ++s) {
          if constexpr (First)
            b_values[s] = row::template read<Shifted>(next_rows + 2 * s * row::stride, lane, piece, late_rows[2 * s]);
          if constexpr (Second)
            c_values[s] =
                row::template read<Shifted>(own_rows + (2 * s + 1) * row::stride, lane, piece, late_rows[2 * s + 1]);
        }
#pragma unroll
        for (int j = 0; j < row::piece_steps; ++j) {
          int const i = piece * row::piece_steps + j;
#pragma unroll
          for (int s = 0; s < 2; ++s) {
            if constexpr (Second) {
              x[s] = fma(a[s][i], x[s], b[s][i]);
              if (s == 0 || has_odd) y[i] = fma(Real(c_values[s].wide(j)), x[s], y[i]);
            }
            if constexpr (First) {
              a[s][i] = decay(d[i], rates[s]), b[s][i] = input[i] * Real(b_values[s].wide(j));
              from[s] = i == 0 ? b[s][i] : fma(a[s][i], from[s], b[s][i]);
            }
          }
        }
      }
      if constexpr (First) x[0] = from[0], x[1] = from[1];
    };
    std::true_type const with;
    std::false_type const without;
    take_stage();
    walk(without, with, rows_at(0), rows_at(0), true, 0);
#pragma unroll 1
    for (int n = 0;; n += 2) {
      // An even thread takes state n of both threads of its pair, an odd one state n + 1.
      Real const rate = is_odd ? rates[1] : rates[0];
      Real const given = __shfl_xor_sync(everyone, is_odd ? x[0] : x[1], 1);
      Real const first = is_odd ? given : x[0], second = is_odd ? x[1] : given;
      Real const first_factor = decay(first_sum, rate), second_factor = decay(second_sum, rate);
      Real factor = first_factor * second_factor, made = fma(second_factor, first, second);
      Real carry = own_states[n + is_odd].carry;
#pragma unroll
      for (int k = 2; k < 32; k *= 2) take_before(made, factor, k);
      bool const is_last = n + 2 >= p.states;
      auto* const own_effects = effects + n / 2 % 2 * (shape::effects / 2) + warp % Channels * Parts * stage_states;
      if constexpr (Parts > 1)
        if (lane >= 30) own_effects[part * stage_states + is_odd] = {factor, made};
      IO const* const rows = rows_at(0);
      if (!is_last)
        take_stage();
      else if constexpr (Parts > 1)
        __syncthreads();
      else
        __syncwarp();
      buffer = (buffer + 1) % shape::buffers;
      if constexpr (Parts > 1) {
        Real reached = carry;
#pragma unroll
        for (int k = 0; k < Parts; ++k) {
          if (k == part) carry = reached;
          auto const effect = own_effects[k * stage_states + is_odd];
          if (begin + k * tile < range.end) reached = fma(effect.factor, reached, effect.from_nothing);
        }
        if (lane < 2) own_states[n + is_odd].carry = reached;
        made = fma(factor, carry, made);
      } else {
        made = fma(factor, carry, made);
        if (lane >= 30) own_states[n + is_odd].carry = made;
      }
      Real const before = __shfl_up_sync(everyone, made, 2);
      Real const at_first = lane < 2 ? carry : before, at_second = fma(first_factor, at_first, first);
      Real const got = __shfl_xor_sync(everyone, is_odd ? at_first : at_second, 1);
      x[0] = is_odd ? got : at_first, x[1] = is_odd ? at_second : got;
      if (is_last) {
        walk(with, without, rows, rows, n + 1 < p.states, 0);
        break;
      }
      walk(with, with, rows, rows_at(0), true, n + 2);
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
    if (has && is_whole(t)) {
#pragma unroll
      for (int i = 0; i < row::pieces; ++i) {
        int const k = i * 32 + lane;
        *reinterpret_cast<typename row::piece*>(y_at + t + k * row::piece_steps) =
            reinterpret_cast<typename row::piece const*>(z_row)[row::place_of(k)];
      }
    } else if (!Whole && has) {
#pragma unroll 4
      for (int k = lane; k < count; k += 32) y_at[t + k] = z_row[row::place_of_step(k)];
    }
    __syncwarp();
  }
  if (!has || part > 0 || p.final.data == nullptr) return;
  __syncwarp();
  for (int n = lane; n < p.states; n += 32)
    p.final.data[batch * p.final.batch + c * p.final.channel + range.sequence * p.final.sequence + n * p.final.state] =
        own_states[n].carry;
}

}  // namespace ssmscan::device
