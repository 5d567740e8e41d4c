#pragma once
// The fused selective scan, rule mamba, time over the threads of a warp: for few channels, where states over threads leave
// the multiprocessors without warps.
//
// A warp walks along one channel in tiles of 32 x Steps steps, thread l having steps l Steps .. (l + 1) Steps of each, in
// registers: d, d u, and what becomes y. Two states at a time:
//   1  x = e^(d A) x + d u B over the thread's steps, from nothing; the factors and d u B stay in registers
//   2  the threads' results are scanned. Of a pair of threads the even one takes the first state of both, the odd one the
//      second, so that four rounds (Hillis and Steele, over 16 pairs) scan both states. The factor of a thread's steps is
//      e^(A D), D the sum of their d (by halves: rounded log2(Steps) times); those of more threads are products
//   3  what the tile before ended with is added, by the product of all factors before
//   4  x again, from what the thread before ended with, and y += C x
// As 4 goes on it frees the registers that 1 of the next two states fills, so both are one loop. Rows of B and C of two stages
// (two states each, a barrier a stage) to come, and u, delta and z of a warp's next tile, are on their way to shared memory
// meanwhile.
//
// Whole rows whose states' rows fit in shared memory all at once go by selective_time_whole.cuh instead, where that is faster.
//
// A channel may have several warps (Parts), each with a tile of its own: they exchange (factors, results) of their tiles in
// shared memory, and each goes through those before its own in order. No bit depends on Channels or Parts.
//
// Rows of u, delta and z whose tiles do not begin at 16 bytes come in words (selective_time_rows.cuh); B and C are first copied to
// where they do (selective_time_copy.cuh).
#include <cuda_runtime.h>

#include <ssmscan/ssm/cuda/selective_slots.cuh>
#include <ssmscan/ssm/cuda/selective_time_rows.cuh>
#include <ssmscan/ssm/cuda/selective_time_scan.cuh>

namespace ssmscan::device {

// Of a warp's tile and state: x at its end = factor x carry + from_nothing.
template <class Real>
struct alignas(2 * sizeof(Real)) time_effect {
  Real factor, from_nothing;
};

// aligned: all rows begin and end at 16 bytes, and one sequence has them; whole: in whole tiles, and states are even in number.
// ragged: neither; shifted: and 16-bit rows may begin in the middle of a word.
enum class time_rows { whole, aligned, ragged, shifted };

template <class IO, class Real, int Steps, int Channels, int Parts>
struct time_shape {
  static constexpr int warps = Channels * Parts, threads = 32 * warps, tile = 32 * Steps;
  static constexpr int stage_states = 2;
  static constexpr unsigned buffers = 4;  // of stages: two worked on, two on their way
  // [buffer][part][state of a stage][B, C][row]; per warp u, delta, z (then y); per warp and state, of an even number, a
  // time_state; [pair's buffer][warp][state of the pair] a time_effect
  static constexpr int stage_rows = 2 * stage_states, coefficient_rows = buffers * Parts * stage_rows, warp_rows = 3;
  static constexpr int effects = Parts > 1 ? 2 * warps* stage_states : 0;
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
  constexpr bool Whole = Rows == time_rows::whole, Aligned = Whole || Rows == time_rows::aligned,
                 Shifted = Rows == time_rows::shifted;
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

  IO const* const u_at = p.u.data + batch * p.u.batch + own * p.u.channel;
  IO const* const delta_at = p.delta.data + batch * p.delta.batch + own * p.delta.channel;
  IO const* const z_at = p.z.data == nullptr ? nullptr : p.z.data + batch * p.z.batch + own * p.z.channel;
  IO* const y_at = p.y.data + batch * p.y.batch + own * p.y.channel;
  // As if step t were t from their beginnings.
  index_t const copied = Aligned ? 0 : copied_from(range.begin, range.sequence, row::piece_steps) - range.begin;
  IO const* const B = p.B.data + batch * p.B.batch + first_of_block / p.B.channels * p.B.group + copied;
  IO const* const C = p.C.data + batch * p.C.batch + first_of_block / p.C.channels * p.C.group + copied;

  auto const late = [&](IO const* from) { return Shifted ? row::shift_of(from + range.begin) : 0; };

