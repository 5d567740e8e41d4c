#pragma once
// The second public door: any algorithm, over any monoid, on any backend, with inputs and outputs as functions, so that
// whatever computes a leaf or consumes a prefix is fused into the scan. (The first is linear_recurrence.hpp.)
#include <ssmscan/scan/concepts.hpp>

namespace ssmscan {

// store(lane, t, load(lane,0) o ... o load(lane,t)) for 0 <= lane < e.lanes, 0 <= t < e.time; nothing where either is
// 0. Each load and store happens once, in any order, a store after the load of its place. Bits: see A::info.tree.
template <algorithm A, backend B, monoid M, class Load, class Store>
requires supports<A, B, M>
void scan(B& on, A, M const& combine, extent e, Load load, Store store) {
  if (e.lanes > 0 && e.time > 0) A::inclusive(on, combine, e, load, store);
}

}  // namespace ssmscan
