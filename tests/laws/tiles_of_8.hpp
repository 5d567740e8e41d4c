#pragma once
// The short-tiled forms as subjects.
#include "tests/laws/short_tiled.hpp"
#include "tests/laws/subject.hpp"

namespace ssmscan::laws {

// Compiled once per dtype, in tiles_of_8.cpp.
template <class T>
std::vector<subject<T>> tiles_of_8();

}  // namespace ssmscan::laws
