#pragma once
// JSON as RFC 8259 has it and no more, for files that come from elsewhere: no key twice in an object, at most 32 levels,
// a bounded size, no byte 0 (at which the parser would stop), no byte-order mark.
#include <cstddef>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include <ssmscan/scan/error.hpp>

namespace ssmscan::ssm::detail {

inline constexpr int greatest_json_depth = 32;

inline nlohmann::json parse_strict_json(std::span<std::byte const> file, std::string const& name, std::size_t limit) {
  std::string_view const text(reinterpret_cast<char const*>(file.data()), file.size());
  if (text.size() > limit)
    throw_invalid(name, std::to_string(text.size()) + " bytes", "at most " + std::to_string(limit));
  if (text.find('\0') != std::string_view::npos) throw_invalid(name, "a byte 0", "JSON text");
  if (text.starts_with("\xEF\xBB\xBF")) throw_invalid(name, "a byte-order mark", "JSON text without one");
  std::vector<std::set<std::string>> keys;
  using event = nlohmann::json::parse_event_t;
  auto const watch = [&](int depth, event what, nlohmann::json& value) {
    if (depth > greatest_json_depth) throw_invalid(name, "JSON nested more than 32 deep", "at most 32");
    if (what == event::object_start) keys.emplace_back();
    if (what == event::object_end) keys.pop_back();
    if (what == event::key && !keys.back().insert(value.get<std::string>()).second)
      throw_invalid(name, "key '" + value.get<std::string>() + "' twice", "each key once");
    return true;
  };
  try {
    return nlohmann::json::parse(text, watch);
  } catch (nlohmann::json::exception const& error) { throw_invalid(name, error.what(), "JSON text"); }
}

}  // namespace ssmscan::ssm::detail
