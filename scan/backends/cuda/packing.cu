#include <complex>

#include <ssmscan/scan/algorithms/blelloch.hpp>
#include <ssmscan/scan/backends/cuda.cuh>
#include <ssmscan/scan/backends/cuda/packing.hpp>
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

// A head is where the mask says so, at the beginning and past the end.
struct head_in_mask {
  std::uint8_t const* mask;
  index_t time;
  bool mirrored;
  SSMSCAN_HOST_DEVICE bool operator()(index_t t) const {
    return t == 0 || t == time || mask[mirrored ? time - t : t] != 0;
  }
};
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

// ---- by pieces ----
constexpr int threads_of_piece = 32, pieces_of_block = 8;
constexpr unsigned whole_warp = 0xffffffff;

// A warp finds a piece's starts, 8 steps a thread: two threads have a run.
struct starts_of_thread {
  static constexpr int steps = starts_of_piece::run / 2;
  std::uint32_t bits = 0;
  bool behind = false;    // a sequence starts at the step after these, or all ends
  bool in_order = true;   // of the steps after a run's first
  index_t sequence = -1;  // which one holds a run's first step: told by who has one
  index_t last = -1;      // which one holds the last of these, where somebody may have to search
};

// In the list of offsets: from the first of this thread's steps on, empty sequences passed over by a search.
struct listed_starts {
  offset_of offset;

  // The first offset in [low, high] that is v or more, where the one at `high` is.
  __device__ index_t first_in(index_t low, index_t high, index_t v) const {
    while (low < high) {
      index_t const middle = low + (high - low) / 2;
      if (offset(middle) < v) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }
  // Of all, by all of a warp: each look makes what is left 32 times shorter.
  __device__ index_t first_of_all(index_t v, int thread) const {
    index_t low = 0, high = offset.sequences;
    while (high - low > threads_of_piece) {
      index_t const apart = (high - low + threads_of_piece - 1) / threads_of_piece,
                    at = min(low + (thread + 1) * apart - 1, high);
      index_t const before = __popc(__ballot_sync(whole_warp, offset(at) < v)), from = low + before * apart;
      high = min(from + apart - 1, high);
      low = min(from, high);
    }
    return low + __popc(__ballot_sync(whole_warp, low + thread < high && offset(min(low + thread, high)) < v));
  }
  __device__ starts_of_thread of(index_t begin, int thread) const {
    starts_of_thread made;
    index_t const first = first_of_all(begin, thread),
                  end = first_of_all(min(begin + starts_of_piece::steps + 1, offset.time), thread);
    index_t const from = begin + thread * made.steps;
    if (from > offset.time) return made;
    bool const begins_run = thread % 2 == 0 && from < offset.time;
    index_t k = first_in(first, end, begins_run ? from + 1 : from);
    if (begins_run) made.sequence = max(k - 1, index_t{0}), made.bits = offset(made.sequence) == from ? 1 : 0;
    for (; k <= offset.sequences; ++k) {
      index_t const v = offset(k);
      if (v < from || v >= from + made.steps) {
        made.behind = v == from + made.steps;
        break;
      }
      made.bits |= 1u << (v - from);
      if (k == offset.sequences || offset(k + 1) != v) continue;
      made.in_order = false;
      k = first_in(k + 1, offset.sequences, v + 1) - 1;
      if (offset(k + 1) == v) break;  // the last, `time`
    }
    made.last = k - 1;
    return made;
  }
  __device__ void copy(index_t k, index_t* to) const { to[k] = offset(k); }
};

// In a mask; `found`: its offsets, or none.
struct masked_starts {
  head_in_mask is_head;
  index_t const* found;
  index_t places;
  __device__ starts_of_thread of(index_t begin, int thread) const {
    starts_of_thread made;
    index_t const from = begin + thread * made.steps;
#pragma unroll
    for (int k = 0; k < made.steps; ++k)
      if (from + k <= is_head.time && is_head(from + k)) made.bits |= 1u << k;
    made.behind = from + made.steps <= is_head.time && is_head(from + made.steps);
    if (found != nullptr && thread % 2 == 0 && from < is_head.time)
      made.sequence = count_not_above(found, places, from) - 1;
    return made;
  }
  __device__ void copy(index_t, index_t*) const {}
};

template <class Starts>
__global__ void __launch_bounds__(threads_of_piece* pieces_of_block)
    find_pieces(Starts const starts, index_t count, starts_of_piece* pieces, index_t places, index_t* offsets) {
  constexpr unsigned warp = whole_warp;
  // The kernel behind may come as soon as these blocks have, and waits for what they write; they wait for the kernel before.
  cudaTriggerProgrammaticLaunchCompletion();
  cudaGridDependencySynchronize();
  index_t const first = index_t{blockIdx.x} * blockDim.x + threadIdx.x, all = index_t{gridDim.x} * blockDim.x;
  int const thread = static_cast<int>(threadIdx.x) % threads_of_piece;
  for (index_t k = first / threads_of_piece; k < count; k += all / threads_of_piece) {
    starts_of_thread const mine = starts.of(k * starts_of_piece::steps, thread);
    auto& to = pieces[k];
    std::uint32_t word = mine.bits << thread % 4 * mine.steps;
    word |= __shfl_xor_sync(warp, word, 1);
    word |= __shfl_xor_sync(warp, word, 2);
    if (thread % 4 == 0) to.bits[thread / 4] = word;

    index_t const sequence = __shfl_sync(warp, mine.sequence, 0), later = mine.sequence - sequence;
    auto const fits = [](index_t n) { return n >= 0 && n < starts_of_piece::most_later; };
    auto const kept = [&](index_t n) { return static_cast<std::uint16_t>(fits(n) ? n : starts_of_piece::most_later); };
    if (thread % 2 == 0) to.later[thread / 2] = kept(later);
    if (thread == threads_of_piece - 1) to.last_later = kept(mine.last - sequence);
    std::uint32_t const not_in_order = __ballot_sync(warp, !mine.in_order || (thread % 2 == 0 && !fits(later))),
                        starting = __ballot_sync(warp, mine.bits != 0);
    std::uint32_t in_order = 0, marks = 0;
#pragma unroll
    for (int r = 0; r < starts_of_piece::runs; ++r) {
      in_order |= (not_in_order >> 2 * r & 3) == 0 ? 1u << r : 0;
      marks |= (starting >> 2 * r & 3) != 0 ? 1u << (starts_of_piece::first_run + r) : 0;
    }
    if (__shfl_sync(warp, mine.behind, threads_of_piece - 1)) marks |= starts_of_piece::behind;
    if (thread == 0)
      to.bits[starts_of_piece::words] = marks, to.in_order = static_cast<std::uint16_t>(in_order),
      to.sequence = sequence;
  }
  for (index_t k = first; k < places; k += all) starts.copy(k, offsets);
}

template <class B, class Starts>
void launch_find_pieces([[maybe_unused]] B& on, [[maybe_unused]] Starts const& starts,
                        [[maybe_unused]] std::span<starts_of_piece> pieces,
                        [[maybe_unused]] std::span<index_t> offsets) {
  if constexpr (std::same_as<B, cuda>) {
    auto const count = static_cast<index_t>(pieces.size()), places = static_cast<index_t>(offsets.size());
    index_t const threads = std::max(count * threads_of_piece, places);
    constexpr int of_block = threads_of_piece * pieces_of_block;
    launch(on.stream(),
           {std::min(ceil_div(threads, index_t{of_block}), most_blocks), of_block, 0, 1, start::beside_the_last},
           &find_pieces<Starts>, starts, count, pieces.data(), places, offsets.data());
  }
}

}  // namespace

