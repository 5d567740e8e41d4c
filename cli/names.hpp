#pragma once
// Names and numbers as people type them, and the files they name.
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <ssmscan/scan/error.hpp>

namespace ssmscan::cli {

// " (did you mean NAME?)" for the nearest of the names, nothing where none is near.
std::string suggestion(std::string_view given, std::vector<std::string> const& names);

// std::invalid_argument unless `given` is one of the names.
void need_name(std::string const& argument, std::string const& given, std::vector<std::string> const& names);

// The whole of `text` as an integer in [low, high], else std::invalid_argument.
int whole_number(std::string const& argument, std::string const& text, int low, int high);

// --threads, 0 to 4096; more than one only where a backend shares out among threads.
void check_threads(std::string const& threads, std::string const& backend);

// The whole of `text` as a finite number, else std::invalid_argument.
double real_number(std::string const& argument, std::string const& text);

// Runs `call`; the message of a std::invalid_argument that leaves it begins with `prefix`: the library names its own
// arguments, the program the flag that gave them. What an environment variable gave is named as it is.
template <class Call>
auto refused_with(std::string const& prefix, Call const& call) {
  try {
    return call();
  } catch (std::invalid_argument const& error) {
    std::string const said = error.what();
    throw std::invalid_argument(said.starts_with("environment variable ") ? said : prefix + said);
  }
}

enum class overwrite { no, yes };

// std::invalid_argument where a result could not be put there, so that this is known before anything is computed.
void need_writable(std::string const& argument, std::filesystem::path const& path, overwrite allowed);

}  // namespace ssmscan::cli