  // Steps of the row `from`, from step t of the sequence on, without waiting.
  auto const left_at = [&](index_t t) { return static_cast<int>(range.end - t < 2 * tile ? range.end - t : 2 * tile); };
  auto const bring_row = [&](IO* to, IO const* from, index_t t) {
    int const left = left_at(t);
    if (left <= 0) return;  // nothing is kept of it
    if constexpr (Aligned)
      bring_in_pieces<Whole, IO, Steps>(to, from + t, left, lane);
    else
      bring_in_words<IO, Steps>(to, from + t, t == range.begin, left, late(from), lane);
  };
  // What is brought next of B and C: a thread brings the same pieces of each row, or of each second one. A
  // stage's copies are one group of the pipeline, with whatever else was asked for since the stage before.
  constexpr bool two_at_once = part_threads == 2 * row::row_pieces;
  constexpr int pieces_each = two_at_once ? 1 : row::row_pieces / part_threads;
  static_assert(two_at_once || pieces_each * part_threads == row::row_pieces);
  static_assert(pieces_each == 1 || part_threads / row::pieces % row::at_once == 0, "pieces of alike place");
  constexpr unsigned stage_size = Parts * shape::stage_rows * row::stride, all_stages = shape::buffers * stage_size;
  int const own_piece = part_thread % row::row_pieces, own_at = own_piece * row::piece_steps;
  bool const brings_C = two_at_once && part_thread >= row::row_pieces;
  index_t const first_tile = range.begin + part * tile;
  unsigned const part_rows = part * shape::stage_rows * row::stride;
  unsigned const own_place = row::place_of(own_piece) * row::piece_steps + (brings_C ? row::stride : 0);
  // A part whose first tile is past the end has none: it brings the first part's, and nothing is kept of it.
  index_t const first_brought = Whole && first_tile >= range.end ? range.begin : first_tile;
  IO const *next_B = (brings_C ? C : B) + first_brought + own_at, *next_C = C + first_brought + own_at;
  index_t const state_of_B = brings_C ? p.C.state : p.B.state;
  index_t next_time = first_tile;
  int next_state = 0, next_left = left_at(next_time);
  unsigned next_rows = part_rows;
  auto const bring_stage = [&] {
    IO* const rows = coefficients + next_rows;
    int const count = Whole || next_state + 1 < p.states ? 2 * stage_states : 2;
    auto const bring = [&](auto bring_one) {
#pragma unroll
      for (int of = 0; of < 2 * stage_states; of += two_at_once ? 2 : 1) {
        if (of >= count) break;
        IO const* const from = of % 2 == 0 ? next_B + of / 2 * state_of_B : next_C + of / 2 * p.C.state;
#pragma unroll
        for (int i = 0; i < pieces_each; ++i) {
          constexpr int steps = part_threads * row::piece_steps;
          bring_one(rows + own_place + of * row::stride + i * steps, from + i * steps, own_piece + i * part_threads);
        }
      }
    };
    if (Whole || next_left >= tile)
      bring([&](IO* to, IO const* from, int) { __pipeline_memcpy_async(to, from, row::piece_bytes); });
    else
      bring([&](IO* to, IO const* from, int k) { bring_piece<Whole, IO, Steps>(to, from, k, next_left); });
    __pipeline_commit();
    next_rows += stage_size, next_rows = next_rows >= all_stages ? next_rows - all_stages : next_rows;
    next_state += stage_states;
    next_B += stage_states * state_of_B, next_C += stage_states * p.C.state;
    if (next_state >= p.states) {
      // Past the end the rows of the last whole tile are brought once more.
      index_t const on = !Whole || next_time + Parts * tile < range.end ? Parts * tile : 0;
      next_B += on - next_state * state_of_B, next_C += on - next_state * p.C.state;
      next_state = 0, next_time += Parts * tile, next_left = left_at(next_time);
    }
  };

