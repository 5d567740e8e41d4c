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

// "heisen" is how some notes spell Heinsen's name.
constexpr bool is_respelled(std::string_view name) { return name == "heisen" || name.starts_with("heisen."); }
inline std::string accepted_spelling(std::string_view name) {
  return is_respelled(name) ? "heinsen" + std::string(name.substr(6)) : std::string(name);
}

}  // namespace ssmscan::detail
