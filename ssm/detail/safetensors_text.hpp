#pragma once
// What reading and writing safetensors have in common.
#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

namespace ssmscan::ssm::detail {

inline constexpr std::size_t safetensors_length_bytes = 8;  // the header's length, before the header
inline constexpr std::string_view safetensors_metadata_key = "__metadata__";

// In quotes, control characters replaced: what a message says must be one line.
inline std::string in_quotes(std::string_view text) {
  std::string out = "'";
  for (char const c : text.substr(0, 256)) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  return out + (text.size() > 256 ? "...'" : "'");
}

inline bool has_control_characters(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

template <class T>
T load(std::byte const* from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}

}  // namespace ssmscan::ssm::detail
