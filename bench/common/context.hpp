#pragma once
// The context of every result file: the machine (machine/machine.hpp), the schema and the command. And which builds may make
// figures at all.
#include <string>

#include "machine/machine.hpp"

namespace ssmscan::bench {

inline constexpr char const* json_schema = "ssmscan.bench/1";

// Empty where figures of such a build may be published, else the reason and the remedy in one sentence.
std::string refusal(build const& built);

// schema, the machine's facts, command.
facts context_of(int argc, char const* const* argv);

// Adds them to Google Benchmark's context.
void add_context(int argc, char const* const* argv);

}  // namespace ssmscan::bench
