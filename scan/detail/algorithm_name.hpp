#pragma once
// An algorithm's name with its variant: "heinsen", "heinsen.plain"; and what a registry says of the one so named.
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

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

// Of a registry's entry; nothing where there is none of that name.
template <class Algorithms>
std::optional<algorithm_info> info_of(std::string_view name) {
  std::optional<algorithm_info> found;
  Algorithms::for_each([&]<class A>(std::type_identity<A>) {
    if (is_named(A::info, name)) found = A::info;
  });
  return found;
}

// "heisen" is how some notes spell Heinsen's name.
constexpr bool is_respelled(std::string_view name) { return name == "heisen" || name.starts_with("heisen."); }
inline std::string accepted_spelling(std::string_view name) {
  return is_respelled(name) ? "heinsen" + std::string(name.substr(6)) : std::string(name);
}

}  // namespace ssmscan::detail
