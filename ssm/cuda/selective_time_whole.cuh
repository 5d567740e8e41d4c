#pragma once
// fused_time on whole rows, one warp a channel: a block brings a tile's rows of B and C, of all states, at once, and its warps
// go through them without a barrier between states.
//
// The walks and the scan are those of selective_time.cuh, bit for bit; what they wait for is not. There a block of four channels
// brings two states' rows at a time and has a barrier for each two states. Here warps meet once a tile, so that one walks while
// another scans, and rows come a third as often, as blocks have more channels. Shared memory holds the rows of Tiles tiles: of
// two, one is brought while the other is worked on; of one, another block works meanwhile.
//
// The channels that have one group's B and C are a section; a block's are of one section.
#include <cuda_runtime.h>

#include <ssmscan/ssm/cuda/selective_arguments.hpp>
#include <ssmscan/ssm/cuda/selective_time_rows.cuh>
#include <ssmscan/ssm/cuda/selective_time_scan.cuh>

namespace ssmscan::device {

// Rows hold whole tiles and begin at 16 bytes, one sequence has them, and states are even in number.
template <class IO, class Real, int Steps, int Channels, int Tiles, int BlocksPerMultiprocessor>
__global__ void __launch_bounds__(32 * Channels, BlocksPerMultiprocessor)
    selective_time_whole_kernel(fused_arguments<IO, Real> const p, index_t const section) {
  using row = time_row<IO, Steps>;
  using state = time_state<Real>;
  constexpr int tile = 32 * Steps, steps = row::piece_steps, row_bytes = tile * static_cast<int>(sizeof(IO));
  constexpr unsigned everyone = 0xffffffffu;
  constexpr bool is_ahead = Tiles > 1;
  // [tile][pair of states][B of both, C of both][row]; per warp u, delta, z (then y); per warp and state a time_state
  extern __shared__ __align__(16) unsigned char shared[];
  int const states = p.states, rows_of_tile = 2 * states;
  int lane;
  asm volatile("mov.u32 %0, %%laneid;" : "=r"(lane));  // kept: else it is read anew for each state
  int const warp = __shfl_sync(everyone, static_cast<int>(threadIdx.x) / 32, 0);  // known to be the same in all threads
  bool const is_odd = lane % 2 > 0;
  unsigned const own_rows = (Tiles * rows_of_tile + 3 * warp) * row_bytes;
  unsigned const states_of_all = (Tiles * rows_of_tile + 3 * Channels) * row_bytes;
  auto const state_at = [&](unsigned at, int n) -> state& { return reinterpret_cast<state*>(shared + at)[n]; };
  unsigned const own_states = states_of_all + warp * states * static_cast<unsigned>(sizeof(state));

  index_t const section_blocks = (section + Channels - 1) / Channels, sections = p.channels / section;
  index_t const block = blockIdx.x, batch = block / section_blocks / sections;
  index_t const first_of_section = block / section_blocks % sections * section;
  index_t const c = first_of_section + block % section_blocks * Channels + warp;
  bool const has = c < first_of_section + section;
  index_t const own = has ? c : first_of_section;
  IO const* const u_at = p.u.data + batch * p.u.batch + own * p.u.channel;
  IO const* const delta_at = p.delta.data + batch * p.delta.batch + own * p.delta.channel;
  IO const* const z_at = p.z.data == nullptr ? nullptr : p.z.data + batch * p.z.batch + own * p.z.channel;
  IO* const y_at = p.y.data + batch * p.y.batch + own * p.y.channel;
  IO const* const B = p.B.data + batch * p.B.batch + first_of_section / p.B.channels * p.B.group;
  IO const* const C = p.C.data + batch * p.C.batch + first_of_section / p.C.channels * p.C.group;
  int const tiles = static_cast<int>(p.time / tile);

  // Rows 0, 1, 2 of a warp: u, delta, z. In all these the asm keeps an address in its register, which would be made anew.
  unsigned at_brought = own_rows + row::place_of(lane) * row::piece_bytes;
  asm volatile("" : "+r"(at_brought));
  constexpr int round_bytes = 32 * row::piece_bytes;  // of the pieces that a warp's threads bring at once
  static_assert(32 / row::at_once % row::pieces == 0, "pieces of alike place");
  auto const bring_row = [&](int which, IO const* from, int t) {
#pragma unroll
    for (int i = 0; i < row::pieces; ++i)
      __pipeline_memcpy_async(shared + at_brought + which * row_bytes + i * round_bytes,
                              from + (t + lane * steps) + i * 32 * steps, row::piece_bytes);
  };
  // A warp brings whole rows.
  auto const bring_coefficients = [&](int k) {
    unsigned char* const to = shared + k % Tiles * rows_of_tile * row_bytes;
#pragma unroll 1
    for (int r = warp; r < rows_of_tile; r += Channels) {
      int const n = r / 4 * 2 + r % 2;
      IO const* const from = (r % 4 < 2 ? B + n * p.B.state : C + n * p.C.state) + k * tile;
#pragma unroll
      for (int i = 0; i < row::pieces; ++i) {
        int const piece = i * 32 + lane;
        __pipeline_memcpy_async(to + r * row_bytes + row::place_of(piece) * row::piece_bytes, from + piece * steps,
                                row::piece_bytes);
      }
    }
    __pipeline_commit();
  };

  bring_row(0, u_at, 0), bring_row(1, delta_at, 0);
  __pipeline_commit();
  bring_coefficients(0);
#pragma unroll 1
  for (int n = lane; n < states; n += 32) {
    Real const carry = p.initial.data == nullptr
                           ? Real(0)
                           : p.initial.data[batch * p.initial.batch + own * p.initial.channel + n * p.initial.state];
    state_at(own_states, n) = {decay_rate(p.A[own * p.row_of_A + n]), carry};
  }
  Real const skip = p.D != nullptr ? p.D[own] : Real(0), bias = p.bias != nullptr ? p.bias[own] : Real(0);
  unsigned own_place[row::pieces];
#pragma unroll
  for (int i = 0; i < row::pieces; ++i) own_place[i] = row::place(lane, i) * row::piece_bytes;
  auto const own_piece = [&](int which, int i) -> typename row::piece& {
    return *reinterpret_cast<typename row::piece*>(shared + own_rows + own_place[i] + which * row_bytes);
  };
  auto const read_own = [&](int which, Real(&to)[Steps]) {
#pragma unroll
    for (int i = 0; i < row::pieces; ++i) {
      auto const values = own_piece(which, i);
#pragma unroll
      for (int j = 0; j < steps; ++j) to[i * steps + j] = Real(values.wide(j));
    }
  };
  __pipeline_wait_prior(1);
  __syncwarp();
#pragma unroll 1
  for (int k = 0; k < tiles; ++k) {
    int const t = k * tile;
    Real d[Steps], input[Steps], y[Steps];
    read_own(1, d), read_own(0, input);
#pragma unroll
    for (int i = 0; i < Steps; ++i) d[i] += bias;
    if (p.softplus) {
#pragma unroll
      for (int i = 0; i < Steps; ++i) d[i] = softplus(d[i]);
    }
#pragma unroll
    for (int i = 0; i < Steps; ++i) y[i] = skip * input[i], input[i] *= d[i];
    // Of the pair's two threads, so that it is summed once and not for each state.
    Real const own_sum = sum_by_halves<0, Steps>(d), other_sum = __shfl_xor_sync(everyone, own_sum, 1);
    Real const first_sum = is_odd ? other_sum : own_sum, second_sum = is_odd ? own_sum : other_sum;
    __syncwarp();
    if (k + 1 < tiles) bring_row(0, u_at, t + tile), bring_row(1, delta_at, t + tile);
    if (z_at != nullptr) bring_row(2, z_at, t);
    __pipeline_commit();
    __pipeline_wait_prior(1);
    __syncthreads();  // all have brought this tile's rows, and read those of the tile before
    if (is_ahead && k + 1 < tiles) bring_coefficients(k + 1);

    Real a[2][Steps], b[2][Steps], x[2], rates[2];
    unsigned at_rows[row::pieces];  // of the pair of states that is scanned
#pragma unroll
    for (int i = 0; i < row::pieces; ++i) {
      at_rows[i] = own_place[i] + k % Tiles * rows_of_tile * row_bytes;
      asm volatile("" : "+r"(at_rows[i]));
    }
    // The second walk along two states, from x on, beside the first one along the next two.
    auto const walk = [&]<bool Second, bool First>(std::bool_constant<Second>, std::bool_constant<First>, int c_row,
                                                   int b_row) {
      Real from[2];
#pragma unroll
      for (int piece = 0; piece < row::pieces; ++piece) {
        typename row::piece b_values[2], c_values[2];
        auto const at = [&](int r) {
          return *reinterpret_cast<typename row::piece const*>(shared + at_rows[piece] + r * row_bytes);
        };
#pragma unroll
        for (int s = 0; s < 2; ++s) {
          if constexpr (First) b_values[s] = at(b_row + s);
          if constexpr (Second) c_values[s] = at(c_row + s);
        }
#pragma unroll
        for (int j = 0; j < steps; ++j) {
          int const i = piece * steps + j;
#pragma unroll
          for (int s = 0; s < 2; ++s) {
            if constexpr (Second) {
              x[s] = fma(a[s][i], x[s], b[s][i]);
              y[i] = fma(Real(c_values[s].wide(j)), x[s], y[i]);
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
    // An even thread takes the pair's first state of both threads, an odd one its second.
    unsigned at_states = own_states, at_own = own_states + is_odd * static_cast<unsigned>(sizeof(state));
    asm volatile("" : "+r"(at_states), "+r"(at_own));
    auto const scan = [&]<bool Last>(std::bool_constant<Last>) {
      auto const [rate, carry] = state_at(at_own, 0);
      if constexpr (!Last) rates[0] = state_at(at_states, 2).rate, rates[1] = state_at(at_states, 3).rate;
      Real const given = __shfl_xor_sync(everyone, is_odd ? x[0] : x[1], 1);
      Real const first = is_odd ? given : x[0], second = is_odd ? x[1] : given;
      Real const first_factor = decay(first_sum, rate), second_factor = decay(second_sum, rate);
      Real factor = first_factor * second_factor, made = fma(second_factor, first, second);
#pragma unroll
      for (int distance = 2; distance < 32; distance *= 2) take_before(made, factor, distance);
      made = fma(factor, carry, made);
      Real const before = __shfl_up_sync(everyone, made, 2);
      __syncwarp();
      if (lane >= 30) state_at(at_own, 0).carry = made;
      Real const at_first = lane < 2 ? carry : before, at_second = fma(first_factor, at_first, first);
      Real const got = __shfl_xor_sync(everyone, is_odd ? at_first : at_second, 1);
      x[0] = is_odd ? got : at_first, x[1] = is_odd ? at_second : got;
    };
    rates[0] = state_at(at_states, 0).rate, rates[1] = state_at(at_states, 1).rate;
    walk(without, with, 0, 0);
#pragma unroll 1
    for (int left = states - 2; left > 0; left -= 2) {
      scan(without);
      walk(with, with, 2, 4);
#pragma unroll
      for (int i = 0; i < row::pieces; ++i) at_rows[i] += 4 * row_bytes;
      at_states += 2 * sizeof(state), at_own += 2 * sizeof(state);
    }
    scan(std::true_type{});
    walk(with, without, 2, 0);

    __pipeline_wait_prior(0);
    __syncwarp();
    if (z_at != nullptr) {
      Real gate[Steps];
      read_own(2, gate);
#pragma unroll
      for (int i = 0; i < Steps; ++i) y[i] *= silu(gate[i]);
    }
#pragma unroll
    for (int i = 0; i < row::pieces; ++i) own_piece(2, i) = narrowed_pack<IO, steps>(y + i * steps);
    __syncwarp();
    if (has) {
#pragma unroll
      for (int i = 0; i < row::pieces; ++i)
        *reinterpret_cast<typename row::piece*>(y_at + (t + lane * steps) + i * 32 * steps) =
            *reinterpret_cast<typename row::piece const*>(shared + at_brought + 2 * row_bytes + i * round_bytes);
    }
    __syncwarp();
    if (!is_ahead && k + 1 < tiles) {
      __syncthreads();  // all have read this tile's rows
      bring_coefficients(k + 1);
    }
  }
  if (!has || p.final.data == nullptr) return;
  for (int n = lane; n < states; n += 32)
    p.final.data[batch * p.final.batch + c * p.final.channel + n * p.final.state] = state_at(own_states, n).carry;
}

}  // namespace ssmscan::device
