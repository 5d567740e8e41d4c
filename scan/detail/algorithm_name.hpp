#pragma once
// An algorithm's name with its variant: "heinsen", "heinsen.plain".
#include <string>

#include <ssmscan/scan/concepts.hpp>

namespace ssmscan::detail {

inline std::string full_name(algorithm_info const& info) {
  std::string made(info.name);
  if (!info.variant.empty()) made.append(".").append(info.variant);
  return made;
}

// Whether that is `name`, without making a string: this is on every call's path.
constexpr bool is_named(algorithm_info const& info, std::string_view name) {
  if (!name.starts_with(info.name)) return false;
  name.remove_prefix(info.name.size());
  return info.variant.empty() ? name.empty() : name.starts_with('.') && name.substr(1) == info.variant;
}

}  // namespace ssmscan::detail
