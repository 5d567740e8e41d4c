#pragma once
// What is wrong with a command line, in the house's one sentence: the argument, what was given, what is needed.
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace ssmscan::cli {

// `command`: what was parsed last, the program itself where no command was given; `extra`: what belongs to nothing.
std::string sentence_of(CLI::ParseError const& error, CLI::App const& command, std::vector<std::string> const& extra);

// std::invalid_argument where an option that takes a value was given an empty one, or the name of another option.
void need_values(CLI::App const& command);

}  // namespace ssmscan::cli
