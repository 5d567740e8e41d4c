#pragma once
// What the program runs on and was built with, as (key, value) pairs: printed by `info`, recorded in validation.json.
#include <string>
#include <utility>
#include <vector>

namespace ssmscan::cli {

std::vector<std::pair<std::string, std::string>> machine_facts();

// "ssmscan 0.1.0", commit, compiler and flags, a line each.
std::string version_text();

}  // namespace ssmscan::cli
