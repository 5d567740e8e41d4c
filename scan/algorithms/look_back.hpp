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

template <index_t TileLength>
struct basic_look_back {
  // The same tree as chunked, walked in one pass. In order every look-back ends at the neighbour and the work is
  // chunked's; out of order a fold may be repeated by several tiles.
  static constexpr algorithm_info info{
      .name = "look_back",
      .variant = "",
      .tree = basic_chunked<TileLength>::info.tree,
      .result = result_class::reassociates,
      .work = basic_chunked<TileLength>::info.work,
      .span = basic_chunked<TileLength>::info.span,
      .traffic = [](index_t) { return 7.0; },  // as chunked; the local pairs are still in cache
      .roundings = basic_chunked<TileLength>::info.roundings,
      .source = "Merrill & Garland 2016"};

  // store(lane, t, load(lane,0) o ... o load(lane,t)).  About 2n combines, one pass, n values of scratch per lane.
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
      index_t const begin = tile * TileLength, length = std::min(TileLength, e.time - begin);

      value* const local = values + lane * e.time + begin;
      local[0] = load(lane, begin);
      for (index_t i = 1; i < length; ++i) local[i] = combine(local[i - 1], load(lane, begin + i));
      value const& aggregate = local[length - 1];

      if (tile == 0) {
        prefixes.publish(slot, aggregate);
        for (index_t i = 0; i < length; ++i) store(lane, begin + i, local[i]);
        return;
      }
      aggregates.publish(slot, aggregate);

      index_t back = slot - 1;  // ends at tile 0 at the latest: it publishes nothing but its prefix
      while (back > lane * count && !prefixes.ready(back)) --back;
      value carry = prefixes.await(back);
      for (index_t between = back + 1; between < slot; ++between) carry = combine(carry, aggregates.await(between));

      if (tile + 1 < count) prefixes.publish(slot, combine(carry, aggregate));
      for (index_t i = 0; i < length; ++i) store(lane, begin + i, combine(carry, local[i]));
    });
  }
};

// As long as a chunk: a tile stays in the first two cache levels between its scan and its store.
using look_back = basic_look_back<chunked::length>;

}  // namespace ssmscan
