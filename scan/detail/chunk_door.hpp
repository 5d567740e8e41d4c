#pragma once
// For components that make what a scan reads and use what it writes while it is in cache: the tree of chunked and look_back is
// the same walked chunk by chunk, as what enters a chunk is one state (backends/simd/chunk.hpp).
#include <complex>
#include <string>

#include <ssmscan/scan/backends/simd/chunk.hpp>
#include <ssmscan/scan/concepts.hpp>
#include <ssmscan/scan/detail/kernel_table.hpp>
#include <ssmscan/scan/export.hpp>
#include <ssmscan/scan/linear_recurrence.hpp>

namespace ssmscan::detail {

// Of the target that linear_recurrence takes; null where the library has no vectors.
SSMSCAN_SCAN_EXPORT simd::chunk_functions<std::complex<double>> const* chunks_of_complex_doubles();

// The name of what linear_recurrence runs on lanes of complex doubles, each contiguous in time and with one a for all steps;
// a name that it does not know as it is.
SSMSCAN_SCAN_EXPORT std::string algorithm_by_one_a(extent size, packing how_packed, execution const& how);

}  // namespace ssmscan::detail
