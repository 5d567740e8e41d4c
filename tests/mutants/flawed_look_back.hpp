#pragma once
// Look-back with tiles of 8, and what can go wrong in it where tiles run at once. Timing is no part of the contract, so
// every third tile dawdles before it publishes its prefix: what is wrong only now and then is then wrong at once.
#include <algorithm>
#include <chrono>
#include <thread>

#include "tests/mutants/flawed_chunked.hpp"

#include <ssmscan/scan/concepts.hpp>

namespace ssmscan::mutants {

enum class look_back_flaw {
  none,
  does_not_wait,    // takes the identity for a prefix that is not there yet
  folds_backwards,  // what lies between, in the wrong order
  skips_a_tile      // between the prefix that it found and itself
};

template <look_back_flaw Flaw>
struct flawed_look_back {
  static constexpr index_t tile = 8;
  static constexpr algorithm_info info = flawed_chunked<chunked_flaw::none>::info;

  template <ordered_backend B, monoid M, class Load, class Store>
  static void inclusive(B& on, M const& combine, extent e, Load load, Store store) {
    using enum look_back_flaw;
    using value = typename M::value_type;
    index_t const count = detail::ceil_div(e.time, tile);
    auto const scratch = on.template scratch<value>(e.lanes * e.time);
    auto* const values = scratch.data();
    auto aggregate_boxes = on.template mailboxes<value>(e.lanes * count);
    auto prefix_boxes = on.template mailboxes<value>(e.lanes * count);
    auto const aggregates = aggregate_boxes.boxes();
    auto const prefixes = prefix_boxes.boxes();

    on.ordered_blocks(e.lanes * count, [=](index_t ticket) {
      index_t const lane = ticket % e.lanes, k = ticket / e.lanes, slot = lane * count + k;
      index_t const begin = k * tile, n = std::min(tile, e.time - begin);
      value* const local = values + lane * e.time + begin;
      local[0] = load(lane, begin);
      for (index_t i = 1; i < n; ++i) local[i] = combine(local[i - 1], load(lane, begin + i));
      auto const dawdle = [k] {
        if (k % 3 == 0 && k < 10) std::this_thread::sleep_for(std::chrono::microseconds(300));
      };
      if (k == 0) {
        dawdle();
        prefixes.publish(slot, local[n - 1]);
        for (index_t i = 0; i < n; ++i) store(lane, begin + i, local[i]);
        return;
      }
      aggregates.publish(slot, local[n - 1]);
      index_t back = slot - 1;
      while (back > lane * count && !prefixes.ready(back)) --back;
      value carry = Flaw == does_not_wait && !prefixes.ready(back) ? combine.identity() : prefixes.await(back);
      for (index_t between = back + (Flaw == skips_a_tile ? 2 : 1); between < slot; ++between)
        carry = Flaw == folds_backwards ? combine(aggregates.await(between), carry)
                                        : combine(carry, aggregates.await(between));
      dawdle();
      if (k + 1 < count) prefixes.publish(slot, combine(carry, local[n - 1]));
      for (index_t i = 0; i < n; ++i) store(lane, begin + i, combine(carry, local[i]));
    });
  }
};

}  // namespace ssmscan::mutants