  unsigned own_rows = part_rows;
  bring_row(u_row, u_at, first_tile), bring_row(delta_row, delta_at, first_tile);
  bring_stage(), bring_stage();
#pragma unroll 1
  for (int n = lane; n < p.states; n += 32) {
    Real const carry = p.initial.data == nullptr
                           ? Real(0)
                           : p.initial.data[batch * p.initial.batch + own * p.initial.channel +
                                            range.sequence * p.initial.sequence + n * p.initial.state];
    own_states[n] = {decay_rate(p.A[own * p.row_of_A + n]), carry};
  }
  if (!Whole && p.states % 2 > 0 && lane == 0) own_states[p.states] = {Real(0), Real(0)};
  Real const skip = p.D != nullptr ? p.D[own] : Real(0), bias = p.bias != nullptr ? p.bias[own] : Real(0);
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
      for (int i = 0; i < Steps; ++i) d[i] = step_of<IO>(d[i]);
    }
    if (!(Whole && Parts == 1) && count < tile) {
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

    walked_pair<Real, Steps> of_both;  // the states 2 g and 2 g + 1
    auto const wait_for_stage = [&] {
      __pipeline_wait_prior(1);
      __syncthreads();  // whoever is past it has read the buffer that is brought to next
    };
    auto const walk_by = [&]<bool Second, bool First>(std::bool_constant<Second>, std::bool_constant<First>,
                                                      IO const* rows, IO const* next_rows, bool has_odd, int next) {
      if constexpr (First) {
#pragma unroll
        for (int s = 0; s < 2; ++s) of_both.rates[s] = own_states[next + s].rate;
      }
      walk<Second, First, row::pieces>(
          of_both, d, input, y, [&](int s, int piece) { return row::at(next_rows + 2 * s * row::stride, lane, piece); },
          [&](int s, int piece) { return row::at(rows + (2 * s + 1) * row::stride, lane, piece); }, has_odd);
    };
    std::true_type const with;
    std::false_type const without;
    wait_for_stage(), bring_stage();
    walk_by(without, with, nullptr, coefficients + own_rows, true, 0);
#pragma unroll 1
    for (int n = 0;; n += 2) {
      bool const is_last = n + 2 >= p.states;
      // An even thread takes state n of both threads of its pair, an odd one state n + 1.
      auto const [rate, entered] = own_states[n + is_odd];
      Real carry = entered;
      if (Parts == 1 && !is_last) wait_for_stage();
      pair_scan<Real> scan(of_both.x, rate, first_sum, second_sum, is_odd, [&](int k) {
        if (k == 2 && Parts == 1 && !is_last) bring_stage();  // beside the rounds, which wait
      });
      auto* const own_effects = effects + n / 2 % 2 * (shape::effects / 2) + warp % Channels * Parts * stage_states;
      if constexpr (Parts > 1)
        if (lane >= 30) own_effects[part * stage_states + is_odd] = {scan.factor, scan.made};
      if constexpr (Parts > 1) {
        if (is_last)
          __syncthreads();
        else
          wait_for_stage(), bring_stage();
      } else {
        __syncwarp();
      }
      IO const* const rows = coefficients + own_rows;
      own_rows += stage_size, own_rows = own_rows >= all_stages ? own_rows - all_stages : own_rows;
      if constexpr (Parts > 1) {
        Real reached = carry;
#pragma unroll
        for (int k = 0; k < Parts; ++k) {
          if (k == part) carry = reached;
          auto const effect = own_effects[k * stage_states + is_odd];
          if (begin + k * tile < range.end) reached = fma(effect.factor, reached, effect.from_nothing);
        }
        if (lane < 2) own_states[n + is_odd].carry = reached;
        scan.add(carry);
      } else {
        scan.add(carry);
        if (lane >= 30) own_states[n + is_odd].carry = scan.made;
      }
      scan.begin(carry, lane, of_both.x);
      if (is_last) {
        walk_by(with, without, rows, nullptr, Whole || n + 1 < p.states, 0);
        break;
      }
      walk_by(with, with, rows, coefficients + own_rows, true, n + 2);
    }

    __pipeline_wait_prior(0);
    __syncwarp();
    if (z_at != nullptr) {
      Real gate[Steps];
      read_row<Shifted>(z_row, lane, late(z_at), gate);
#pragma unroll
      for (int i = 0; i < Steps; ++i) y[i] *= gate_of<IO>(gate[i]);
      if constexpr (Shifted) __syncwarp();  // a shifted piece has steps of the next thread's, who writes y over them
    }
#pragma unroll
    for (int i = 0; i < row::pieces; ++i)
      reinterpret_cast<typename row::piece*>(z_row)[row::place(lane, i)] =
          narrowed_pack<IO, row::piece_steps>(y + i * row::piece_steps);
    __syncwarp();
    if (has && Aligned && count == tile) {
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
  if (!has || part > 0 || p.final.data == nullptr) return;
  __syncwarp();
  for (int n = lane; n < p.states; n += 32)
    p.final.data[batch * p.final.batch + c * p.final.channel + range.sequence * p.final.sequence + n * p.final.state] =
        own_states[n].carry;
}

}  // namespace ssmscan::device
