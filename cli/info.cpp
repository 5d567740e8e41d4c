#include "command.hpp"
#include "facts.hpp"
#include <fmt/format.h>

namespace ssmscan::cli {

void add_info(CLI::App& program, action& chosen) {
  auto* const command = program.add_subcommand("info", "The machine, the build, the backends: to paste into a report");
  command->footer(R"(Examples:
  ssmscan info                          everything, one fact a line
  ssmscan info | grep threads           how many threads openmp will use
  OMP_NUM_THREADS=1 ssmscan info        what one thread would look like)");
  command->callback([&chosen] {
    chosen = [] {
      for (auto const& [key, value] : program_facts()) fmt::print("{:<17} {}\n", key + ":", value);
      return exit_code::good;
    };
  });
}

}  // namespace ssmscan::cli
