#include <algorithm>
#include <memory>

#include "backends.hpp"
#include "command.hpp"
#include "facts.hpp"
#include "names.hpp"
#include "progress.hpp"
#include <fmt/format.h>

#include <ssmscan/scan/linear_recurrence.hpp>
#include <ssmscan/ssm/validate.hpp>

namespace ssmscan::cli {
namespace {

struct validate_options {
  std::string json, signal;
  std::vector<std::string> algorithms, backends;
  overwrite force = overwrite::no;
};

std::string_view verdict_of(ssm::check_status status) {
  return status == ssm::check_status::pass ? "pass" : status == ssm::check_status::fail ? "FAIL" : "skip";
}

void print(ssm::validation_report const& report) {
  fmt::print("signal: {}\n", report.signal);
  fmt::print("{:<33} {:<16} {:<10} {:<5} {:>9} {:>9}  {}\n", "name", "algorithm", "backend", "dtype", "max error",
             "bound", "verdict");
  for (auto const& check : report.checks) {
    if (check.status == ssm::check_status::skip) {
      fmt::print("{:<33} {:<16} {:<10} {:<5} {:>9} {:>9}  skip: {}\n", check.name, check.algorithm, check.backend,
                 check.dtype, "", "", check.reason);
    } else {
      fmt::print("{:<33} {:<16} {:<10} {:<5} {:>9.2e} {:>9.2e}  {}{}{}\n", check.name, check.algorithm, check.backend,
                 check.dtype, check.error, check.bound, verdict_of(check.status), check.reason.empty() ? "" : ": ",
                 check.reason);
    }
  }
  fmt::print("{} passed, {} failed, {} skipped\n", report.count(ssm::check_status::pass),
             report.count(ssm::check_status::fail), report.count(ssm::check_status::skip));
}

ssm::signal signal_of(validate_options const& options) {
  if (options.signal.empty()) return ssm::built_in_signal();
  return refused_with("--signal: ", [&] { return ssm::read_signal(options.signal); });
}

int validate(validate_options const& options) {
  for (auto const& name : options.backends) need_backend("--backend", name);
  bool const only_gpu =
      !options.backends.empty() && std::ranges::count(options.backends, gpu_backend) == std::ssize(options.backends);
  for (auto const& name : options.algorithms)
    need_name("--algorithm", name, only_gpu ? algorithms_of(gpu_backend) : algorithm_names());
  if (!options.json.empty()) need_writable("--json", options.json, options.force);
  auto const input = signal_of(options);
  ssm::validation_options how;
  if (!only_gpu) how.algorithms = options.algorithms;
  for (auto const& name : options.backends)
    if (name != gpu_backend) how.backends.push_back(name);
  if (how.backends.size() < options.backends.size()) {
    if (auto const why = why_not_here(gpu_backend); !why.empty()) {
      fmt::print(stderr, "ssmscan validate: --backend {}: skipped, {}\n", gpu_backend, why);
      return exit_code::skipped;
    }
    how.outside = gpu_scans(options.algorithms);
    how.outside_selective_forms = gpu_selective_forms(options.algorithms);
    how.outside_layers = gpu_layers(options.algorithms);
  }
  auto const report = [&] {
    progress const shown("validating");
    return refused_with("--", [&] { return ssm::validate(input, how); });  // its "signal" is our --signal
  }();
  print(report);
  if (!options.json.empty())
    ssm::write_file(options.json, ssm::to_json(report, program_facts()),
                    options.force == overwrite::yes ? ssm::existing_file::replace : ssm::existing_file::keep);
  return report.count(ssm::check_status::fail) == 0 ? exit_code::good : exit_code::verification_failed;
}

}  // namespace

void add_validate(command const& program) {
  command const here = program.add(
      "validate",
      "S4 recurrence = convolution = every scan: each check's error, bound and verdict; exit 1 on a failure");
  auto const options = std::make_shared<validate_options>();
  here.option("--json", options->json, "write the report there, schema ssmscan.validation/1", "FILE");
  here.option("--signal", options->signal, "npy, IDX or gzipped IDX; by default a built-in signal", "FILE");
  here.repeated("--algorithm", options->algorithms, "only this scan (may be repeated)", "NAME");
  here.repeated("--backend", options->backends, "only this backend (may be repeated); cuda: copied to the GPU and back",
                "NAME");
  here.flag(
      "--force", [options] { options->force = overwrite::yes; }, "replace a file that is there");
  here.examples(R"(
  ssmscan validate                                                  all checks on the built-in signal
  ssmscan validate --signal t10k-images-idx3-ubyte.gz --json v.json     on pixel sequences, with a report
  ssmscan validate --algorithm look_back --backend cuda             one scan only, on the GPU)");
  here.runs([options] { return validate(*options); });
}

}  // namespace ssmscan::cli
