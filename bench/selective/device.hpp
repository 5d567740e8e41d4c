#pragma once
// bench_selective on a CUDA device, float and bfloat16 storage, each contender verified, then timed by the device's clock:
//
//   automatic, fused, fused_time      device::selective_scan; what automatic chose stands in the label
//   SCAN                              unfused, by every scan that has a bound; float
//   triad                             the bound: as many bytes as u, delta, z, y, B and C have, by the fastest a b -> x
// Counters: bytes_per_element (of a channel's step), share_of_triad, and bytes_beside: the workspace.
#include <vector>

#include "bench/selective/data.hpp"

namespace ssmscan::bench {

void add_selective_on_device(std::vector<sizes> const& all);

}  // namespace ssmscan::bench
