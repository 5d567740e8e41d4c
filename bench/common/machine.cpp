#include "bench/common/machine.hpp"

#include <bit>
#include <fstream>
#include <limits>
#include <sstream>

#include <benchmark/benchmark.h>
#include <commit.hpp>
#include <omp.h>
#include <sys/utsname.h>
#include <unistd.h>

namespace ssmscan::bench {
namespace {

std::string first_line(std::string const& path, std::string const& otherwise) {
  std::ifstream file(path);
  std::string line;
  return std::getline(file, line) && !line.empty() ? line : otherwise;
}

std::string cpu_model() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("model name") || line.starts_with("Model"))
      if (auto const colon = line.find(": "); colon != std::string::npos) return line.substr(colon + 2);
  return "unknown";
}

// "L1 Data 32K, L1 Instruction 32K, L2 Unified 1024K, ..." as seen by the first core.
std::string caches() {
  std::string text;
  for (int index = 0;; ++index) {
    std::string const folder = "/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(index) + "/";
    std::string const size = first_line(folder + "size", "");
    if (size.empty()) break;
    text += (text.empty() ? "L" : ", L") + first_line(folder + "level", "?") + " " + first_line(folder + "type", "?") +
            " " + size;
  }
  return text.empty() ? "unknown" : text;
}

std::string operating_system() {
  utsname kernel{};
  std::string text =
      uname(&kernel) == 0 ? std::string(kernel.sysname) + " " + kernel.release + " " + kernel.machine : "unknown";
  std::ifstream file("/etc/os-release");
  constexpr std::string_view key = "PRETTY_NAME=\"";
  for (std::string line; std::getline(file, line);)
    if (line.starts_with(key)) text += ", " + line.substr(key.size(), line.size() - key.size() - 1);
  return text;
}

std::string compiler() {
#if defined(__clang__)
  return std::string("clang ") + __clang_version__;
#else
  return std::string("g++ ") + __VERSION__;
#endif
}

// Found by doing, so that it holds on every architecture: is half of the least normal number still a number (results),
// and is twice the least subnormal more than nothing (operands)?
std::string denormals() {
  volatile float least_normal = std::numeric_limits<float>::min(), half = 0.5F;
  volatile float least = std::numeric_limits<float>::denorm_min(), large = 0x1p100F;
  bool const results_flushed = std::bit_cast<std::uint32_t>(static_cast<float>(least_normal * half)) == 0;
  float const product = least * large;
  bool const operands_flushed = product == 0;
  return results_flushed || operands_flushed ? "flushed to zero" : "gradual underflow";
}

std::string command(int argc, char const* const* argv) {
  std::ostringstream text;
  for (int i = 0; i < argc; ++i) text << (i == 0 ? "" : " ") << argv[i];
  return text.str();
}

}  // namespace

build_kind this_build() {
#if defined(__OPTIMIZE__)
  bool const optimised = true;
#else
  bool const optimised = false;
#endif
#if defined(NDEBUG)
  bool const asserts = false;
#else
  bool const asserts = true;
#endif
  return {SSMSCAN_BENCH_BUILD_TYPE, optimised, asserts};
}

std::string refusal(build_kind const& build) {
  if (build.optimised && !build.asserts_enabled) return "";
  return "build type: got \"" + build.type + "\" (" + (build.optimised ? "optimised" : "not optimised") +
         (build.asserts_enabled ? ", asserts enabled" : "") + "); need Release only: cmake -DCMAKE_BUILD_TYPE=Release";
}

std::vector<std::pair<std::string, std::string>> machine_facts(int argc, char const* const* argv) {
  return {{"schema", json_schema},
          {"cpu", cpu_model()},
          {"cores", std::to_string(sysconf(_SC_NPROCESSORS_ONLN))},
          {"cpu_caches", caches()},
          {"threads", std::to_string(omp_get_max_threads())},
          {"os", operating_system()},
          {"compiler", compiler()},
          {"flags", SSMSCAN_BENCH_FLAGS},
          {"build_type", SSMSCAN_BENCH_BUILD_TYPE},
          {"simd_target", "baseline, scalar fma"},
          {"commit", SSMSCAN_BENCH_COMMIT},
          {"governor", first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "unknown")},
          {"denormals", denormals()},
          {"command", command(argc, argv)}};
}

void add_machine_context(int argc, char const* const* argv) {
  for (auto const& [key, value] : machine_facts(argc, argv)) benchmark::AddCustomContext(key, value);
}

}  // namespace ssmscan::bench
