#pragma once
// What the program is and runs on: printed by `info`, recorded in validation.json. The machine is described in machine/.
#include <string>

#include "machine/machine.hpp"

namespace ssmscan::cli {

// The version, the machine's facts, then backends, algorithms, fft, libraries.
facts program_facts();

// "ssmscan 0.1.0", commit, compiler and flags, a line each.
std::string version_text();

}  // namespace ssmscan::cli