template <class B>
void lay_out_pieces(B& on, device_packing const& given, index_t time, std::span<starts_of_piece> pieces,
                    std::span<index_t> offsets) {
  if (given.offsets.data() != nullptr)
    return launch_find_pieces(on, listed_starts{offsets_in(given, time)}, pieces, offsets);
  auto const is_head = heads_in(given, time);
  if (!offsets.empty()) find_offsets(on, time, is_head, offsets);
  masked_starts const starts{is_head, offsets.empty() ? nullptr : offsets.data(), static_cast<index_t>(offsets.size())};
  launch_find_pieces(on, starts, pieces, std::span<index_t>{});
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

template <class B, class T>
void finish_empty_sequences(B& on, recurrence_problem<T> const& problem, index_t sequences) {
  if (!problem.final || (problem.offsets.empty() && problem.size.time > 0)) return;
  by_value<T> const p{problem};
  constexpr index_t together = 64;  // lanes of a body: few sequences are empty, and most bodies only see that
  on.parallel_for({ceil_div(problem.size.lanes, together), sequences}, [=] SSMSCAN_HOST_DEVICE(index_t i, index_t k) {
    if (!p->is_empty(k)) return;
    index_t const end = std::min((i + 1) * together, p->size.lanes);
    for (index_t lane = i * together; lane < end; ++lane) p->final(lane, k) = p->state_of_empty(lane, k);
  });
}

#define SSMSCAN_INSTANTIATE_FOR(B, T) \
  template void finish_empty_sequences<B, T>(B&, recurrence_problem<T> const&, index_t);
#define SSMSCAN_INSTANTIATE(B)                                                                                         \
  template void lay_out<B>(B&, device_packing const&, index_t, std::uint8_t*, std::span<index_t>);                     \
  template void lay_out_offsets<B>(B&, device_packing const&, index_t, std::span<index_t>);                            \
  template void lay_out_bits<B>(B&, device_packing const&, index_t, std::uint32_t*);                                   \
  template void lay_out_pieces<B>(B&, device_packing const&, index_t, std::span<starts_of_piece>, std::span<index_t>); \
  SSMSCAN_INSTANTIATE_FOR(B, float)                                                                                    \
  SSMSCAN_INSTANTIATE_FOR(B, double)                                                                                   \
  SSMSCAN_INSTANTIATE_FOR(B, std::complex<float>)                                                                      \
  SSMSCAN_INSTANTIATE_FOR(B, std::complex<double>)                                                                     \
  SSMSCAN_INSTANTIATE_FOR(B, std::uint32_t)
SSMSCAN_INSTANTIATE(cuda)
SSMSCAN_INSTANTIATE(workspace_query)
#undef SSMSCAN_INSTANTIATE
#undef SSMSCAN_INSTANTIATE_FOR

}  // namespace ssmscan::detail
