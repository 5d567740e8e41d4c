#include <algorithm>
#include <cctype>
#include <cstdio>
#include <iostream>
#include <new>
#include <stdexcept>

#include "command.hpp"
#include "facts.hpp"
#include "names.hpp"
#include "usage.hpp"
#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace ssmscan::cli {
namespace {

// One line on stderr.
int fail(std::string const& command, std::string text, exit_code code) {
  std::ranges::replace_if(
      text, [](char c) { return std::iscntrl(static_cast<unsigned char>(c)) != 0; }, ' ');
  fmt::print(stderr, "ssmscan{}{}: {}\n", command.empty() ? "" : " ", command, text);
  return code;
}

int run(int argc, char** argv) {
  CLI::App program("Scans for linear recurrences x[t] = a[t] x[t-1] + b[t]: what there is, run, and validated.",
                   "ssmscan");
  program.set_version_flag("--version", version_text());
  program.require_subcommand(0, 1);
  program.footer(R"(Examples:
  ssmscan list                                        which algorithms and backends there are
  ssmscan scan --a a.npy --b b.npy --out x.npy        a recurrence over arrays in files
  ssmscan kernel dplr --help                          the kernel of S4
  ssmscan ssm run --help                              S4 and S4D over arrays in files
  ssmscan validate --json validation.json             every scan against S4's recurrence and convolution
`ssmscan COMMAND --help` shows each command's options and examples.

Results are on stdout, all else on stderr. Exit codes: 0 good, 1 a verification failed, 2 usage or bad input,
3 run-time failure, 77 skipped.)");
  action chosen;
  command const top(program, chosen);
  for (auto const add : {add_info, add_list, add_scan, add_kernel, add_ssm, add_selective, add_mamba, add_validate})
    add(top);

  auto const parsed = [&]() -> CLI::App const& {  // the innermost command: `kernel dplr`
    CLI::App const* found = &program;
    while (!found->get_subcommands().empty()) found = found->get_subcommands().front();
    return *found;
  };
  auto const name_of = [&](CLI::App const& of) {
    std::string name;
    for (CLI::App const* c = &of; c != &program; c = c->get_parent())
      name = c->get_name() + (name.empty() ? "" : " ") + name;
    return name;
  };
  auto const running = [&] { return name_of(parsed()); };
  try {
    program.parse(argc, argv);
    if (!chosen) {
      auto const names = [&] {
        std::vector<std::string> made;
        for (auto const* c : parsed().get_subcommands([](CLI::App const*) { return true; }))
          made.push_back(c->get_name());
        return made;
      }();
      throw std::invalid_argument("command: got nothing; need one of " + listed(names) + ", or --help");
    }
    need_values(parsed());
    int const code = chosen();
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
      return fail(running(), "stdout: writing failed", run_time_failure);
    return code;
  } catch (CLI::Success const& e) {  // --help, --version
    program.exit(e);
    std::cout.flush();
    return std::cout ? good : fail("", "stdout: writing failed", run_time_failure);
  } catch (CLI::ParseError const& e) {
    CLI::App const* at = &parsed();  // whose is the fault: what an outer command cannot read stays there
    while (at != &program && at->remaining().empty()) at = at->get_parent();
    if (at->remaining().empty()) at = &parsed();
    return fail(name_of(*at), sentence_of(e, *at, at->remaining()), bad_input);
  } catch (std::invalid_argument const& e) {
    return fail(running(), e.what(), bad_input);
  } catch (std::bad_alloc const&) {
    return fail(running(), "memory: not as much to be had as this needs", run_time_failure);
  } catch (std::exception const& e) { return fail(running(), e.what(), run_time_failure); }
}

}  // namespace
}  // namespace ssmscan::cli

int main(int argc, char** argv) { return ssmscan::cli::run(argc, argv); }
