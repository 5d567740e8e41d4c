#pragma once
// The fused selective scan, rule mamba, of sequences that are contiguous in time.
//
// A channel's states are spread over `lanes` threads of a warp, PerThread each, in registers; a warp has 32 / lanes channels,
// a block Warps of them, all of one group, so that they share B and C. Time goes by in tiles of 32 steps:
//   1  the warp turns its channels' rows of the tile, read along time, into steps d and inputs d u in shared memory
//   2  the block puts the tile's rows of B and C into shared memory (two buffers: one barrier a tile)
//   3  each thread goes through the tile four steps at a time: x = e^(d A) x + (d u) B, and its part of C x; the parts of a
//      channel are added over its threads, and each thread is left with some of the four sums
//   4  the warp adds D u, gates by z, and writes y along time
// While a tile is scanned, the next one's u, delta, B and C are on their way to registers, and so is its own z.
//
// States are dealt out in turn: thread g of a channel has the states g, g + lanes, ... . So rows of B and C that a warp reads
// at once lie in different banks, and the sum over the states is one tree however many threads a channel has: pairs
// (n, n + N/2) first, by a fused multiply-add, then halves again and again. No bit depends on PerThread or Warps.
//
// Rows of 16-bit steps that do not begin at four of them may begin in the middle of a word: fused_rows::shifted reads whole words.
#include <cuda_runtime.h>

#include <ssmscan/ssm/cuda/selective_slots.cuh>
#include <ssmscan/ssm/cuda/selective_tiles.cuh>

