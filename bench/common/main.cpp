#include "bench/common/main.hpp"

#include <cstdio>
#include <filesystem>
#include <iostream>
#include <optional>
#include <regex>
#include <string_view>
#include <vector>

#include "bench/common/context.hpp"
#include <benchmark/benchmark.h>

namespace ssmscan::bench {
namespace {

// Passes everything on, and counts.
class counting_reporter : public benchmark::BenchmarkReporter {
 public:
  explicit counting_reporter(benchmark::BenchmarkReporter* shown) : shown_(shown) {}
  bool ReportContext(Context const& context) override {
    shown_->SetOutputStream(&GetOutputStream());
    shown_->SetErrorStream(&GetErrorStream());
    return shown_->ReportContext(context);
  }
  void ReportRuns(std::vector<Run> const& runs) override {
    for (auto const& run : runs) {
      if (!run.error_occurred)
        ++timed;
      else if (run.error_message.starts_with(wrong_result))
        ++wrong;
      else if (!run.error_message.starts_with(not_run))
        ++failed;
    }
    shown_->ReportRuns(runs);
  }
  void Finalize() override { shown_->Finalize(); }

  int timed = 0, wrong = 0, failed = 0;

 private:
  benchmark::BenchmarkReporter* shown_;
};

std::optional<std::string> value_of(std::string_view argument, std::string_view flag) {
  if (!argument.starts_with(flag) || argument.size() <= flag.size() || argument[flag.size()] != '=') return {};
  return std::string(argument.substr(flag.size() + 1));
}

constexpr char const* known_flags = "--quick, --max-seconds=S or a flag of Google Benchmark's (--help shows all)";

struct parsed {
  options ours;
  std::vector<std::string> theirs;
  std::string out;  // the result file, "" = none
  bool helps = false;
  bool only_lists = false;  // names: nothing is timed
  std::string error;
};

parsed parse(int argc, char** argv) {
  parsed p;
  std::vector<std::string> given;
  for (int i = 1; i < argc; ++i) {
    std::string const argument = argv[i];
    if (argument == "--quick") {
      p.ours.quick = true;
    } else if (auto const seconds = value_of(argument, "--max-seconds")) {
      char* end = nullptr;
      p.ours.max_seconds = std::strtod(seconds->c_str(), &end);
      if (seconds->empty() || *end != '\0' || !(p.ours.max_seconds > 0))
        p.error = "--max-seconds: got " + *seconds + "; need a number of seconds > 0";
    } else if (auto const out = value_of(argument, "--benchmark_out")) {
      p.out = *out;
    } else {
      if (auto const format = value_of(argument, "--benchmark_format"))  // Google Benchmark would exit with 0
        if (*format != "console" && *format != "json" && *format != "csv")
          p.error = "--benchmark_format: got " + *format + "; need console, json or csv";
      p.helps |= argument == "--help" || argument == "-h";
      p.only_lists |= argument.starts_with("--benchmark_list_tests");
      given.push_back(argument);
    }
  }
  // Flags and not calls on each benchmark, which would write themselves into the names. Theirs come later and win.
  p.theirs = {argv[0], p.ours.quick ? "--benchmark_min_time=0.01" : "--benchmark_min_time=0.05",
              "--benchmark_repetitions=3", "--benchmark_display_aggregates_only=true"};
  p.theirs.insert(p.theirs.end(), given.begin(), given.end());
  if (!p.out.empty()) p.theirs.push_back("--benchmark_out=" + p.out + ".partial");
  return p;
}

// What is wrong with a filter, "" = nothing: Google Benchmark says it too, but goes on as if no name matched.
std::string fault_of_filter(std::string const& filter) {
  try {
    std::regex(filter.starts_with('-') ? filter.substr(1) : filter,
               std::regex::extended);  // '-': all that do not match
    return "";
  } catch (std::regex_error const& fault) {
    return "--benchmark_filter: got " + filter + "; need an extended regular expression (" + fault.what() + ")";
  }
}

int fail(exit_code code, char const* program, std::string const& why) {
  std::cerr << std::filesystem::path(program).filename().string() << ": " << why << "\n";
  return code;
}

int help(char const* program) {
  std::cout << std::filesystem::path(program).filename().string() << R"( [FLAG...]: every record verified, then timed

  --quick              fewer sizes and shapes, shorter runs
  --max-seconds=S      what needs more than S seconds for one pass is not run, and says so; default: 1
  --benchmark_...      Google Benchmark's flags, below; unless given, --benchmark_min_time=0.05 (0.01 with --quick; bench_accuracy: 0),
                       --benchmark_repetitions=3 (bench_accuracy: 1), --benchmark_display_aggregates_only=true (bench_accuracy: false)
  --help               this

Exit: 0 good, 1 a result was wrong, 2 bad flags, 3 a run failed or the build is not a Release build, 77 nothing ran.

Google Benchmark's:
)";
  std::cout.flush();  // the rest is written by printf
  benchmark::PrintDefaultHelp();
  return std::cout ? exit_good : exit_failed;
}

}  // namespace

int run_main(int argc, char** argv, std::function<void(options const&)> const& add) {
  parsed p = parse(argc, argv);
  if (p.helps) return help(argv[0]);
  if (!p.error.empty()) return fail(exit_usage, argv[0], p.error);
  std::vector<char*> arguments;
  for (auto& argument : p.theirs) arguments.push_back(argument.data());
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());
  if (count > 1)  // what Google Benchmark has not taken out
    return fail(exit_usage, argv[0], "argument: got " + std::string(arguments[1]) + "; need " + known_flags);
  if (auto const why = fault_of_filter(benchmark::GetBenchmarkFilter()); !why.empty())
    return fail(exit_usage, argv[0], why);
  if (auto const why = refusal(this_build()); !why.empty() && !p.only_lists) return fail(exit_failed, argv[0], why);
  if (!p.out.empty()) {
    auto const folder = std::filesystem::path(p.out).parent_path();
    if (!folder.empty() && !std::filesystem::is_directory(folder))
      return fail(exit_usage, argv[0], "--benchmark_out: got " + p.out + "; need a file in a folder that exists");
  }

  add_context(argc, argv);
  add(p.ours);
  counting_reporter reporter(benchmark::CreateDefaultDisplayReporter());
  std::size_t const matched = benchmark::RunSpecifiedBenchmarks(&reporter);
  benchmark::Shutdown();
  if (p.only_lists) return matched > 0 ? exit_good : exit_nothing_ran;

  std::error_code ignored;
  if (matched == 0) {
    if (!p.out.empty()) std::filesystem::remove(p.out + ".partial", ignored);
    return fail(exit_nothing_ran, argv[0], "nothing ran: no name matches");
  }
  if (!p.out.empty()) std::filesystem::rename(p.out + ".partial", p.out);
  if (reporter.wrong > 0)
    return fail(exit_wrong_result, argv[0], std::to_string(reporter.wrong) + " results were wrong; they have no speed");
  if (reporter.failed > 0)
    return fail(exit_failed, argv[0], std::to_string(reporter.failed) + " runs failed; they have no speed");
  return reporter.timed > 0 ? exit_good : fail(exit_nothing_ran, argv[0], "nothing ran");
}

}  // namespace ssmscan::bench
