// The kernels of diagonal_layer.hpp; diagonal_tile.cuh has what they share, and the idea.
#include <type_traits>

#include <ssmscan/scan/backends/cuda/launch.cuh>
#include <ssmscan/scan/backends/cuda/remembered.cuh>
#include <ssmscan/ssm/cuda/device_array.cuh>
#include <ssmscan/ssm/cuda/diagonal_tile.cuh>

namespace ssmscan::device::detail {
namespace {

// A block for each channel.
template <class T>
__global__ void tables_kernel(pole const* poles, double const* d, index_t padded, index_t states, T* powers, T* taps,
                              state_factors<T>* factors) {
  index_t const h = blockIdx.x;
  pole const* const own = poles + h * padded;
  T* const re = powers + h * 2 * padded * chunk_time;
  T* const im = re + padded * chunk_time;
  for (index_t i = threadIdx.x; i < padded * chunk_time; i += blockDim.x) {
    index_t const n = i / chunk_time;
    complex_double const a = n < states ? power(own[n], static_cast<double>(i % chunk_time)) : complex_double{0, 0};
    re[i] = static_cast<T>(a.re), im[i] = static_cast<T>(a.im);
  }
  for (index_t n = threadIdx.x; n < padded; n += blockDim.x) {
    state_factors<T> made{};
    if (n < states) {
      pole const w = own[n];
      complex_double const chunk = power(w, chunk_time), tile = power(w, static_cast<double>(tile_steps));
      complex_double const out = times({w.out_re, w.out_im}, power(w, 1));
      made = {static_cast<T>(chunk.re), static_cast<T>(chunk.im), static_cast<T>(tile.re), static_cast<T>(tile.im),
              static_cast<T>(w.b_re),   static_cast<T>(w.b_im),   static_cast<T>(out.re),  static_cast<T>(out.im)};
    }
    factors[h * padded + n] = made;
  }
  for (int j = threadIdx.x; j < taps_before + chunk_time; j += blockDim.x) {
    double sum = j == taps_before ? d[h] : 0;
    for (index_t n = 0; j >= taps_before && n < states; ++n) {
      complex_double const gain = times({own[n].out_re, own[n].out_im}, {own[n].b_re, own[n].b_im});
      sum += times(gain, power(own[n], j - taps_before)).re;
    }
    taps[h * (taps_before + chunk_time) + j] = static_cast<T>(sum);
  }
}

// A block for each tile of a channel's taps. far = f c b a^(64 row): of a thread's rows the first by itself, the others by
// products with a^64, in double.
template <class T, int States>
__global__ void __launch_bounds__(threads) taps_kernel(pole const* poles, T const* powers, index_t padded,
                                                       index_t tiles, ssm::matrix_view<T> const taps, bool vectors) {
  extern __shared__ __align__(16) unsigned char shared[];
  auto& m = *reinterpret_cast<tile_memory<T, States>*>(shared);
  index_t const h = blockIdx.x / tiles, tile = blockIdx.x % tiles;
  constexpr int rows = tile_chunks * States / threads;
  int const n = threadIdx.x % States, first_row = threadIdx.x / States * rows;
  T y[4][4] = {};
  output_place const at;
  for (index_t first = 0; first < padded; first += States) {
    __syncthreads();
    m.load_powers(powers + h * 2 * padded * chunk_time, padded, first);
    pole const w = poles[h * padded + first + n];
    complex_double far = times(times({w.out_re, w.out_im}, {w.b_re, w.b_im}),
                               power(w, static_cast<double>((tile * tile_chunks + first_row) * chunk_time)));
    complex_double const step = power(w, chunk_time);
    for (int r = 0; r < rows; ++r) {
      m.states[0][n * chunk_row + first_row + r] = static_cast<T>(far.re);
      m.states[1][n * chunk_row + first_row + r] = static_cast<T>(far.im);
      far = times(far, step);
    }
    __syncthreads();
    read_states(m, at, y);
  }
#pragma unroll
  for (int r = 0; r < 4; ++r)
    store_four(taps.row(h), tile * tile_steps + (at.chunk + r) * chunk_time + at.q * 4, taps.columns, 1, vectors, y[r]);
}

template <class T>
struct scan_arguments {
  diagonal_call<T> call;
  index_t channels, states, padded, tiles;
  T const *powers, *taps;
  state_factors<T> const* factors;
  T* carried;  // (tiles, batch, channels, padded, 2)
  bool read_vectors, write_vectors;
};

enum class scan_pass { add, output };  // what each tile adds to the states; or everything

template <class T>
struct carried_state {
  T re, im;
  __device__ carried_state after(T a_re, T a_im, T b_re, T b_im) const {
    return {fma(-a_im, im, fma(a_re, re, b_re)), fma(a_im, re, fma(a_re, im, b_im))};
  }
};

template <class T, int States, scan_pass Pass>
__global__ void __launch_bounds__(threads, std::is_same_v<T, float> ? 3 : 2) scan_kernel(scan_arguments<T> const p) {
  constexpr bool outputs = Pass == scan_pass::output;
  extern __shared__ __align__(16) unsigned char shared[];
  auto& m = *reinterpret_cast<tile_memory<T, States>*>(shared);
  T* const enter = reinterpret_cast<T*>(&m + 1);  // (padded, 2): the states that enter a tile
  bool const split = p.carried != nullptr;
  index_t const rows = p.call.u.shape.batch * p.channels;
  index_t const row = blockIdx.x % rows, first_tile = blockIdx.x / rows, end_tile = split ? first_tile + 1 : p.tiles;
  index_t const h = row % p.channels, batch = row / p.channels, length = p.call.u.shape.time;
  T const* const u = p.call.u.data + batch * p.call.u.stride.batch + h * p.call.u.stride.channel;
  T* const y_row = p.call.y.data + batch * p.call.y.stride.batch + h * p.call.y.stride.channel;
  T const* const table = p.powers + h * 2 * p.padded * chunk_time;
  auto const carried_at = [&](index_t tile) { return p.carried + 2 * (tile * rows + row) * p.padded; };

  for (index_t n = threadIdx.x; outputs && n < p.padded; n += threads) {
    T re = 0, im = 0;
    if (split) {
      re = carried_at(first_tile)[2 * n], im = carried_at(first_tile)[2 * n + 1];
    } else if (n < p.states && p.call.initial.data != nullptr) {
      auto const& from = p.call.initial;
      T const* const x = reinterpret_cast<T const*>(from.data + batch * from.stride.batch + h * from.stride.channel +
                                                    n * from.stride.time);
      re = x[0], im = x[1];
    }
    enter[2 * n] = re, enter[2 * n + 1] = im;
  }
  for (int j = threadIdx.x; j < taps_before + chunk_time; j += threads)
    m.taps[j] = p.taps[h * (taps_before + chunk_time) + j];

  for (index_t tile = first_tile; tile < end_tile; ++tile) {
    index_t const begin = tile * tile_steps, left = length - begin;
    int const chunks = left >= tile_steps ? tile_chunks : static_cast<int>((left + chunk_time - 1) / chunk_time);
    __syncthreads();
    for (int i = threadIdx.x; i < tile_chunks * quads_of_chunk; i += threads) {
      int const chunk = i / quads_of_chunk, q = i % quads_of_chunk;
      index_t const t = begin + i * 4;
      quad<T> values{};
      if (p.read_vectors && t + 4 <= length) {
        values = *reinterpret_cast<quad<T> const*>(u + t);
      } else {
#pragma unroll
        for (int k = 0; k < 4; ++k)
          if (t + k < length) values.of[k] = u[(t + k) * p.call.u.stride.time];
      }
      *reinterpret_cast<quad<T>*>(m.signal + place_of(chunk, q, chunk / 4)) = values;
    }
    T y[4][4] = {};
    output_place const at;
    for (index_t first = 0; first < p.padded; first += States) {
      if (tile == first_tile || p.padded > States) {
        if (first > 0) __syncthreads();
        m.load_powers(table, p.padded, first);
      }
      __syncthreads();
      if constexpr (outputs) {
        if (first == 0) apply_taps(m, at, y);
      }

      {  // what each chunk adds
        constexpr int own_states = States == 32 ? 2 : 1, lanes = States / own_states;
        constexpr int own_chunks = tile_chunks * lanes / threads;
        int const n = threadIdx.x % lanes, chunk = threadIdx.x / lanes * own_chunks;
        T re[own_states][own_chunks] = {}, im[own_states][own_chunks] = {};
#pragma unroll 2
        for (int q = 0; q < quads_of_chunk; ++q) {
          quad<T> inputs[own_chunks];
#pragma unroll
          for (int c = 0; c < own_chunks; ++c) inputs[c] = m.signal_at(chunk + c, q);
#pragma unroll
          for (int s = 0; s < own_states; ++s) {
            quad<T> const a_re = m.power_at(0, n + s * lanes, quads_of_chunk - 1 - q);
            quad<T> const a_im = m.power_at(1, n + s * lanes, quads_of_chunk - 1 - q);
#pragma unroll
            for (int c = 0; c < own_chunks; ++c)
#pragma unroll
              for (int k = 0; k < 4; ++k) {
                re[s][c] = fma(a_re.of[3 - k], inputs[c].of[k], re[s][c]);
                im[s][c] = fma(a_im.of[3 - k], inputs[c].of[k], im[s][c]);
              }
          }
        }
#pragma unroll
        for (int s = 0; s < own_states; ++s)
#pragma unroll
          for (int c = 0; c < own_chunks; ++c) {
            m.states[0][(n + s * lanes) * chunk_row + chunk + c] = re[s][c];
            m.states[1][(n + s * lanes) * chunk_row + chunk + c] = im[s][c];
          }
      }
      __syncthreads();

      // From chunk to chunk: from nothing, which is what the tile adds, and from what enters the tile.
      if (threadIdx.x < States) {
        int const n = threadIdx.x;
        state_factors<T> const f = p.factors[h * p.padded + first + n];
        T* const re = m.states[0] + n * chunk_row;
        T* const im = m.states[1] + n * chunk_row;
        T* const entering = enter + 2 * (first + n);
        carried_state<T> added{0, 0}, x{0, 0}, before{0, 0};
        if constexpr (outputs) x = {entering[0], entering[1]};
#pragma unroll 8
        for (int c = 0; c < chunks; ++c) {
          T const s_re = fma(f.b_re, re[c], -(f.b_im * im[c])), s_im = fma(f.b_re, im[c], f.b_im * re[c]);
          if constexpr (outputs) {
            before = x;
            re[c] = fma(f.out_re, x.re, -(f.out_im * x.im)), im[c] = fma(f.out_re, x.im, f.out_im * x.re);
            x = x.after(f.chunk_re, f.chunk_im, s_re, s_im);
          }
          added = added.after(f.chunk_re, f.chunk_im, s_re, s_im);
        }
        if constexpr (!outputs) {
          T* const to = carried_at(tile) + 2 * (first + n);
          to[0] = added.re, to[1] = added.im;
        } else {
          if (tile + 1 == p.tiles && p.call.final.data != nullptr && first + n < p.states) {
            // A last chunk that is not whole: step by step.
            if (index_t const rest = left - index_t{chunks - 1} * chunk_time; chunks > 0 && rest < chunk_time) {
              T const a_re = m.powers[0][place_of(n, 0, n) + 1], a_im = m.powers[1][place_of(n, 0, n) + 1];
              x = before;
              for (int k = 0; k < rest; ++k) {
                T const in = m.signal[place_of(chunks - 1, k / 4, (chunks - 1) / 4) + k % 4];
                x = x.after(a_re, a_im, f.b_re * in, f.b_im * in);
              }
            }
            auto const& to = p.call.final;
            T* const at_end = reinterpret_cast<T*>(to.data + batch * to.stride.batch + h * to.stride.channel +
                                                   (first + n) * to.stride.time);
            at_end[0] = x.re, at_end[1] = x.im;
          }
          carried_state<T> const next =
              carried_state<T>{entering[0], entering[1]}.after(f.tile_re, f.tile_im, added.re, added.im);
          entering[0] = next.re, entering[1] = next.im;
        }
      }
      __syncthreads();
      if constexpr (outputs) read_states(m, at, y);
    }
    if constexpr (outputs) {
#pragma unroll
      for (int r = 0; r < 4; ++r)
        store_four(y_row, begin + (at.chunk + r) * chunk_time + at.q * 4, length, p.call.y.stride.time, p.write_vectors,
                   y[r]);
    }
  }
}

// From what each tile adds to what enters it; a thread for each state.
template <class T>
__global__ void carry_kernel(scan_arguments<T> const p) {
  index_t const states = p.call.u.shape.batch * p.channels * p.padded;
  index_t const i = static_cast<index_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= states) return;
  index_t const n = i % p.padded, h = i / p.padded % p.channels, batch = i / p.padded / p.channels;
  state_factors<T> const f = p.factors[h * p.padded + n];
  carried_state<T> x{0, 0};
  if (n < p.states && p.call.initial.data != nullptr) {
    auto const& from = p.call.initial;
    T const* const at = reinterpret_cast<T const*>(from.data + batch * from.stride.batch + h * from.stride.channel +
                                                   n * from.stride.time);
    x = {at[0], at[1]};
  }
#pragma unroll 4
  for (index_t tile = 0; tile < p.tiles; ++tile) {
    T* const at = p.carried + 2 * (tile * states + i);
    T const re = tile + 1 < p.tiles ? at[0] : T(0), im = tile + 1 < p.tiles ? at[1] : T(0);
    at[0] = x.re, at[1] = x.im;
    x = x.after(f.tile_re, f.tile_im, re, im);
  }
}

template <class T>
bool has_vectors(T const* data, std::initializer_list<index_t> strides) {
  constexpr index_t values = 16 / sizeof(T) < 1 ? 1 : 16 / sizeof(T);
  bool aligned = reinterpret_cast<std::uintptr_t>(data) % 16 == 0;
  for (index_t const stride : strides) aligned = aligned && stride % values == 0;
  return aligned;
}

// body(std::integral_constant<int, States>)
template <class Body>
void with_states(index_t states, Body body) {
  switch (states_at_once(states)) {
    case 4:
      return body(std::integral_constant<int, 4>{});
    case 8:
      return body(std::integral_constant<int, 8>{});
    case 16:
      return body(std::integral_constant<int, 16>{});
    default:
      return body(std::integral_constant<int, 32>{});
  }
}

}  // namespace

