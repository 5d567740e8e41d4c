#pragma once
// Bad input is answered once, at the door, by one sentence: the argument, what was given, what is needed.
#include <stdexcept>
#include <string>

namespace ssmscan {

// Throws std::invalid_argument with the message "ARGUMENT: got GIVEN; need NEEDED".
[[noreturn]] inline void throw_invalid(std::string const& argument, std::string const& given,
                                       std::string const& needed) {
  throw std::invalid_argument(argument + ": got " + given + "; need " + needed);
}

// "a, b, c": what a message says is to be had.
template <class Names>
std::string listed(Names const& names) {
  std::string text;
  for (auto const& name : names) text += (text.empty() ? "" : ", ") + std::string(name);
  return text;
}

}  // namespace ssmscan
