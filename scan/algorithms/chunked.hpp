#pragma once
// Three phases, as every worker can only be sequential: scan each chunk on its own, scan the chunks' summaries (the
// spine), apply to each chunk the carry that enters it. The chunk's length is a constant of the algorithm, not a share
// of the threads, so that the bits do not depend on how many there are; inside a chunk stands a shallow tree
// (detail/fan.hpp), so that rounding errors do not pile up along it.
#include <algorithm>

#include <ssmscan/scan/concepts.hpp>
#include <ssmscan/scan/detail/fan.hpp>
#include <ssmscan/scan/detail/integers.hpp>

namespace ssmscan {

// ChunkLength is a power of Fan; by default its third: 4096 = 16^3, and 8 = 2^3 for tests.
template <index_t ChunkLength, index_t Fan = (ChunkLength < 4096 ? 2 : 16)>
struct basic_chunked {
  static_assert(Fan >= 2 && detail::top_level<Fan>(ChunkLength) == ChunkLength,
                "a chunk's length is a power of its fan");
  static constexpr index_t length = ChunkLength;
  static constexpr index_t fan = Fan;
  static constexpr index_t chunks(index_t time) { return detail::ceil_div(time, ChunkLength); }

  // Without a carry in the first chunk and with one in the others; a value is completed by one combine.
  static constexpr index_t down_work(index_t time) {
    index_t const whole = time / ChunkLength, rest = time % ChunkLength;
    if (whole == 0) return detail::fan_down_work<Fan>(rest, detail::carry_in::none);
    return detail::fan_down_work<Fan>(ChunkLength, detail::carry_in::none) +
           (whole - 1) * detail::fan_down_work<Fan>(ChunkLength, detail::carry_in::one) +
           detail::fan_down_work<Fan>(rest, detail::carry_in::one);
  }

  // Of the prefix of length m: whole chunks along the spine, then into the last one.
  static constexpr index_t depth(index_t m) {
    index_t const whole = m / ChunkLength;
    index_t const spine = whole == 0 ? -1 : detail::fan_depth<Fan>(ChunkLength, -1) + whole - 1;
    return detail::fan_depth<Fan>(m % ChunkLength, spine);
  }

  static constexpr algorithm_info info{
      .name = "chunked",
      .variant = "",
      .tree = ChunkLength == 4096 && Fan == 16 ? "chunks_of_4096/1"
              : ChunkLength == 8 && Fan == 2   ? "chunks_of_8/1"
                                               : "chunks_of_other_lengths",
      .result = result_class::reassociates,
      .work =
          [](index_t time) {  // up in every chunk, the spine, down
            index_t const whole = time / ChunkLength, rest = time % ChunkLength;
            return whole * detail::fan_up_work<Fan>(ChunkLength) + detail::fan_up_work<Fan>(rest) +
                   std::max<index_t>(chunks(time) - 2, 0) + down_work(time);
          },
      .span =
          [](index_t time) {  // the deepest m <= time: time itself, or a digit of it made smaller and all below it full
            index_t deepest = time > 0 ? depth(time) : 0;
            for (index_t s = 1; s <= time; s *= Fan)
              if (index_t const m = time / s * s - 1; m > 0) deepest = std::max(deepest, depth(m));
            return deepest;
          },
      // Read a, b, write the local pairs; read them, write those that a carry completes, write x. Each chunk's summary is
      // read and a carry written along the spine, and read by the chunk after it.
      .bytes =
          [](index_t time, double element) {
            index_t const spine = std::max<index_t>(chunks(time) - 1, 0);
            return detail::per_step(7 * time + 2 * down_work(time) + 6 * spine, time) * element;
          },
      // Once a level of the chunk's tree and once along the spine, as soon as a second node of a level is complete.
      .roundings =
          [](index_t time) {
            index_t right_steps = time > 1 ? 1 : 0;
            for (index_t s = Fan; s <= ChunkLength; s *= Fan) right_steps += time >= s + 2 * (s / Fan) ? 1 : 0;
            return right_steps;
          },
      .source = "Ladner & Fischer 1980; Blelloch 1990, section 1.2.1"};

  // store(lane, t, load(lane,0) o ... o load(lane,t)).  About 2n combines, n values of scratch per lane.
  template <backend B, monoid M, class Load, class Store>
  static void inclusive(B& on, M const& combine, extent e, Load load, Store store) {
    using value = typename M::value_type;
    index_t const count = chunks(e.time);
    auto const scratch = on.template scratch<value>(e.lanes * e.time);
    auto const carries = on.template scratch<value>(e.lanes * count);
    auto* const values = scratch.data();
    auto* const carry = carries.data();  // carry[k]: of all chunks up to and including k

    on.blocks(e.lanes * count, [=] SSMSCAN_HOST_DEVICE(index_t block) {  // scan each chunk
      index_t const lane = block / count, begin = block % count * ChunkLength;
      index_t const n = std::min(ChunkLength, e.time - begin);
      value* const chunk = values + lane * e.time + begin;
      for (index_t i = 0; i < n; ++i) chunk[i] = load(lane, begin + i);
      detail::fan_up<Fan>(combine, chunk, n);
    });

    on.blocks(e.lanes, [=] SSMSCAN_HOST_DEVICE(index_t lane) {  // spine; the last chunk's summary enters nothing
      for (index_t k = 0; k + 1 < count; ++k) {
        value const& summary = values[lane * e.time + (k + 1) * ChunkLength - 1];
        carry[lane * count + k] = k == 0 ? summary : combine(carry[lane * count + k - 1], summary);
      }
    });

    on.blocks(e.lanes * count, [=] SSMSCAN_HOST_DEVICE(index_t block) {  // apply
      index_t const lane = block / count, k = block % count, begin = k * ChunkLength;
      index_t const n = std::min(ChunkLength, e.time - begin);
      value* const chunk = values + lane * e.time + begin;
      detail::fan_down<Fan>(combine, chunk, n, k == 0 ? nullptr : &carry[lane * count + k - 1]);
      for (index_t i = 0; i < n; ++i) store(lane, begin + i, chunk[i]);
    });
  }
};

// 4096 pairs of floats are 32 KiB: a chunk stays in the first two cache levels.
using chunked = basic_chunked<4096>;

}  // namespace ssmscan