void free_device_memory::operator()(void* memory) const { (void)cudaFree(memory); }

template <class T>
diagonal_tables<T> make_tables(std::vector<pole> const& poles, std::vector<double> const& d, index_t states) {
  index_t const channels = static_cast<index_t>(d.size()), padded = padded_states(states);
  diagonal_tables<T> made{channels,
                          states,
                          padded,
                          uploaded(poles),
                          allocate<T>(channels * 2 * padded * chunk_time),
                          allocate<T>(channels * (taps_before + chunk_time)),
                          allocate<state_factors<T>>(channels * padded),
                          0};
  auto const skip = uploaded(d);
  launch(nullptr, {channels, threads}, &tables_kernel<T>, made.poles.get(), skip.get(), padded, states,
         made.powers.get(), made.taps.get(), made.factors.get());
  need_success(cudaStreamSynchronize(nullptr), "making a layer's tables");
  made.multiprocessors = static_cast<int>(multiprocessors());
  return made;
}

template <class T>
void launch_kernel(diagonal_tables<T> const& tables, ssm::matrix_view<T> const& taps, device::stream stream) {
  index_t const tiles = (taps.columns + tile_steps - 1) / tile_steps;
  with_states(tables.states, [&](auto states) {
    constexpr std::size_t bytes = sizeof(tile_memory<T, states()>);
    constexpr auto* kernel = &taps_kernel<T, states()>;
    launch_with_shared<kernel>(this_device(), stream, {tables.channels * tiles, threads, bytes}, tables.poles.get(),
                               tables.powers.get(), tables.padded, tiles, taps,
                               has_vectors(taps.data, {taps.row_stride}));
  });
}

