#include "command.hpp"

#include <CLI/CLI.hpp>

namespace ssmscan::cli {

command command::add(std::string const& name, std::string const& text) const {
  return {*app_->add_subcommand(name, text), *chosen_};
}
void command::examples(std::string const& lines) const { app_->footer(std::string("Examples:").append(lines)); }
void command::needs_subcommand() const { app_->require_subcommand(0, 1); }

void command::option(std::string const& name, std::string& into, std::string const& text,
                     std::string const& type) const {
  auto* const made = app_->add_option(name, into, text)->type_name(type);
  if (!into.empty()) made->capture_default_str();
}
void command::repeated(std::string const& name, std::vector<std::string>& into, std::string const& text,
                       std::string const& type) const {
  app_->add_option(name, into, text)
      ->type_name(type)
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}
void command::flag(std::string const& name, std::function<void()> const& set, std::string const& text) const {
  app_->add_flag_callback(name, set, text);
}

void command::runs(action const& what) const {
  app_->callback([chosen = chosen_, what] { *chosen = what; });
}

}  // namespace ssmscan::cli
