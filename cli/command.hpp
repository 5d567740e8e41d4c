#pragma once
// A command adds its options to the program; parsing chooses the action, which runs afterwards and gives the exit code.
// Bad input is std::invalid_argument with "ARGUMENT: got GIVEN; need NEEDED"; any other exception is a run-time failure.
#include <functional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace ssmscan::cli {

enum exit_code : int { good = 0, verification_failed = 1, bad_input = 2, run_time_failure = 3, skipped = 77 };

using action = std::function<int()>;

// What a command says of itself to the parser. CLI11 stays in command.cpp, main.cpp and usage.cpp: a compiler takes ten
// seconds over it.
class command {
 public:
  command(CLI::App& app, action& chosen) : app_(&app), chosen_(&chosen) {}

  command add(std::string const& name, std::string const& text) const;
  void examples(std::string const& lines) const;  // at the end of its --help
  void needs_subcommand() const;                  // none: refused as the program refuses no command

  // `into` holds the default, which --help shows where it is not empty.
  void option(std::string const& name, std::string& into, std::string const& text, std::string const& type) const;
  void repeated(std::string const& name, std::vector<std::string>& into, std::string const& text,
                std::string const& type) const;
  void flag(std::string const& name, std::function<void()> const& set, std::string const& text) const;

  void runs(action const& what) const;  // where it was parsed

 private:
  CLI::App* app_;
  action* chosen_;
};

void add_info(command const& program);
void add_kernel(command const& program);
void add_list(command const& program);
void add_mamba(command const& program);
void add_scan(command const& program);
void add_selective(command const& program);
void add_ssm(command const& program);
void add_validate(command const& program);

}  // namespace ssmscan::cli
