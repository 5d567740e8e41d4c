#pragma once
// The doors to what is compiled once a SIMD target. Plain C++; defined in functions.cpp, which is compiled once a dtype.
// Every target gives the same bits: nothing but speed depends on which one runs.
#include <span>
#include <string_view>

#include <ssmscan/scan/backends/simd/chunk.hpp>
#include <ssmscan/scan/backends/simd/heinsen_steps.hpp>
#include <ssmscan/scan/backends/simd/lanes.hpp>
#include <ssmscan/scan/backends/simd/semi_log.hpp>
#include <ssmscan/scan/export.hpp>

namespace ssmscan::simd {

template <class T>
struct functions {
  chunk_functions<T> chunk;
  lanes_functions<T> lanes;
  heinsen_functions<T> heinsen;    // float only
  semi_log_functions<T> semi_log;  // float, double
};

template <class T>
struct target {
  std::string_view name;  // "avx3", "avx2", "neon", "scalar"
  bool runs_here;
  functions<T> const* made;
};

// Compiled into this library, the best first. The last runs everywhere.
template <class T>
SSMSCAN_SCAN_EXPORT std::span<target<T> const> targets();

// Of the best target that runs here, or of the one that the environment variable SSMSCAN_SIMD names (std::invalid_argument
// where that is none that runs here). Asked once a process.
template <class T>
functions<T> const& best();

}  // namespace ssmscan::simd
