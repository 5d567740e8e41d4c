#pragma once
// Where and how a figure was made: written into the context of every result file, so that no figure travels alone.
#include <string>
#include <utility>
#include <vector>

namespace ssmscan::bench {

inline constexpr char const* json_schema = "ssmscan.bench/1";

// What the benchmarks were built as. A figure of an unoptimised build would only mislead.
struct build_kind {
  std::string type;      // CMAKE_BUILD_TYPE
  bool optimised;        // the compiler optimises
  bool asserts_enabled;  // NDEBUG is not defined
};
build_kind this_build();

// Empty where figures of such a build may be published, else the reason and the remedy in one sentence.
std::string refusal(build_kind const& build);

// (key, value) pairs: schema, cpu, cores, caches, threads, os, compiler, flags, build_type, simd_target, commit,
// governor, denormals, command.
std::vector<std::pair<std::string, std::string>> machine_facts(int argc, char const* const* argv);

// Adds machine_facts to Google Benchmark's context.
void add_machine_context(int argc, char const* const* argv);

}  // namespace ssmscan::bench
