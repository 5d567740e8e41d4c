#pragma once
// A plain three-phase scan with tiles of 8, and what can go wrong in one. `none` is right, and must pass.
#include <algorithm>

#include <ssmscan/scan/concepts.hpp>
#include <ssmscan/scan/detail/integers.hpp>

namespace ssmscan::mutants {

enum class chunked_flaw {
  none,
  swapped_in_chunk,
  swapped_in_spine,
  swapped_in_apply,
  lost_carry,          // the spine is not scanned: only the neighbour's summary is carried
  own_carry,           // carry[k] for carry[k - 1]
  dropped_tail,        // the last chunk is left out where it is not whole
  identity_for_first,  // a chunk starts from the identity and forgets its first leaf
  last_of_chunk_left_out,
  loads_past_the_end,
  stores_past_the_end,
  loads_twice,
  loads_after_store,  // harmless until x stands in b's place
  sixteen_bit_index,
  length_from_threads  // chunks as long as each thread's share
};

template <chunked_flaw Flaw>
struct flawed_chunked {
  static constexpr index_t tile = 8;
  static constexpr index_t chunks(index_t time) { return detail::ceil_div(time, tile); }
  static constexpr algorithm_info info{
      .name = "flawed_chunked",
      .variant = "",
      .tree = "plain_chunks_of_8/1",
      .result = result_class::reassociates,
      .work =
          [](index_t time) {
            if (time == 0) return index_t{0};
            return time - chunks(time) + std::max<index_t>(chunks(time) - 2, 0) + std::max<index_t>(time - tile, 0);
          },
      .span =
          [](index_t time) {
            return std::max<index_t>(std::min(time, tile) - 1, 0) + std::max<index_t>(chunks(time) - 1, 0);
          },
      .bytes = [](index_t, double element) { return 7.0 * element; },
      .roundings = [](index_t) { return index_t{2}; },
      .source = ""};

  template <backend B, monoid M, class Load, class Store>
  static void inclusive(B& on, M const& combine, extent e, Load load, Store store) {
    using enum chunked_flaw;
    using value = typename M::value_type;
    index_t length = tile;
    if constexpr (Flaw == length_from_threads && requires { on.threads(); })
      length = std::max(tile, detail::ceil_div(e.time, on.threads()));
    index_t count = detail::ceil_div(e.time, length);
    if (Flaw == dropped_tail && e.time > length) count = e.time / length;
    auto const scratch = on.template scratch<value>(e.lanes * e.time);
    auto const carries = on.template scratch<value>(e.lanes * count);
    auto* const local = scratch.data();
    auto* const carry = carries.data();
    auto const swapped_if = [combine](bool swap, value const& earlier, value const& later) {
      return swap ? combine(later, earlier) : combine(earlier, later);
    };

    on.blocks(e.lanes * count, [=](index_t block) {  // scan each chunk
      index_t const lane = block / count, begin = block % count * length, end = std::min(begin + length, e.time);
      value prefix = load(lane, begin);
      if (Flaw == identity_for_first) prefix = combine.identity();
      local[lane * e.time + begin] = prefix;
      for (index_t t = begin + 1; t < end; ++t) {
        index_t const from = Flaw == sixteen_bit_index ? t & 0xffff : t;
        local[lane * e.time + t] = prefix = swapped_if(Flaw == swapped_in_chunk, prefix, load(lane, from));
        if (Flaw == loads_twice && t == begin + 1) (void)load(lane, t);
      }
      if (Flaw == loads_past_the_end && end == e.time) (void)load(lane, end);
    });

    on.blocks(e.lanes, [=](index_t lane) {  // spine
      for (index_t k = 0; k + 1 < count || (Flaw == own_carry && k < count); ++k) {
        value const& summary = local[lane * e.time + std::min((k + 1) * length, e.time) - 1];
        carry[lane * count + k] = k == 0 || Flaw == lost_carry
                                      ? summary
                                      : swapped_if(Flaw == swapped_in_spine, carry[lane * count + k - 1], summary);
      }
    });

    on.blocks(e.lanes * count, [=](index_t block) {  // apply
      index_t const lane = block / count, k = block % count, begin = k * length, end = std::min(begin + length, e.time);
      for (index_t t = begin; t < end; ++t) {
        value prefix = local[lane * e.time + t];
        if (Flaw == loads_after_store && t > begin + 1)
          prefix = combine(local[lane * e.time + t - 2], combine(load(lane, t - 1), load(lane, t)));
        bool const left_out = k == 0 || (Flaw == last_of_chunk_left_out && t == end - 1);
        index_t const from = lane * count + (Flaw == own_carry ? k : k - 1);
        store(lane, t, left_out ? prefix : swapped_if(Flaw == swapped_in_apply, carry[from], prefix));
      }
      if (Flaw == stores_past_the_end && end == e.time) store(lane, end, local[lane * e.time + end - 1]);
    });
  }
};

}  // namespace ssmscan::mutants
