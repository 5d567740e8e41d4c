#include <memory>

#include "backends.hpp"
#include "command.hpp"
#include "facts.hpp"
#include <fmt/format.h>

namespace ssmscan::cli {

void add_info(command const& program) {
  command const here = program.add("info", "The machine, the build, the backends: to paste into a report");
  auto const backend = std::make_shared<std::string>();
  here.option("--backend", *backend, "whether this one can run here: ends with 77, and says why, where it cannot",
              "NAME");
  here.examples(R"(
  ssmscan info                          everything, one fact a line
  ssmscan info --backend cuda           the same; is there a GPU that can be used?
  OMP_NUM_THREADS=1 ssmscan info        what one thread would look like)");
  here.runs([backend] {
    if (!backend->empty()) need_backend("--backend", *backend);
    for (auto const& [key, value] : program_facts()) fmt::print("{:<17} {}\n", key + ":", value);
    std::string const why = why_not_here(*backend);
    if (why.empty()) return exit_code::good;
    fmt::print(stderr, "ssmscan info: --backend {}: skipped, {}\n", *backend, why);
    return exit_code::skipped;
  });
}

}  // namespace ssmscan::cli
