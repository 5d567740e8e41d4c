#include <algorithm>
#include <cstdio>
#include <iostream>
#include <new>
#include <stdexcept>

#include "command.hpp"
#include "machine.hpp"
#include "names.hpp"
#include <fmt/format.h>

namespace ssmscan::cli {
namespace {

// One line on stderr.
int fail(std::string const& command, std::string text, exit_code code) {
  std::ranges::replace(text, '\n', ' ');
  fmt::print(stderr, "ssmscan{}{}: {}\n", command.empty() ? "" : " ", command, text);
  return code;
}

// What stands on the command line and belongs to nothing: a misspelt command or option.
std::string unexpected(CLI::App const& app, std::string const& given) {
  std::vector<std::string> known;
  bool const option = given.starts_with('-');
  if (!option)
    for (auto const* command : app.get_subcommands([](CLI::App const*) { return true; }))
      known.push_back(command->get_name());
  std::string const argument = known.empty() ? (option ? "option" : "argument") : "command";
  if (known.empty())
    for (auto const* known_option : app.get_options())
      for (auto const& name : known_option->get_lnames()) known.push_back(fmt::format("--{}", name));
  std::string const stem = given.substr(0, given.find('='));
  return fmt::format("{}: got \"{}\"; need one of {}{}", argument, given, listed(known), suggestion(stem, known));
}

int run(int argc, char** argv) {
  CLI::App program("Scans for linear recurrences x[t] = a[t] x[t-1] + b[t]: what there is, run, and validated.",
                   "ssmscan");
  program.set_version_flag("--version", version_text());
  program.require_subcommand(0, 1);
  program.footer(R"(Examples:
  ssmscan list                                        which algorithms and backends there are
  ssmscan scan --a a.npy --b b.npy --out x.npy        a recurrence over arrays in files
  ssmscan validate --json validation.json             every scan against S4's recurrence and convolution
`ssmscan COMMAND --help` shows each command's options and examples.

Results are on stdout, all else on stderr. Exit codes: 0 good, 1 a verification failed, 2 usage or bad input,
3 run-time failure, 77 skipped.)");
  action chosen;
  add_info(program, chosen), add_list(program, chosen), add_scan(program, chosen), add_validate(program, chosen);

  auto const command = [&] {
    auto const parsed = program.get_subcommands();
    return parsed.empty() ? std::string() : parsed.front()->get_name();
  };
  try {
    program.parse(argc, argv);
    if (!chosen) {
      auto const names = [&] {
        std::vector<std::string> made;
        for (auto const* c : program.get_subcommands([](CLI::App const*) { return true; }))
          made.push_back(c->get_name());
        return made;
      }();
      throw std::invalid_argument("command: got nothing; need one of " + listed(names) + ", or --help");
    }
    int const code = chosen();
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
      return fail(command(), "stdout: writing failed", run_time_failure);
    return code;
  } catch (CLI::Success const& e) {  // --help, --version
    program.exit(e);
    std::cout.flush();
    return std::cout ? good : fail("", "stdout: writing failed", run_time_failure);
  } catch (CLI::ParseError const& e) {
    auto const parsed = program.get_subcommands();
    CLI::App const& app = parsed.empty() ? program : *parsed.front();
    auto const extra = app.remaining();
    return fail(command(), extra.empty() ? e.what() : unexpected(app, extra.front()), bad_input);
  } catch (std::invalid_argument const& e) {
    return fail(command(), e.what(), bad_input);
  } catch (std::bad_alloc const&) {
    return fail(command(), "memory: not as much to be had as this needs", run_time_failure);
  } catch (std::exception const& e) { return fail(command(), e.what(), run_time_failure); }
}

}  // namespace
}  // namespace ssmscan::cli

int main(int argc, char** argv) { return ssmscan::cli::run(argc, argv); }
