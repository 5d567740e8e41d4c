#pragma once
// The algorithms that have tiles, with tiles so short that a length of 20 crosses three.
#include <ssmscan/scan/algorithms/chunked.hpp>
#include <ssmscan/scan/algorithms/look_back.hpp>
#include <ssmscan/scan/registry.hpp>

namespace ssmscan::laws {

inline constexpr index_t short_tile = 8;
using short_tiled = type_list<basic_chunked<short_tile>, basic_look_back<short_tile>>;

}  // namespace ssmscan::laws
