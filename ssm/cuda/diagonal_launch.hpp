#pragma once
// What diagonal_layer.cpp prepares and diagonal_layer.cu launches.
#include <vector>

#include <ssmscan/ssm/cuda/device_array.hpp>
#include <ssmscan/ssm/cuda/diagonal_layer.hpp>

namespace ssmscan::device::detail {

inline constexpr int chunk_time = 64, tile_chunks = 64;
inline constexpr index_t tile_steps = index_t{chunk_time} * tile_chunks;

// States a block takes at a time: of more it makes several rounds.
inline constexpr int states_at_once(index_t states) {
  return states <= 4 ? 4 : states <= 8 ? 8 : states <= 16 ? 16 : 32;
}
inline constexpr index_t padded_states(index_t states) {
  index_t const at_once = states_at_once(states);
  return (states + at_once - 1) / at_once * at_once;
}

// log a as hi + lo, the driven b, and f c, of one state; zeros where there is none.
struct pole {
  double log_re, log_re_rest, log_im, log_im_rest, b_re, b_im, out_re, out_im;
};

// What a chunk, and a tile, multiply a state by; b; and f c a.
template <class T>
struct state_factors {
  T chunk_re, chunk_im, tile_re, tile_im, b_re, b_im, out_re, out_im;
};

template <class T>
struct diagonal_tables {
  index_t channels, states, padded;
  device_array<pole> poles;                // (channels, padded)
  device_array<T> powers;                  // (channels, 2 parts, padded, chunk_time): a^j
  device_array<T> taps;                    // (channels, 4 + chunk_time): zeros, then K[j], d in K[0]
  device_array<state_factors<T>> factors;  // (channels, padded)
  int multiprocessors;
};

// poles (channels, padded) and d (channels). Waits.
template <class T>
diagonal_tables<T> make_tables(std::vector<pole> const& poles, std::vector<double> const& d, index_t states);
template <class T>
void launch_kernel(diagonal_tables<T> const& tables, ssm::matrix_view<T> const& taps, device::stream stream);
// carried: (tiles, batch, channels, padded) complex values, or none: tiles one after another.
template <class T>
void launch_scan(diagonal_tables<T> const& tables, diagonal_call<T> const& call, T* carried, device::stream stream);

}  // namespace ssmscan::device::detail
