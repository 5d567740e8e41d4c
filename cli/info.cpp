#include "command.hpp"
#include "facts.hpp"
#include <fmt/format.h>

namespace ssmscan::cli {

void add_info(command const& program) {
  command const here = program.add("info", "The machine, the build, the backends: to paste into a report");
  here.examples(R"(
  ssmscan info                          everything, one fact a line
  ssmscan info | grep threads           how many threads openmp will use
  OMP_NUM_THREADS=1 ssmscan info        what one thread would look like)");
  here.runs([] {
    for (auto const& [key, value] : program_facts()) fmt::print("{:<17} {}\n", key + ":", value);
    return exit_code::good;
  });
}

}  // namespace ssmscan::cli
