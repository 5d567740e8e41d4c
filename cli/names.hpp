#pragma once
// Names and numbers as people type them, and the files they name.
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace ssmscan::cli {

// "a, b, c"
std::string listed(std::vector<std::string> const& names);

// " (did you mean NAME?)" for the nearest of the names, nothing where none is near.
std::string suggestion(std::string_view given, std::vector<std::string> const& names);

// std::invalid_argument unless `given` is one of the names.
void need_name(std::string const& argument, std::string const& given, std::vector<std::string> const& names);

// The whole of `text` as an integer in [low, high], else std::invalid_argument.
int whole_number(std::string const& argument, std::string const& text, int low, int high);

enum class overwrite { no, yes };

// std::invalid_argument where a result could not be put there, so that this is known before anything is computed.
void need_writable(std::string const& argument, std::filesystem::path const& path, overwrite allowed);

}  // namespace ssmscan::cli
