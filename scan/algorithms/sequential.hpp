#pragma once
// The definition: one lane after the other in time, x[t] from x[t-1]. Every other algorithm is measured against it.
// Parallel over lanes only, which is all that is needed when lanes are many.
#include <ssmscan/scan/concepts.hpp>

namespace ssmscan {

struct sequential {
  static constexpr algorithm_info info{
      .name = "sequential",
      .variant = "",
      .tree = "left_fold/1",
      .result = result_class::exact,
      .work = [](index_t time) { return time > 0 ? time - 1 : 0; },
      .span = [](index_t time) { return time > 0 ? time - 1 : 0; },
      .bytes = [](index_t, double element) { return 3.0 * element; },  // read a, read b, write x
      .roundings = [](index_t time) { return index_t{time > 1 ? 1 : 0}; },
      .source = "the definition"};

  // store(lane, t, load(lane,0) o ... o load(lane,t)).  n - 1 combines in a row per lane, no scratch.
  template <backend B, monoid M, class Load, class Store>
  static void inclusive(B& on, M const& combine, extent e, Load load, Store store) {
    on.blocks(e.lanes, [=] SSMSCAN_HOST_DEVICE(index_t lane) {
      auto prefix = load(lane, 0);
      store(lane, 0, prefix);
      for (index_t t = 1; t < e.time; ++t) {
        prefix = combine(prefix, load(lane, t));
        store(lane, t, prefix);
      }
    });
  }
};

}  // namespace ssmscan
