#pragma once
// Which instructions the forms in vectors run by in this process. No bit depends on it.
#include <string_view>

#include <ssmscan/scan/export.hpp>

namespace ssmscan {

// "avx3", "avx2", "neon" or "scalar": the best that runs here, unless the environment variable SSMSCAN_SIMD names another
// (std::invalid_argument where that one does not run here); "none" in a build without them (-DSSMSCAN_SIMD=OFF).
SSMSCAN_SCAN_EXPORT std::string_view simd_target();

}  // namespace ssmscan
