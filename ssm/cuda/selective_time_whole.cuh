#pragma once
// fused_time on whole rows, one warp a channel: a block brings a tile's rows of B and C, of all states, at once, and its warps
// go through them without a barrier between states.
//
// The walks and the scan are those of selective_time.cuh; what they wait for is not. There a block of four channels brings two
// states' rows at a time and has a barrier for each two states. Here warps meet once a tile, so that one walks while another
// scans, and rows come a third as often, as blocks have more channels. Shared memory holds the rows of Tiles tiles: of two, one
// is brought while the other is worked on; of four, three are brought at once, and warps meet at the first two of each four alone;
// of one, another block works meanwhile.
//
// The channels that have one group's B and C are a section; a block's are of one section.
//
// Where a block has a multiprocessor to itself the kernel starts beside the one before it, and lets the next one's blocks come as
// its own leave: each then finds the multiprocessor that one of them left. Blocks that share one would be dealt out unevenly.
#include <cuda_runtime.h>

#include <ssmscan/ssm/cuda/selective_arguments.hpp>
#include <ssmscan/ssm/cuda/selective_time_rows.cuh>
#include <ssmscan/ssm/cuda/selective_time_scan.cuh>

namespace ssmscan::device {

enum time_whole_flags : unsigned { with_softplus = 1, with_initial = 2, with_final = 4 };

// What the kernel is given, in the order in which it reads: arguments come to a multiprocessor line by line of 64 bytes, at each
// launch anew. `all` is looked at where there are several sections or initial and final states.
template <class IO, class Real>
struct time_whole_arguments {
  IO const *u, *delta;
  index_t u_channel, delta_channel;
  unsigned section, section_blocks;  // channels of a section; its blocks where there are several sections, else 0
  int states, tiles;
  Real const *A, *D, *bias;
  index_t row_of_A;
  IO const *B, *C;
  index_t B_state, C_state;
  IO const* z;
  IO* y;
  index_t z_channel, y_channel;
  unsigned flags;
  fused_arguments<IO, Real> all;
};
template <int Tile, class IO, class Real>
time_whole_arguments<IO, Real> time_whole_arguments_of(fused_arguments<IO, Real> const& p, index_t section,
                                                       index_t section_blocks) {
  return {.u = p.u.data,
          .delta = p.delta.data,
          .u_channel = p.u.channel,
          .delta_channel = p.delta.channel,
          .section = static_cast<unsigned>(section),
          .section_blocks = p.batch * p.channels == section ? 0U : static_cast<unsigned>(section_blocks),
          .states = p.states,
          .tiles = static_cast<int>(p.time / Tile),
          .A = p.A,
          .D = p.D,
          .bias = p.bias,
          .row_of_A = p.row_of_A,
          .B = p.B.data,
          .C = p.C.data,
          .B_state = p.B.state,
          .C_state = p.C.state,
          .z = p.z.data,
          .y = p.y.data,
          .z_channel = p.z.channel,
          .y_channel = p.y.channel,
          .flags = (p.softplus ? with_softplus : 0U) | (p.initial.data != nullptr ? with_initial : 0U) |
                   (p.final.data != nullptr ? with_final : 0U),
          .all = p};
}

// Rows hold whole tiles and begin at 16 bytes, one sequence has them, and states are even in number. Channels and blocks are
// counted in 32 bits: of so many, a tile's u alone would be a terabyte.
template <class IO, class Real, int Steps, int Channels, int Tiles, int BlocksPerMultiprocessor>
__global__ void __launch_bounds__(32 * Channels, BlocksPerMultiprocessor)
    selective_time_whole_kernel(time_whole_arguments<IO, Real> const p) {
  using row = time_row<IO, Steps>;
  using state = time_state<Real>;
  constexpr int tile = 32 * Steps, steps = row::piece_steps, row_bytes = tile * static_cast<int>(sizeof(IO));
  constexpr unsigned everyone = 0xffffffffu;
  // [tile][pair of states][B of both, C of both][row]; per warp u, delta, z (then y); per warp and state a time_state
  extern __shared__ __align__(16) unsigned char shared[];
  constexpr bool is_ahead = Tiles > 1;
  int const states = p.states, rows_of_tile = 2 * states;
  int lane;
  asm volatile("mov.u32 %0, %%laneid;" : "=r"(lane));  // kept: else it is read anew for each state
  int const warp = __shfl_sync(everyone, static_cast<int>(threadIdx.x) / 32, 0);  // known to be the same in all threads
  bool const is_odd = lane % 2 > 0;
  unsigned const own_rows = (Tiles * rows_of_tile + 3 * warp) * row_bytes;
  unsigned const own_states =
      (Tiles * rows_of_tile + 3 * Channels) * row_bytes + warp * states * static_cast<unsigned>(sizeof(state));
  auto const state_at = [&](unsigned at, int n) -> state& { return reinterpret_cast<state*>(shared + at)[n]; };

  // One sequence of one section waits for no division, and for no argument of several.
  unsigned batch = 0, first_of_section = 0, block = blockIdx.x;
  struct {
    index_t u, delta, z, y, B, C;
  } first{};
  if (p.section_blocks > 0) {
    asm volatile("");  // a branch, not six selections
    auto const& all = p.all;
    unsigned const sections = static_cast<unsigned>(all.channels) / p.section, at = blockIdx.x / p.section_blocks;
    batch = at / sections, first_of_section = at % sections * p.section, block = blockIdx.x % p.section_blocks;
    auto const group = [&](auto const& of) {
      return batch * of.batch + first_of_section / static_cast<unsigned>(of.channels) * of.group;
    };
    first = {batch * all.u.batch, batch * all.delta.batch, batch * all.z.batch, batch * all.y.batch, group(all.B),
             group(all.C)};
  }
  unsigned const c = first_of_section + block * Channels + warp;
  bool const has = c < first_of_section + p.section;
  index_t const own = has ? c : first_of_section;
  int const tiles = p.tiles;
  if constexpr (BlocksPerMultiprocessor == 1) {
    cudaTriggerProgrammaticLaunchCompletion();
    cudaGridDependencySynchronize();  // before anything of global memory
  }
  IO const *const u_at = p.u + first.u + own * p.u_channel, *const delta_at =
                                                                p.delta + first.delta + own * p.delta_channel;

  // Rows 0, 1, 2 of a warp: u, delta, z. In all these the asm keeps an address in its register, which would be made anew.
  unsigned at_brought = own_rows + row::place_of(lane) * row::piece_bytes;
  asm volatile("" : "+r"(at_brought));
  constexpr int round_bytes = 32 * row::piece_bytes;  // of the pieces that a warp's threads bring at once
  static_assert(32 / row::at_once % row::pieces == 0, "pieces of alike place");
  auto const bring_pieces = [&](unsigned to, IO const* from) {
#pragma unroll
    for (int i = 0; i < row::pieces; ++i)
      __pipeline_memcpy_async(shared + to + i * round_bytes, from + i * 32 * steps, row::piece_bytes);
  };
  auto const bring_row = [&](int which, IO const* from, int t) {
    bring_pieces(at_brought + which * row_bytes, from + (t + lane * steps));
  };
  // Asked for before anything that has to wait, delta first, as softplus comes before u; of 16-bit rows these come before A, D and
  // the bias (float loses by that).
  constexpr bool rows_first = sizeof(IO) < sizeof(Real);
  auto const bring_first_rows = [&] {
    bring_row(1, delta_at, 0);
    __pipeline_commit();
    bring_row(0, u_at, 0);
    __pipeline_commit();
  };
  if constexpr (rows_first) bring_first_rows();
  Real const* const A_at = p.A + own * p.row_of_A;
  auto const initial_at = [&](int n) {
    auto const& initial = p.all.initial;
    return (p.flags & with_initial) == 0
               ? Real(0)
               : initial.data[batch * initial.batch + own * initial.channel + n * initial.state];
  };
  Real const first_A = lane < states ? A_at[lane] : Real(0), first_carry = lane < states ? initial_at(lane) : Real(0);
  Real const skip = p.D != nullptr ? p.D[own] : Real(0), bias = p.bias != nullptr ? p.bias[own] : Real(0);
  IO const *const B = p.B + first.B, *const C = p.C + first.C;
  // A warp brings whole rows, of B or of C every `strides`-th, of states all even or all odd: addresses go up by a constant,
  // from call to call: once for each tile, in their order. In a block of six two warps bring none.
  constexpr int strides = Channels / 4 * 2;
  bool const brings_C = warp >= strides;
  int const first_row = warp < 2 * strides ? warp % strides : states;
  index_t const state_on = brings_C ? p.C_state : p.B_state;
  IO const* next_row = (brings_C ? C : B) + first_row * state_on + lane * steps;
  unsigned const at_first_row =
      (first_row / 2 * 4 + first_row % 2 + brings_C * 2) * row_bytes + row::place_of(lane) * row::piece_bytes;
  auto const bring_coefficients = [&](int k) {
    unsigned to = at_first_row + k % Tiles * rows_of_tile * row_bytes;
    IO const* from = next_row;
#pragma unroll 1
    for (int n = first_row; n < states; n += strides, to += 2 * strides * row_bytes, from += strides * state_on)
      bring_pieces(to, from);
    next_row += tile;
    __pipeline_commit();
  };

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

  if constexpr (!rows_first) bring_first_rows();
  bring_coefficients(0);
  IO const* const z_at = p.z == nullptr ? nullptr : p.z + first.z + own * p.z_channel;
  IO* const y_at = p.y + first.y + own * p.y_channel;
  if (lane < states) state_at(own_states, lane) = {decay_rate(first_A), first_carry};
#pragma unroll 1
  for (int n = lane + 32; n < states; n += 32) state_at(own_states, n) = {decay_rate(A_at[n]), initial_at(n)};
  __pipeline_wait_prior(2);  // the first delta; what is asked for later is waited for in its tile
  __syncwarp();
#pragma unroll 1
  for (int k = 0; k < tiles; ++k) {
    int const t = k * tile;
    Real d[Steps], input[Steps], y[Steps];
    read_own(1, d);
#pragma unroll
    for (int i = 0; i < Steps; ++i) d[i] += bias;
    if (p.flags & with_softplus) {
#pragma unroll
      for (int i = 0; i < Steps; ++i) d[i] = step_of<IO>(d[i]);
    }
    __pipeline_wait_prior(1);  // the first u
    __syncwarp();
    read_own(0, input);
#pragma unroll
    for (int i = 0; i < Steps; ++i) y[i] = skip * input[i], input[i] *= d[i];
    // Of the pair's two threads, so that it is summed once and not for each state.
    Real const own_sum = sum_by_halves<0, Steps>(d), other_sum = __shfl_xor_sync(everyone, own_sum, 1);
    Real const first_sum = is_odd ? other_sum : own_sum, second_sum = is_odd ? own_sum : other_sum;
    __syncwarp();
    if (k + 1 < tiles) bring_row(0, u_at, t + tile), bring_row(1, delta_at, t + tile);
    if (z_at != nullptr) bring_row(2, z_at, t);
    __pipeline_commit();
    if (!is_ahead || k % Tiles < 2) {
      __pipeline_wait_prior(1);
      __syncthreads();  // all have brought this tile's rows and those until the next barrier, and read those of the tiles before
      if (is_ahead) {
#pragma unroll 1
        for (int on = k % Tiles == 0 ? 1 : Tiles - 1; on < Tiles; ++on)
          if (k + on < tiles) bring_coefficients(k + on);
      }
    }

    walked_pair<Real, Steps> of_both;
    unsigned at_rows[row::pieces];  // of the pair of states that is scanned
#pragma unroll
    for (int i = 0; i < row::pieces; ++i) {
      at_rows[i] = own_place[i] + k % Tiles * rows_of_tile * row_bytes;
      asm volatile("" : "+r"(at_rows[i]));
    }
    // An even thread takes the pair's first state of both threads, an odd one its second.
    unsigned at_states = own_states, at_taken = own_states + is_odd * static_cast<unsigned>(sizeof(state));
    asm volatile("" : "+r"(at_states), "+r"(at_taken));
    // From the pair at_rows has: the second walk along it, the first one along the pair that is `on` pairs further.
    auto const walk_by = [&]<bool Second, bool First>(std::bool_constant<Second>, std::bool_constant<First>, int on) {
      auto const at = [&](int r, int piece) {
        return *reinterpret_cast<typename row::piece const*>(shared + at_rows[piece] + r * row_bytes);
      };
      walk<Second, First, row::pieces>(
          of_both, d, input, y, [&](int s, int piece) { return at(4 * on + s, piece); },
          [&](int s, int piece) { return at(2 + s, piece); });
    };
    auto const scan_by = [&](bool is_last) {
      auto const [rate, carry] = state_at(at_taken, 0);
      if (!is_last) of_both.rates[0] = state_at(at_states, 2).rate, of_both.rates[1] = state_at(at_states, 3).rate;
      pair_scan<Real> scan(of_both.x, rate, first_sum, second_sum, is_odd, [](int) {});
      scan.add(carry);
      __syncwarp();
      if (lane >= 30) state_at(at_taken, 0).carry = scan.made;
      scan.begin(carry, lane, of_both.x);
    };
    std::true_type const with;
    std::false_type const without;
    of_both.rates[0] = state_at(at_states, 0).rate, of_both.rates[1] = state_at(at_states, 1).rate;
    walk_by(without, with, 0);
#pragma unroll 1
    for (int left = states - 2; left > 0; left -= 2) {
      scan_by(false);
      walk_by(with, with, 1);
#pragma unroll
      for (int i = 0; i < row::pieces; ++i) at_rows[i] += 4 * row_bytes;
      at_states += 2 * sizeof(state), at_taken += 2 * sizeof(state);
    }
    scan_by(true);
    walk_by(with, without, 0);

    __pipeline_wait_prior(0);
    __syncwarp();
    if (z_at != nullptr) {
      Real gate[Steps];
      read_own(2, gate);
#pragma unroll
      for (int i = 0; i < Steps; ++i) y[i] *= gate_of<IO>(gate[i]);
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
  if (!has || (p.flags & with_final) == 0) return;
  auto const& final = p.all.final;
  for (int n = lane; n < states; n += 32)
    final.data[batch * final.batch + c * final.channel + n * final.state] = state_at(own_states, n).carry;
}

}  // namespace ssmscan::device