template <class T>
void launch_scan(diagonal_tables<T> const& tables, diagonal_call<T> const& call, T* carried, device::stream stream) {
  index_t const rows = call.u.shape.batch * tables.channels, length = call.u.shape.time;
  index_t const tiles = length == 0 ? 1 : (length + tile_steps - 1) / tile_steps;
  auto const vectors = [](auto const& view) {
    return view.stride.time == 1 && has_vectors(view.data, {view.stride.batch, view.stride.channel});
  };
  scan_arguments<T> const p{.call = call,
                            .channels = tables.channels,
                            .states = tables.states,
                            .padded = tables.padded,
                            .tiles = tiles,
                            .powers = tables.powers.get(),
                            .taps = tables.taps.get(),
                            .factors = tables.factors.get(),
                            .carried = carried,
                            .read_vectors = vectors(call.u),
                            .write_vectors = vectors(call.y)};
  with_states(tables.states, [&](auto states) {
    std::size_t const bytes =
        sizeof(tile_memory<T, states()>) + 2 * static_cast<std::size_t>(tables.padded) * sizeof(T);
    auto const run = [&]<scan_pass Pass>(std::integral_constant<scan_pass, Pass>, index_t blocks) {
      constexpr auto* kernel = &scan_kernel<T, states(), Pass>;
      launch_with_shared<kernel>(this_device(), stream, {blocks, threads, bytes}, p);
    };
    if (carried != nullptr) {
      run(std::integral_constant<scan_pass, scan_pass::add>(), rows * (tiles - 1));
      constexpr int carry_threads = 64;
      launch(stream, {(rows * tables.padded + carry_threads - 1) / carry_threads, carry_threads}, &carry_kernel<T>, p);
    }
    run(std::integral_constant<scan_pass, scan_pass::output>(), carried != nullptr ? rows * tiles : rows);
  });
}

#define SSMSCAN_INSTANTIATE(T)                                                                               \
  template diagonal_tables<T> make_tables<T>(std::vector<pole> const&, std::vector<double> const&, index_t); \
  template void launch_kernel(diagonal_tables<T> const&, ssm::matrix_view<T> const&, device::stream);        \
  template void launch_scan(diagonal_tables<T> const&, diagonal_call<T> const&, T*, device::stream);
SSMSCAN_INSTANTIATE(float)
SSMSCAN_INSTANTIATE(double)
#undef SSMSCAN_INSTANTIATE

}  // namespace ssmscan::device::detail
