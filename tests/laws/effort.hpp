#pragma once
// How much of each axis is walked. Read in one place, from SSMSCAN_CHECK: "full" (also when unset) walks all of it,
// "fast" takes every k-th length or position and fewer seeds, "brief" fewer still, for subjects whose every call waits for a
// device and for builds that watch every access; no axis is left out.
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

#include <ssmscan/scan/concepts.hpp>

namespace ssmscan::laws {

enum class effort { brief, fast, full };

inline effort chosen_effort() {
  static effort const chosen = [] {
    char const* const text = std::getenv("SSMSCAN_CHECK");
    std::string_view const given = text == nullptr ? "full" : text;
    if (given != "full" && given != "fast" && given != "brief")
      throw std::invalid_argument("SSMSCAN_CHECK: got \"" + std::string(given) + "\"; need brief, fast or full");
    return given == "brief" ? effort::brief : given == "fast" ? effort::fast : effort::full;
  }();
  return chosen;
}

// The length of what is held to a bar "at every length to 2^20".
inline index_t longest_of_bars() { return index_t{1} << (chosen_effort() == effort::brief ? 16 : 20); }

// Of all floats one in so many is judged; every one where SSMSCAN_EVERY_FLOAT is set, which takes minutes a function and SIMD target.
inline std::uint32_t stride_of_floats() {
  if (std::getenv("SSMSCAN_EVERY_FLOAT") != nullptr) return 1;
  return chosen_effort() == effort::full ? 61 : 4099;
}

inline constexpr std::string_view to_string(effort e) {
  return e == effort::brief ? "brief" : e == effort::fast ? "fast" : "full";
}

}  // namespace ssmscan::laws
