#include <complex>

#include <ssmscan/scan/algorithms/blelloch.hpp>
#include <ssmscan/scan/backends/cuda.cuh>
#include <ssmscan/scan/backends/cuda/packing.hpp>
#include <ssmscan/scan/monoids/plus.hpp>
#include <ssmscan/scan/scan.hpp>

namespace ssmscan::detail {
namespace {

// Any value becomes a position, the first 0 and the last `time`: a search in them ends inside, sorted or not.
template <class B>
void copy_offsets(B& on, device_packing const& given, index_t time, std::uint8_t* heads, index_t* offsets) {
  index_t const sequences = given.sequences;
  bool const mirrored = given.direction == direction::reverse;
  index_t const* const values = given.offsets.data();
  on.parallel_for({1, time + 1}, [=] SSMSCAN_HOST_DEVICE(index_t, index_t t) { heads[t] = t == 0 || t == time; });
  on.parallel_for({1, sequences + 1}, [=] SSMSCAN_HOST_DEVICE(index_t, index_t k) {
    index_t const value = mirrored ? time - values[sequences - k] : values[k];
    index_t const inside = value < 0 ? 0 : value > time ? time : value;
    offsets[k] = k == 0 ? 0 : k == sequences ? time : inside;
    heads[offsets[k]] = 1;
  });
}

// The k-th head of the mask is where sequence k starts; places without a head are at the end: sequences without steps.
template <class B>
void find_offsets(B& on, index_t time, std::uint8_t const* heads, std::span<index_t> offsets) {
  auto const places = static_cast<index_t>(offsets.size());
  index_t* const values = offsets.data();
  on.parallel_for({1, places}, [=] SSMSCAN_HOST_DEVICE(index_t, index_t k) { values[k] = k == 0 ? 0 : time; });
  scan(
      on, blelloch{}, plus<index_t>{}, {1, time},
      [=] SSMSCAN_HOST_DEVICE(index_t, index_t t) { return static_cast<index_t>(heads[t]); },
      [=] SSMSCAN_HOST_DEVICE(index_t, index_t t, index_t const& count) {
        if (heads[t] != 0 && count < places) values[count - 1] = t;
      });
}

}  // namespace

template <class B>
void lay_out(B& on, device_packing const& given, index_t time, std::uint8_t* heads, std::span<index_t> offsets) {
  if (given.offsets.data() != nullptr) return copy_offsets(on, given, time, heads, offsets.data());
  bool const mirrored = given.direction == direction::reverse;
  std::uint8_t const* const mask = given.reset.data();
  on.parallel_for({1, time + 1}, [=] SSMSCAN_HOST_DEVICE(index_t, index_t t) {
    heads[t] = t == 0 || t == time || mask[mirrored ? time - t : t] != 0;
  });
  if (given.sequences > 0) find_offsets(on, time, heads, offsets);
}

template <class B, class T>
void finish_empty_sequences(B& on, recurrence_problem<T> const& problem, index_t sequences) {
  if (!problem.final || (problem.heads == nullptr && problem.size.time > 0)) return;
  by_value<T> const p{problem};
  on.parallel_for({problem.size.lanes, sequences}, [=] SSMSCAN_HOST_DEVICE(index_t lane, index_t k) {
    if (p->is_empty(k)) p->final(lane, k) = p->state_of_empty(lane, k);
  });
}

#define SSMSCAN_INSTANTIATE_FOR(B, T) \
  template void finish_empty_sequences<B, T>(B&, recurrence_problem<T> const&, index_t);
#define SSMSCAN_INSTANTIATE(B)                                                                     \
  template void lay_out<B>(B&, device_packing const&, index_t, std::uint8_t*, std::span<index_t>); \
  SSMSCAN_INSTANTIATE_FOR(B, float)                                                                \
  SSMSCAN_INSTANTIATE_FOR(B, double)                                                               \
  SSMSCAN_INSTANTIATE_FOR(B, std::complex<float>)                                                  \
  SSMSCAN_INSTANTIATE_FOR(B, std::complex<double>)                                                 \
  SSMSCAN_INSTANTIATE_FOR(B, std::uint32_t)
SSMSCAN_INSTANTIATE(cuda)
SSMSCAN_INSTANTIATE(workspace_query)
#undef SSMSCAN_INSTANTIATE
#undef SSMSCAN_INSTANTIATE_FOR

}  // namespace ssmscan::detail
