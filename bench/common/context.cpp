#include "bench/common/context.hpp"

#include <benchmark/benchmark.h>

namespace ssmscan::bench {

std::string refusal(build const& built) {
  if (built.optimised && !built.asserts_enabled) return "";
  return "build type: got \"" + built.type + "\" (" + (built.optimised ? "optimised" : "not optimised") +
         (built.asserts_enabled ? ", asserts enabled" : "") + "); need Release only: cmake -DCMAKE_BUILD_TYPE=Release";
}

facts context_of(int argc, char const* const* argv) {
  facts told{{"schema", json_schema}};
  for (auto& fact : machine_facts()) told.push_back(std::move(fact));
  std::string command;
  for (int i = 0; i < argc; ++i) command += (i == 0 ? "" : " ") + std::string(argv[i]);
  told.emplace_back("command", command);
  return told;
}

void add_context(int argc, char const* const* argv) {
  for (auto const& [key, value] : context_of(argc, argv)) benchmark::AddCustomContext(key, value);
}

}  // namespace ssmscan::bench
