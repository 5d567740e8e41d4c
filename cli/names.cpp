#include "names.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>
#include <system_error>

namespace ssmscan::cli {
namespace {

// Levenshtein: insertions, deletions and replacements of one character.
std::size_t edit_distance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < from.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 0; j < to.size(); ++j) {
      std::size_t const replaced = diagonal + (from[i] == to[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string suggestion(std::string_view given, std::vector<std::string> const& names) {
  std::string const* best = nullptr;
  std::size_t const letters = given.size() - (given.starts_with("--") ? 2 : 0);
  std::size_t least = std::max<std::size_t>(letters / 2, 1) + 1;  // at most half of them mistyped
  for (auto const& name : names)
    if (std::size_t const distance = edit_distance(given, name); distance < least) best = &name, least = distance;
  return best == nullptr ? "" : " (did you mean " + *best + "?)";
}

void need_name(std::string const& argument, std::string const& given, std::vector<std::string> const& names) {
  if (std::ranges::find(names, given) == names.end())
    throw_invalid(argument, "\"" + given + "\"", "one of " + listed(names) + suggestion(given, names));
}

int whole_number(std::string const& argument, std::string const& text, int low, int high) {
  int value = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < low || value > high)
    throw_invalid(argument, "\"" + text + "\"",
                  "an integer from " + std::to_string(low) + " to " + std::to_string(high));
  return value;
}

void check_threads(std::string const& threads, std::string const& backend) {
  int const given = whole_number("--threads", threads, 0, 4096);
  if (given > 1 && (backend == "serial" || backend == "cuda"))
    throw_invalid("--threads", std::to_string(given) + " with --backend " + backend,
                  "--backend openmp, or no --threads");
}

double real_number(std::string const& argument, std::string const& text) {
  double value = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value))
    throw_invalid(argument, "\"" + text + "\"", "a finite number");
  return value;
}

void need_writable(std::string const& argument, std::filesystem::path const& path, overwrite allowed) {
  std::error_code ignored;
  if (path == "-")  // elsewhere the standard output: an array needs a file, which is replaced whole or not at all
    throw_invalid(argument, "-", "the name of a file (./- for one that is called -)");
  if (std::filesystem::is_directory(path, ignored))
    throw_invalid(argument, path.string() + ", a folder", "the name of a file");
  if (std::filesystem::exists(path, ignored) && !std::filesystem::is_regular_file(path, ignored))
    throw_invalid(argument, path.string() + ", a device, pipe or socket", "the name of a regular file");
  auto const folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  if (!std::filesystem::is_directory(folder, ignored))
    throw_invalid(argument, path.string() + ", in a folder that is not there", "a place that can be written");
  if (allowed == overwrite::no && std::filesystem::exists(std::filesystem::symlink_status(path, ignored)))
    throw_invalid(argument, path.string() + ", which is already there", "a new name, or --force");
}

}  // namespace ssmscan::cli
