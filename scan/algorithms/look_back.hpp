#pragma once
// One pass with decoupled look-back (Merrill & Garland 2016). Each tile publishes its aggregate as soon as it has one,
// looks back over the tiles before it to the nearest whose whole prefix is published, folds what lies between, and
// publishes its own prefix. How far it must look depends on timing; the result does not: the fold runs forward in time
// from that prefix, and so brackets exactly as the predecessors did when they made theirs, ((P + a1) + a2) + a3.
#include <algorithm>

#include <ssmscan/scan/algorithms/chunked.hpp>
#include <ssmscan/scan/concepts.hpp>
#include <ssmscan/scan/detail/integers.hpp>

namespace ssmscan {

template <index_t TileLength, index_t Fan = basic_chunked<TileLength>::fan>
struct basic_look_back {
  // The same tree as chunked, walked in one pass. In order every look-back ends at the neighbour and the work is
  // chunked's. Out of order a fold may be repeated: a tile passes those only that other workers still hold, so that each
  // but the first folds workers - 1 aggregates more at most.
  static constexpr algorithm_info info{
      .name = "look_back",
      .variant = "",
      .tree = basic_chunked<TileLength, Fan>::info.tree,
      .result = result_class::reassociates,
      .work = basic_chunked<TileLength, Fan>::info.work,
      .span = basic_chunked<TileLength, Fan>::info.span,
      // Read a, b, write x, and the local pairs on their way out of the cache. In order: of every tile but the first and
      // the last two pairs published, of the first one, and one read by each but the first.
      .bytes =
          [](index_t time, double element) {
            index_t const tiles = detail::ceil_div(time, TileLength), published = tiles > 1 ? 3 * tiles - 4 : 0;
            return detail::per_step(5 * time + 2 * published, time) * element;
          },
      .roundings = basic_chunked<TileLength, Fan>::info.roundings,
      .source = "Merrill & Garland 2016",
      .shared_work =
          [](index_t time, index_t workers) {
            index_t const tiles = detail::ceil_div(time, TileLength);
            return basic_chunked<TileLength, Fan>::info.work(time) +
                   std::max<index_t>(tiles - 1, 0) * std::max<index_t>(std::min(workers, tiles) - 1, 0);
          }};

  // store(lane, t, load(lane,0) o ... o load(lane,t)).  About 2n combines (out of order info.shared_work at most), one
  // pass, n values of scratch per lane.
  template <ordered_backend B, monoid M, class Load, class Store>
  static void inclusive(B& on, M const& combine, extent e, Load load, Store store) {
    using value = typename M::value_type;
    index_t const count = detail::ceil_div(e.time, TileLength);
    auto const scratch = on.template scratch<value>(e.lanes * e.time);
    auto* const values = scratch.data();
    auto aggregate_boxes = on.template mailboxes<value>(e.lanes * count);
    auto prefix_boxes = on.template mailboxes<value>(e.lanes * count);
    auto const aggregates = aggregate_boxes.boxes();
    auto const prefixes = prefix_boxes.boxes();

    on.ordered_blocks(e.lanes * count, [=] SSMSCAN_HOST_DEVICE(index_t ticket) {
      index_t const lane = ticket % e.lanes, tile = ticket / e.lanes, slot = lane * count + tile;
      index_t const begin = tile * TileLength, n = std::min(TileLength, e.time - begin);
      value* const local = values + lane * e.time + begin;
      for (index_t i = 0; i < n; ++i) local[i] = load(lane, begin + i);
      detail::fan_up<Fan>(combine, local, n);

      bool const awaited = tile + 1 < count;  // the last tile's summary enters nothing
      if (tile == 0) {
        if (awaited) prefixes.publish(slot, local[n - 1]);
        detail::fan_down<Fan>(combine, local, n, static_cast<value const*>(nullptr));
      } else {
        if (awaited) aggregates.publish(slot, local[n - 1]);
        index_t back = slot - 1;  // tile 0 publishes nothing but its prefix: the walk ends there at the latest
        while (back > lane * count && !prefixes.ready(back)) --back;
        value carry = prefixes.await(back);
        for (index_t k = back + 1; k < slot; ++k) carry = combine(carry, aggregates.await(k));
        if (awaited) prefixes.publish(slot, combine(carry, local[n - 1]));
        detail::fan_down<Fan>(combine, local, n, &carry);
      }
      for (index_t i = 0; i < n; ++i) store(lane, begin + i, local[i]);
    });
  }
};

// As long as a chunk: a tile stays in the first two cache levels between its scan and its store.
using look_back = basic_look_back<chunked::length>;

}  // namespace ssmscan
