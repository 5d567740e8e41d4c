#include <cmath>

#include <nlohmann/json.hpp>

#include <ssmscan/ssm/validate.hpp>

namespace ssmscan::ssm {
namespace {

using json = nlohmann::ordered_json;

json number(double value) { return std::isfinite(value) ? json(value) : json(nullptr); }

std::string text_of(check_status status) {
  return status == check_status::pass ? "pass" : status == check_status::fail ? "fail" : "skip";
}

}  // namespace

std::string to_json(validation_report const& report, std::vector<std::pair<std::string, std::string>> const& machine) {
  json machine_json = json::object();
  for (auto const& [key, value] : machine) machine_json[key] = value;
  json checks = json::array();
  for (validation_check const& check : report.checks) {
    checks.push_back({{"name", check.name},
                      {"algorithm", check.algorithm},
                      {"backend", check.backend},
                      {"dtype", check.dtype},
                      {"norm", check.norm},
                      {"error", number(check.error)},
                      {"bound", number(check.bound)},
                      {"ratio", number(check.ratio)},
                      {"status", text_of(check.status)},
                      {"reason", check.reason}});
  }
  json const whole = {{"schema", "ssmscan.validation/1"},
                      {"machine", machine_json},
                      {"signal", report.signal},
                      {"checks", checks},
                      {"passed", report.count(check_status::pass)},
                      {"failed", report.count(check_status::fail)},
                      {"skipped", report.count(check_status::skip)}};
  // A file name need not be UTF-8; what is not is replaced rather than refused.
  return whole.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace ssmscan::ssm
