#pragma once
// Three phases, as every worker can only be sequential: scan each chunk on its own, scan the chunks' summaries (the
// spine), apply to each chunk the carry that enters it. The chunk's length is a constant of the algorithm, not a share
// of the threads, so that the bits do not depend on how many there are.
#include <algorithm>

#include <ssmscan/scan/concepts.hpp>
#include <ssmscan/scan/detail/integers.hpp>

namespace ssmscan {

template <index_t ChunkLength>
struct basic_chunked {
  static constexpr index_t length = ChunkLength;
  static constexpr index_t chunks(index_t time) { return detail::ceil_div(time, ChunkLength); }

  static constexpr algorithm_info info{
      .name = "chunked",
      .variant = "",
      .tree = ChunkLength == 4096 ? "chunks_of_4096/1"
              : ChunkLength == 8  ? "chunks_of_8/1"
                                  : "chunks_of_other_lengths",
      .result = result_class::reassociates,
      .work =
          [](index_t time) {  // local scans, spine, and one combine for every element past the first chunk
            if (time == 0) return index_t{0};
            index_t const spine = std::max<index_t>(chunks(time) - 2, 0);
            return (time - chunks(time)) + spine + std::max<index_t>(time - ChunkLength, 0);
          },
      .span =
          [](index_t time) {
            index_t const local = std::max<index_t>(std::min(time, ChunkLength) - 1, 0);
            return local +
                   std::max<index_t>(chunks(time) - 1, 0);  // all but the last chunk along the spine, then apply
          },
      .traffic = [](index_t) { return 7.0; },  // read a, b; write and read the local pair; write x
      // In its chunk, and then by the spine or the apply; the second chunk's first element has no step in its chunk.
      .roundings = [](index_t time) { return index_t{time <= 1                 ? 0
                                                     : time <= ChunkLength + 1 ? 1
                                                                               : 2}; },
      .source = "Ladner & Fischer 1980; Blelloch 1990, section 1.2.1"};

  // store(lane, t, load(lane,0) o ... o load(lane,t)).  About 2n combines, chains of ChunkLength + n / ChunkLength, n
  // values of scratch per lane.
  template <backend B, monoid M, class Load, class Store>
  static void inclusive(B& on, M const& combine, extent e, Load load, Store store) {
    index_t const count = chunks(e.time);
    auto const scratch = on.template scratch<typename M::value_type>(e.lanes * e.time);
    auto const carries = on.template scratch<typename M::value_type>(e.lanes * count);
    auto* const local = scratch.data();
    auto* const carry = carries.data();  // carry[k]: of all chunks up to and including k

    on.blocks(e.lanes * count, [=] SSMSCAN_HOST_DEVICE(index_t block) {  // scan each chunk
      index_t const lane = block / count, begin = block % count * ChunkLength,
                    end = std::min(begin + ChunkLength, e.time);
      auto prefix = load(lane, begin);
      local[lane * e.time + begin] = prefix;
      for (index_t t = begin + 1; t < end; ++t) local[lane * e.time + t] = prefix = combine(prefix, load(lane, t));
    });

    on.blocks(e.lanes, [=] SSMSCAN_HOST_DEVICE(index_t lane) {  // spine: the last chunk's carry enters nothing
      for (index_t k = 0; k + 1 < count; ++k) {
        auto const& aggregate = local[lane * e.time + (k + 1) * ChunkLength - 1];
        carry[lane * count + k] = k == 0 ? aggregate : combine(carry[lane * count + k - 1], aggregate);
      }
    });

    on.blocks(e.lanes * count, [=] SSMSCAN_HOST_DEVICE(index_t block) {  // apply
      index_t const lane = block / count, k = block % count;
      index_t const begin = k * ChunkLength, end = std::min(begin + ChunkLength, e.time);
      for (index_t t = begin; t < end; ++t) {
        auto const& prefix = local[lane * e.time + t];
        store(lane, t, k == 0 ? prefix : combine(carry[lane * count + k - 1], prefix));
      }
    });
  }
};

// 4096 pairs of floats are 32 KiB: a chunk's local scan stays in the first two cache levels.
using chunked = basic_chunked<4096>;

}  // namespace ssmscan
