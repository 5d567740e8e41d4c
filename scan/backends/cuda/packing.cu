#include <complex>

#include <ssmscan/scan/algorithms/blelloch.hpp>
#include <ssmscan/scan/backends/cuda.cuh>
#include <ssmscan/scan/backends/cuda/packing.hpp>
#include <ssmscan/scan/backends/cuda/packing_pieces.cuh>
#include <ssmscan/scan/monoids/plus.hpp>
#include <ssmscan/scan/scan.hpp>

namespace ssmscan::detail {
namespace {

template <class B>
void copy_offsets(B& on, device_packing const& given, index_t time, std::uint8_t* heads, index_t* offsets) {
  auto const offset = offsets_in(given, time);
  on.parallel_for({1, time + 1}, [=] SSMSCAN_HOST_DEVICE(index_t, index_t t) { heads[t] = t == 0 || t == time; });
  on.parallel_for({1, given.sequences + 1},
                  [=] SSMSCAN_HOST_DEVICE(index_t, index_t k) { heads[offsets[k] = offset(k)] = 1; });
}

head_in_mask heads_in(device_packing const& given, index_t time) {
  return {given.reset.data(), time, given.direction == direction::reverse};
}

SSMSCAN_HOST_DEVICE void set_bit([[maybe_unused]] std::uint32_t* bits, [[maybe_unused]] index_t at) {
#if defined(__CUDA_ARCH__)
  atomicOr(bits + at / 32, std::uint32_t{1} << at % 32);
#endif
}

// The k-th head of the mask is where sequence k starts; places without a head are at the end: sequences without steps.
template <class B, class Heads>
void find_offsets(B& on, index_t time, Heads const& is_head, std::span<index_t> offsets) {
  auto const places = static_cast<index_t>(offsets.size());
  index_t* const values = offsets.data();
  on.parallel_for({1, places}, [=] SSMSCAN_HOST_DEVICE(index_t, index_t k) { values[k] = k == 0 ? 0 : time; });
  scan(
      on, blelloch{}, plus<index_t>{}, {1, time},
      [=] SSMSCAN_HOST_DEVICE(index_t, index_t t) { return static_cast<index_t>(is_head(t)); },
      [=] SSMSCAN_HOST_DEVICE(index_t, index_t t, index_t const& count) {
        if (is_head(t) && count < places) values[count - 1] = t;
      });
}

template <class B, class Starts>
void launch_find_pieces([[maybe_unused]] B& on, [[maybe_unused]] Starts const& starts,
                        [[maybe_unused]] std::span<starts_of_piece> pieces, [[maybe_unused]] std::span<index_t> offsets,
                        [[maybe_unused]] std::uint16_t* later) {
  if constexpr (std::same_as<B, cuda>) {
    auto const count = static_cast<index_t>(pieces.size()), places = static_cast<index_t>(offsets.size());
    index_t const threads = std::max(count * threads_of_piece, places);
    constexpr int of_block = threads_of_piece * pieces_of_block;
    launch(on.stream(),
           {std::min(ceil_div(threads, index_t{of_block}), most_blocks), of_block, 0, 1, start::beside_the_last},
           &find_pieces<Starts>, starts, count, pieces.data(), places, offsets.data(), later);
  }
}

}  // namespace

template <class B>
void lay_out_pieces(B& on, device_packing const& given, index_t time, std::span<starts_of_piece> pieces,
                    std::span<index_t> offsets, std::uint16_t* later) {
  if (given.offsets.data() != nullptr)
    return launch_find_pieces(on, listed_starts{offsets_in(given, time)}, pieces, offsets, later);
  auto const is_head = heads_in(given, time);
  if (!offsets.empty()) find_offsets(on, time, is_head, offsets);
  masked_starts const starts{is_head, offsets.empty() ? nullptr : offsets.data(), static_cast<index_t>(offsets.size())};
  launch_find_pieces(on, starts, pieces, std::span<index_t>{}, later);
}

template <class B>
void lay_out(B& on, device_packing const& given, index_t time, std::uint8_t* heads, std::span<index_t> offsets) {
  if (given.offsets.data() != nullptr) return copy_offsets(on, given, time, heads, offsets.data());
  auto const is_head = heads_in(given, time);
  on.parallel_for({1, time + 1}, [=] SSMSCAN_HOST_DEVICE(index_t, index_t t) { heads[t] = is_head(t); });
  if (given.sequences > 0) find_offsets(on, time, is_head, offsets);
}

template <class B>
void lay_out_offsets(B& on, device_packing const& given, index_t time, std::span<index_t> offsets) {
  auto const offset = offsets_in(given, time);
  index_t* const copies = offsets.data();
  on.parallel_for({1, static_cast<index_t>(offsets.size())},
                  [=] SSMSCAN_HOST_DEVICE(index_t, index_t k) { copies[k] = offset(k); });
}

template <class B>
void lay_out_bits(B& on, device_packing const& given, index_t time, std::uint32_t* bits) {
  index_t const words = words_of_bits(time);
  if (given.offsets.data() != nullptr) {
    auto const offset = offsets_in(given, time);
    constexpr int together = 4;  // words: 16 bytes for each body
    on.parallel_for({1, words / together}, [=] SSMSCAN_HOST_DEVICE(index_t, index_t k) {
      std::uint32_t made[together];
      for (int i = 0; i < together; ++i) {
        index_t const w = k * together + i;
        made[i] = (w == 0 ? 1u : 0u) | (w == time / 32 ? 1u << time % 32 : 0u);
      }
      reinterpret_cast<uint4*>(bits)[k] = make_uint4(made[0], made[1], made[2], made[3]);
    });
    return on.parallel_for({1, given.sequences + 1},
                           [=] SSMSCAN_HOST_DEVICE(index_t, index_t k) { set_bit(bits, offset(k)); });
  }
  auto const is_head = heads_in(given, time);
  on.parallel_for({1, words}, [=] SSMSCAN_HOST_DEVICE(index_t, index_t w) {
    std::uint32_t made = 0;
    for (index_t t = w * 32; t < w * 32 + 32 && t <= time; ++t) made |= is_head(t) ? 1u << t % 32 : 0u;
    bits[w] = made;
  });
}

namespace {

// A warp looks at 32 sequences, and writes the states of those without steps, of 256 lanes.
constexpr int looked_at = 32, lanes_of_thread = 8, lanes_of_warp = looked_at * lanes_of_thread;

template <class T>
__global__ void __launch_bounds__(threads_of_piece* pieces_of_block)
    finish_empty(__grid_constant__ recurrence_problem<T> const p, index_t sequences) {
  cudaTriggerProgrammaticLaunchCompletion();
  cudaGridDependencySynchronize();
  index_t const first = (index_t{blockIdx.x} * blockDim.x + threadIdx.x) / looked_at,
                step = index_t{gridDim.x} * blockDim.x / looked_at, looks = ceil_div(sequences, looked_at),
                all = looks * ceil_div(p.size.lanes, lanes_of_warp);
  int const thread = static_cast<int>(threadIdx.x) % looked_at;
  for (index_t w = first; w < all; w += step) {
    index_t const from = w % looks * looked_at, lane = w / looks * lanes_of_warp + thread;
    unsigned empty = __ballot_sync(whole_warp, from + thread < sequences && p.is_empty(from + thread));
    for (; empty != 0; empty &= empty - 1) {
      index_t const k = from + __ffs(static_cast<int>(empty)) - 1;
      // All read before the first is written, which might be the same memory for all that is known.
      T state[lanes_of_thread];
#pragma unroll
      for (int j = 0; j < lanes_of_thread; ++j)
        if (lane + j * looked_at < p.size.lanes) state[j] = p.state_of_empty(lane + j * looked_at, k);
#pragma unroll
      for (int j = 0; j < lanes_of_thread; ++j)
        if (lane + j * looked_at < p.size.lanes) p.final(lane + j * looked_at, k) = state[j];
    }
  }
}

}  // namespace

template <class B, class T>
void finish_empty_sequences([[maybe_unused]] B& on, recurrence_problem<T> const& problem, index_t sequences) {
  if (!problem.final || (problem.offsets.empty() && problem.size.time > 0)) return;
  if constexpr (std::same_as<B, cuda>) {
    constexpr int threads = threads_of_piece * pieces_of_block, warps = threads / looked_at;
    index_t const all = ceil_div(sequences, looked_at) * ceil_div(problem.size.lanes, lanes_of_warp);
    launch(on.stream(), {std::min(ceil_div(all, index_t{warps}), most_blocks), threads, 0, 1, start::beside_the_last},
           &finish_empty<T>, problem, sequences);
  }
}

#define SSMSCAN_INSTANTIATE_FOR(B, T) \
  template void finish_empty_sequences<B, T>(B&, recurrence_problem<T> const&, index_t);
#define SSMSCAN_INSTANTIATE(B)                                                                                        \
  template void lay_out<B>(B&, device_packing const&, index_t, std::uint8_t*, std::span<index_t>);                    \
  template void lay_out_offsets<B>(B&, device_packing const&, index_t, std::span<index_t>);                           \
  template void lay_out_bits<B>(B&, device_packing const&, index_t, std::uint32_t*);                                  \
  template void lay_out_pieces<B>(B&, device_packing const&, index_t, std::span<starts_of_piece>, std::span<index_t>, \
                                  std::uint16_t*);                                                                    \
  SSMSCAN_INSTANTIATE_FOR(B, float)                                                                                   \
  SSMSCAN_INSTANTIATE_FOR(B, double)                                                                                  \
  SSMSCAN_INSTANTIATE_FOR(B, std::complex<float>)                                                                     \
  SSMSCAN_INSTANTIATE_FOR(B, std::complex<double>)                                                                    \
  SSMSCAN_INSTANTIATE_FOR(B, std::uint32_t)
SSMSCAN_INSTANTIATE(cuda)
SSMSCAN_INSTANTIATE(workspace_query)
#undef SSMSCAN_INSTANTIATE
#undef SSMSCAN_INSTANTIATE_FOR

}  // namespace ssmscan::detail