namespace ssmscan::device {

template <int States, int PerThread, int Channels, int Warps>
struct fused_shape {
  static constexpr int lanes = States / PerThread, step = 32 / lanes, warp_channels = Channels * step;
  static constexpr int threads = 32 * Warps;
  static constexpr int block_channels = warp_channels * Warps;
  static constexpr int quads = warp_channels * quads_of_tile / 32;  // of a tile, of a thread
  static constexpr int coefficient_quads = (2 * States * quads_of_tile + threads - 1) / threads;  // of B and C
  static_assert(lanes >= 1 && lanes <= 8 && 32 % lanes == 0 && PerThread >= 2 && PerThread % 2 == 0);
  template <class Real>
  static constexpr std::size_t shared_bytes() {
    return sizeof(Real) * row_time * (2 * 2 * States + (2 + lanes) * block_channels);
  }
};

// The sum over the threads of a channel of what they left in their rows: halves again and again.
template <int Threads, class Real>
__device__ quad<Real> sum_of_parts(Real const (*rows)[row_time], int t) {
  quad<Real> parts[Threads];
#pragma unroll
  for (int g = 0; g < Threads; ++g) parts[g] = *reinterpret_cast<quad<Real> const*>(rows[g] + t);
#pragma unroll
  for (int width = Threads / 2; width > 0; width /= 2)
#pragma unroll
    for (int g = 0; g < width; ++g)
#pragma unroll
      for (int i = 0; i < quad_time; ++i) parts[g].of[i] += parts[g + width].of[i];
  return parts[0];
}

template <class Real>
inline constexpr Real smallest_normal = 0x1p-126f;
template <>
inline constexpr double smallest_normal<double> = 0x1p-1022;

// What a chunk does to the state it enters with, or everything.
enum class fused_pass { shrink, output };

// whole: one sequence a batch row, of whole tiles where vectors can be read, channels in whole blocks, as many states as the
// form has: half the machine code, and no conditions in a tile. shifted: as the top says. No bit depends on it.
enum class fused_rows { whole, any, shifted };

template <class IO, class Real, int States, int PerThread, int Channels, int Warps, int BlocksPerMultiprocessor,
          fused_pass Pass, fused_rows Rows>
__global__ void __launch_bounds__(32 * Warps, BlocksPerMultiprocessor)
    selective_fused_kernel(fused_arguments<IO, Real> const p) {
  using shape = fused_shape<States, PerThread, Channels, Warps>;
  constexpr int lanes = shape::lanes, quads = shape::quads, coefficient_quads = shape::coefficient_quads;
  constexpr bool outputs = Pass == fused_pass::output, Whole = Rows == fused_rows::whole,
                 Shifted = Rows == fused_rows::shifted;
  // While one quad is scanned the next one's reads are on their way: of whole rows, where there are registers for it.
  constexpr int quads_at_once = Whole && States == 16 && (PerThread == 8 || sizeof(IO) == 2) ? 2 : 1;
  extern __shared__ __align__(16) unsigned char shared[];
  using row = Real[row_time];
  row* const coefficients = reinterpret_cast<row*>(shared);  // [buffer][B, C][state]
  int const lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  row* const step_rows = coefficients + 2 * 2 * States + warp * (2 + lanes) * shape::warp_channels;
  row* const input_rows = step_rows + shape::warp_channels;
  row* const part_rows = input_rows + shape::warp_channels;  // [channel][thread]

  // What a block is, in 32 bits, as a grid has fewer blocks than 2^31; one chunk waits for one division.
  auto const blocks_of = [](index_t channels) {
    return static_cast<unsigned>((channels + shape::block_channels - 1) / shape::block_channels);
  };
  unsigned const channel_blocks = blocks_of(p.channels), block = blockIdx.x % channel_blocks;
  unsigned batch = blockIdx.x / channel_blocks, slot = 0;
  if (p.slots > 1) slot = batch / static_cast<unsigned>(p.batch), batch %= static_cast<unsigned>(p.batch);
  slot_range range;
  if constexpr (Whole) {
    index_t const begin = slot * p.chunk, left = p.time - begin;
    if (left <= 0) return;
    range = {0, begin, left <= p.chunk ? p.time : begin + p.chunk, true, slot == 0, left <= p.chunk};
  } else {
    range = range_of(p, batch, slot);
    if (!range.is_one || (!outputs && range.is_last)) return;
  }
  index_t const first_of_block = static_cast<index_t>(block) * shape::block_channels;
  index_t const first = first_of_block + warp * shape::warp_channels;

  // The quads of rows that this thread brings in and takes out.
  int const quad_t = lane % quads_of_tile * quad_time, quad_row = lane / quads_of_tile;
  auto const row_of = [&](int j) { return quad_row + j * (32 / quads_of_tile); };
  bool has_row[quads];
#pragma unroll
  for (int j = 0; j < quads; ++j) has_row[j] = Whole || first + row_of(j) < p.channels;
  IO const* const u_row = p.u.data + batch * p.u.batch + (first + quad_row) * p.u.channel;
  IO const* const delta_row = p.delta.data + batch * p.delta.batch + (first + quad_row) * p.delta.channel;
  IO const* const z_row = p.z.data + batch * p.z.batch + (first + quad_row) * p.z.channel;
  IO* const y_row = p.y.data + batch * p.y.batch + (first + quad_row) * p.y.channel;
  // A block's channels are of one group.
  auto const group_of = [&](index_t channels) -> index_t {
    return channels < p.channels ? block / blocks_of(channels) : 0;
  };
  IO const* const B = p.B.data + batch * p.B.batch + group_of(p.B.channels) * p.B.group;
  IO const* const C = p.C.data + batch * p.C.batch + group_of(p.C.channels) * p.C.group;

  using read_quad = std::conditional_t<Shifted, loose_quad<IO>, quad<IO>>;
  quad<IO> u[quads];
  read_quad u_next[quads], delta[quads], z[quads], coefficient[coefficient_quads];
  auto const range_at = [&](index_t t) {
    index_t const from = range.begin - t, to = range.end - t;
    return tile_range{from > 0 ? static_cast<int>(from) : 0, to < tile_time ? static_cast<int>(to) : tile_time};
  };
  // The second pass's tiles begin at multiples of 32, where vectors can be read. The first pass's begin with the chunk, as what
  // they add is rounded tile by tile, and a packed sequence has to give the bits that it gives by itself; it walks back from
  // the chunk's end, and stops where whatever came before has shrunk to nothing.
  index_t const first_time = outputs ? range.begin / tile_time * tile_time : range.begin;
  // Where in a word the quads begin, bits of one register: a thread's rows are four apart, its rows of B and C sixteen.
  enum { of_u, of_delta, of_z, of_B, of_C };
  unsigned shifts = 0;
  if constexpr (Shifted) {
    index_t const own_state = static_cast<int>(threadIdx.x) / quads_of_tile;
    auto const note = [&](int which, IO const* row) { shifts |= shift_in_word(row + first_time) << which; };
    note(of_u, u_row), note(of_delta, delta_row), note(of_z, z_row);
    note(of_B, B + own_state * p.B.state), note(of_C, C + own_state * p.C.state);
  }
  auto const shift_of = [&](int which) { return static_cast<int>(shifts >> which & 1); };
  static_assert(32 / quads_of_tile % 2 == 0 && shape::threads / quads_of_tile % 2 == 0 && States % 2 == 0);
  bool const vectors = Whole || (p.vectors && (outputs || range.begin % quad_time == 0));
  bool const has_all_rows = Whole || (vectors && first_of_block + shape::block_channels <= p.channels);
  auto const is_whole = [&](tile_range tile) {
    return Whole || (has_all_rows && tile.begin == 0 && tile.end == tile_time);
  };
  // The steps of the sequence, counted from t, as far as a tile reaches.
  [[maybe_unused]] auto const sequence_at = [&](index_t t) {
    constexpr index_t far = 2 * tile_time;
    index_t const from = range.begin - t, to = range.end - t;
    return tile_range{static_cast<int>(from < -far ? -far : from), static_cast<int>(to < far ? to : far)};
  };
  auto const fetch_rows = [&](read_quad(&to)[quads], IO const* from, index_t stride, index_t t, tile_range tile,
                              [[maybe_unused]] int shift) {
    if constexpr (Shifted) {
#pragma unroll
      for (int j = 0; j < quads; ++j) {
        to[j] = {};
        if (has_row[j])
          to[j] = load_loose_quad(from + j * (32 / quads_of_tile) * stride + t, quad_t, shift, sequence_at(t));
      }
    } else {
      IO const* const at = from + t + quad_t;
      if (is_whole(tile)) {
#pragma unroll
        for (int j = 0; j < quads; ++j)
          to[j] = *reinterpret_cast<quad<IO> const*>(at + j * (32 / quads_of_tile) * stride);
        return;
      }
#pragma unroll
      for (int j = 0; j < quads; ++j) {
        to[j] = {};
        if (has_row[j]) to[j] = load_quad(from + j * (32 / quads_of_tile) * stride + t, quad_t, tile, vectors);
      }
    }
  };
  auto const coefficient_place = [&](int j) { return j * shape::threads + static_cast<int>(threadIdx.x); };
  auto const is_of_B = [&](int j) { return coefficient_place(j) < States * quads_of_tile; };
  auto const fetch_coefficients = [&](index_t t, tile_range tile) {
    if constexpr (Shifted) {
#pragma unroll
      for (int j = 0; j < coefficient_quads; ++j) {
        int const place = coefficient_place(j), n = place / quads_of_tile % States;
        bool const is_B = is_of_B(j);
        coefficient[j] = {};
        if (n < p.states && place < 2 * States * quads_of_tile && (outputs || is_B))
          coefficient[j] =
              load_loose_quad((is_B ? B + n * p.B.state : C + n * p.C.state) + t, place % quads_of_tile * quad_time,
                              is_B ? shift_of(of_B) : shift_of(of_C), sequence_at(t));
      }
    } else {
      if (is_whole(tile) && (Whole || p.states == States) && (2 * States * quads_of_tile) % shape::threads == 0) {
#pragma unroll
        for (int j = 0; j < coefficient_quads; ++j) {
          int const place = coefficient_place(j), n = place / quads_of_tile % States;
          bool const is_B = place < States * quads_of_tile;
          coefficient[j] = *reinterpret_cast<quad<IO> const*>((is_B ? B + n * p.B.state : C + n * p.C.state) + t +
                                                              place % quads_of_tile * quad_time);
        }
        return;
      }
#pragma unroll
      for (int j = 0; j < coefficient_quads; ++j) {
        int const place = coefficient_place(j), n = place / quads_of_tile % States;
        bool const is_B = place < States * quads_of_tile;
        coefficient[j] = {};
        if (n < p.states && place < 2 * States * quads_of_tile && (outputs || is_B))
          coefficient[j] = load_quad((is_B ? B + n * p.B.state : C + n * p.C.state) + t,
                                     place % quads_of_tile * quad_time, tile, vectors);
      }
    }
  };

  index_t const tiles = (range.end - first_time + tile_time - 1) / tile_time;
  auto const time_of = [&](index_t i) { return first_time + (outputs ? i : tiles - 1 - i) * tile_time; };
  auto const fetch = [&](index_t from) {
    tile_range const wanted = range_at(from);
    fetch_rows(u_next, u_row, p.u.channel, from, wanted, shift_of(of_u));
    fetch_rows(delta, delta_row, p.delta.channel, from, wanted, shift_of(of_delta));
    fetch_coefficients(from, wanted);
  };
  // Asked for before anything that waits.
  if (range.begin < range.end) fetch(time_of(0));
  Real skip[quads], bias[quads];
#pragma unroll
  for (int j = 0; j < quads; ++j) {
    index_t const c = first + row_of(j);
    skip[j] = has_row[j] && p.D != nullptr ? p.D[c] : Real(0);
    bias[j] = has_row[j] && p.bias != nullptr ? p.bias[c] : Real(0);
  }
  // This thread's states of this thread's channels.
  int const own = lane / lanes, part = lane % lanes;
  auto const channel_of = [&](int r) { return first + own + r * shape::step; };
  Real rate[Channels][PerThread], x[Channels][PerThread];
  // Of the first pass: of the tile, and of the tiles from there to the chunk's end.
  Real shrunk[Channels][PerThread], added[Channels][PerThread], suffix[Channels][PerThread];
  index_t const carried_slot = (slot * p.batch + batch) * p.channels * p.states;
#pragma unroll
  for (int r = 0; r < Channels; ++r) {
    index_t const c = channel_of(r);
#pragma unroll
    for (int s = 0; s < PerThread; ++s) {
      int const n = s * lanes + part;
      bool const has = Whole || (n < p.states && c < p.channels);
      rate[r][s] = has ? p.A[c * p.row_of_A + n] : Real(0);
      x[r][s] = 0, shrunk[r][s] = 1, added[r][s] = 0, suffix[r][s] = has ? 1 : 0;
      if (!outputs || !has) continue;
      if (p.enter != nullptr)
        x[r][s] = p.enter[carried_slot + c * p.states + n];
      else if (p.initial.data != nullptr)
        x[r][s] = p.initial.data[batch * p.initial.batch + c * p.initial.channel + range.sequence * p.initial.sequence +
                                 n * p.initial.state];
    }
  }
#pragma unroll
  for (int r = 0; r < Channels; ++r)
#pragma unroll
    for (int s = 0; s < PerThread; ++s) rate[r][s] = decay_rate(rate[r][s]);

  bool is_cut = false;
  for (index_t i = 0; i < tiles && range.begin < range.end; ++i) {
    index_t const t = time_of(i);
    int const buffer = i % 2;
    tile_range const tile = range_at(t);
#pragma unroll
    for (int j = 0; j < quads; ++j) {
      quad<Real> steps, inputs;
      quad<IO> const own_delta = joined(delta[j], shift_of(of_delta));
      u[j] = joined(u_next[j], shift_of(of_u));
#pragma unroll
      for (int i = 0; i < quad_time; ++i) steps.of[i] = Real(own_delta.wide(i)) + bias[j];
      if (p.softplus) {
#pragma unroll
        for (int i = 0; i < quad_time; ++i) steps.of[i] = step_of<IO>(steps.of[i]);
      }
#pragma unroll
      for (int i = 0; i < quad_time; ++i) inputs.of[i] = steps.of[i] * Real(u[j].wide(i));
      *reinterpret_cast<quad<Real>*>(step_rows[row_of(j)] + quad_t) = steps;
      *reinterpret_cast<quad<Real>*>(input_rows[row_of(j)] + quad_t) = inputs;
    }
    row* const B_rows = coefficients + buffer * 2 * States;
    row* const C_rows = B_rows + States;
#pragma unroll
    for (int j = 0; j < coefficient_quads; ++j) {
      int const place = coefficient_place(j);
      quad<IO> const stored = joined(coefficient[j], is_of_B(j) ? shift_of(of_B) : shift_of(of_C));
      quad<Real> values;
#pragma unroll
      for (int i = 0; i < quad_time; ++i) values.of[i] = Real(stored.wide(i));
      if (place < 2 * States * quads_of_tile)
        *reinterpret_cast<quad<Real>*>(B_rows[place / quads_of_tile] + place % quads_of_tile * quad_time) = values;
    }
    // Of two buffers: whoever is past the barrier has read the other one.
    if constexpr (outputs) {
      __syncthreads();
    } else {
      bool is_nothing = true;
#pragma unroll
      for (int r = 0; r < Channels; ++r)
#pragma unroll
        for (int s = 0; s < PerThread; ++s) is_nothing = is_nothing && fabs(suffix[r][s]) < smallest_normal<Real>;
      is_cut = __syncthreads_and(is_nothing);
      if (is_cut) break;
    }
    if (i + 1 < tiles) fetch(time_of(i + 1));
    if (outputs && p.z.data != nullptr) fetch_rows(z, z_row, p.z.channel, t, tile, shift_of(of_z));

    auto const scan_quad = [&](int at, auto masked) {
      quad<Real> b[PerThread];
      [[maybe_unused]] quad<Real> c[PerThread];
#pragma unroll
      for (int s = 0; s < PerThread; ++s) {
        b[s] = *reinterpret_cast<quad<Real> const*>(B_rows[s * lanes + part] + at);
        if constexpr (outputs) c[s] = *reinterpret_cast<quad<Real> const*>(C_rows[s * lanes + part] + at);
      }
#pragma unroll
      for (int r = 0; r < Channels; ++r) {
        int const own_row = own + r * shape::step;
        quad<Real> const steps = *reinterpret_cast<quad<Real> const*>(step_rows[own_row] + at);
        quad<Real> const inputs = *reinterpret_cast<quad<Real> const*>(input_rows[own_row] + at);
        [[maybe_unused]] quad<Real> sums;
#pragma unroll
        for (int i = 0; i < quad_time; ++i) {
          bool const is_step = !masked || tile.has(at + i);
#pragma unroll
          for (int s = 0; s < PerThread; ++s) {
            Real const a = decay(steps.of[i], rate[r][s]);
            Real const next = fma(a, x[r][s], inputs.of[i] * b[s].of[i]);
            x[r][s] = is_step ? next : x[r][s];
            if constexpr (!outputs) shrunk[r][s] = is_step ? shrunk[r][s] * a : shrunk[r][s];
          }
          if constexpr (outputs) {
            Real sum[PerThread / 2];
#pragma unroll
            for (int s = 0; s < PerThread / 2; ++s)
              sum[s] = fma(c[s + PerThread / 2].of[i], x[r][s + PerThread / 2], c[s].of[i] * x[r][s]);
#pragma unroll
            for (int width = PerThread / 4; width > 0; width /= 2)
#pragma unroll
              for (int s = 0; s < width; ++s) sum[s] += sum[s + width];
            sums.of[i] = sum[0];
          }
        }
        if constexpr (outputs) *reinterpret_cast<quad<Real>*>(part_rows[own_row * lanes + part] + at) = sums;
      }
    };
    if (Whole || (tile.begin == 0 && tile.end == tile_time)) {
#pragma unroll quads_at_once
      for (int at = 0; at < tile_time; at += quad_time) scan_quad(at, std::false_type{});
    } else {
      for (int at = 0; at < tile_time; at += quad_time)
        if (!tile.has_none(at)) scan_quad(at, std::true_type{});
    }
    __syncwarp();
    if constexpr (!outputs) {
#pragma unroll
      for (int r = 0; r < Channels; ++r)
#pragma unroll
        for (int s = 0; s < PerThread; ++s) {
          added[r][s] = fma(suffix[r][s], x[r][s], added[r][s]);
          suffix[r][s] *= shrunk[r][s];
          x[r][s] = 0, shrunk[r][s] = 1;
        }
    } else {
#pragma unroll
      for (int j = 0; j < quads; ++j) {
        quad<Real> const sums = sum_of_parts<lanes>(part_rows + row_of(j) * lanes, quad_t);
        Real y[quad_time];
#pragma unroll
        for (int i = 0; i < quad_time; ++i)
          y[i] = p.D != nullptr ? fma(skip[j], Real(u[j].wide(i)), sums.of[i]) : sums.of[i];
        if (p.z.data != nullptr) {
          quad<IO> const gate = joined(z[j], shift_of(of_z));
#pragma unroll
          for (int i = 0; i < quad_time; ++i) y[i] *= gate_of<IO>(Real(gate.wide(i)));
        }
        if (is_whole(tile))
          *reinterpret_cast<quad<IO>*>(y_row + j * (32 / quads_of_tile) * p.y.channel + t + quad_t) =
              narrowed_pack<IO, quad_time>(y);
        else if (has_row[j])
          store_quad(y_row + j * (32 / quads_of_tile) * p.y.channel + t, quad_t, tile, vectors,
                     narrowed_pack<IO, quad_time>(y));
      }
      __syncwarp();
    }
  }

#pragma unroll
  for (int r = 0; r < Channels; ++r) {
    index_t const c = channel_of(r);
#pragma unroll
    for (int s = 0; s < PerThread; ++s) {
      int const n = s * lanes + part;
      if (!Whole && (n >= p.states || c >= p.channels)) continue;
      if constexpr (!outputs) {
        index_t const at = carried_slot + c * p.states + n;
        p.enter[at] = added[r][s], p.shrink[at] = is_cut ? Real(0) : suffix[r][s];
        continue;
      }
      if (p.enter != nullptr && !range.is_last && !isfinite(x[r][s]))
        atomicMin(p.poisoned + ((batch * p.channels + c) * p.states + n) * p.sequences + range.sequence,
                  static_cast<unsigned long long>(range.end));
      if (range.is_last && p.final.data != nullptr) {
        p.final
            .data[batch * p.final.batch + c * p.final.channel + range.sequence * p.final.sequence + n * p.final.state] =
            x[r][s];
      }
    }
  }
}

}  // namespace ssmscan::device
