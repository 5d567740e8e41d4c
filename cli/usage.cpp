#include "usage.hpp"

#include "names.hpp"
#include <fmt/format.h>

namespace ssmscan::cli {
namespace {

bool takes_a_value(CLI::Option const& option) { return option.get_items_expected_max() > 0; }

// "a value (FILE.npy)", or that there is none.
std::string need_of(CLI::Option const& option) {
  return takes_a_value(option) ? fmt::format("one value ({})", option.get_type_name()) : "no value";
}

std::vector<std::string> names_of_options(CLI::App const& app) {
  std::vector<std::string> names;
  for (auto const* option : app.get_options())
    for (auto const& name : option->get_lnames()) names.push_back("--" + name);
  return names;
}

// A misspelt command or option, or a word too many.
std::string unexpected(CLI::App const& app, std::string const& given) {
  std::vector<std::string> known;
  bool const option = given.starts_with('-');
  if (!option)
    for (auto const* command : app.get_subcommands([](CLI::App const*) { return true; }))
      known.push_back(command->get_name());
  std::string const argument = known.empty() ? (option ? "option" : "argument") : "command";
  if (known.empty() && !option) return fmt::format("{}: got \"{}\"; need none", argument, given);
  if (known.empty()) known = names_of_options(app);
  std::string const stem = given.substr(0, given.find('='));
  std::string need = "one of " + listed(known) + suggestion(stem, known);
  if (known.size() == 1) need = known.front();  // --help is all there is
  return fmt::format("{}: got \"{}\"; need {}", argument, given, need);
}

std::string sentence(CLI::Option const& option, std::string const& given) {
  return fmt::format("{}: got {}; need {}", option.get_name(), given, need_of(option));
}

// Empty where every value is one.
std::string wrong_value(CLI::App const& app) {
  auto const names = names_of_options(app);
  for (auto const* option : app.get_options()) {
    if (!takes_a_value(*option)) continue;
    for (auto const& value : option->results()) {
      if (value.empty()) return sentence(*option, "an empty value");
      if (std::ranges::find(names, value) != names.end()) return sentence(*option, value + ", which is an option");
    }
  }
  return "";
}

}  // namespace

std::string sentence_of(CLI::ParseError const& error, CLI::App const& command, std::vector<std::string> const& extra) {
  if (auto const wrong = wrong_value(command); !wrong.empty()) return wrong;
  if (!extra.empty()) return unexpected(command, extra.front());
  // The library's error names its option somewhere in its words.
  std::string const words = error.what();
  CLI::Option const* about = nullptr;
  for (auto const* option : command.get_options())
    if (words.find(option->get_name()) != std::string::npos &&
        (about == nullptr || option->get_name().size() > about->get_name().size()))
      about = option;
  if (about == nullptr) return fmt::format("arguments: got what cannot be read ({}); need what --help says", words);
  auto const& values = about->results();
  if (values.empty()) return sentence(*about, "nothing");
  return sentence(*about,
                  values.size() == 1 ? "\"" + values.front() + "\"" : std::to_string(values.size()) + " values");
}

void need_values(CLI::App const& command) {
  if (auto const wrong = wrong_value(command); !wrong.empty()) throw std::invalid_argument(wrong);
}

}  // namespace ssmscan::cli
