#include "machine.hpp"

#include <fstream>
#include <limits>

#include "build_info.hpp"
#include "commit.hpp"
#include "names.hpp"
#include <CLI/Version.hpp>
#include <Eigen/Core>
#include <fmt/format.h>
#include <gnu/libc-version.h>
#include <nlohmann/json.hpp>
#include <omp.h>
#include <sched.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <ssmscan/scan/backends/openmp.hpp>
#include <ssmscan/scan/linear_recurrence.hpp>
#include <ssmscan/ssm/convolution.hpp>

namespace ssmscan::cli {
namespace {

std::string processor() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("model name"))
      if (auto const colon = line.find(": "); colon != std::string::npos) return line.substr(colon + 2);
  return "unknown";
}

std::string cores() {
  cpu_set_t allowed;
  long const online = sysconf(_SC_NPROCESSORS_ONLN);
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return std::to_string(online);
  return fmt::format("{} usable of {}", CPU_COUNT(&allowed), online);
}

std::string size_text(long bytes) {
  if (bytes <= 0) return "unknown";
  long constexpr kib = 1024, mib = 1024 * kib;
  return bytes % mib == 0 ? fmt::format("{} MiB", bytes / mib) : fmt::format("{} KiB", bytes / kib);
}

std::string caches() {
  return fmt::format("L1d {}, L2 {}, L3 {}, line {} B", size_text(sysconf(_SC_LEVEL1_DCACHE_SIZE)),
                     size_text(sysconf(_SC_LEVEL2_CACHE_SIZE)), size_text(sysconf(_SC_LEVEL3_CACHE_SIZE)),
                     sysconf(_SC_LEVEL1_DCACHE_LINESIZE));
}

std::string memory() {
  double constexpr gib = 1024.0 * 1024 * 1024;
  return fmt::format("{:.1f} GiB",
                     static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE)) / gib);
}

std::string instruction_sets() {
#if defined(__x86_64__)
  std::string text;
  auto const add = [&](char const* name, bool here) {
    if (here) text += fmt::format("{}{}", text.empty() ? "" : " ", name);
  };
  add("sse4.2", __builtin_cpu_supports("sse4.2") != 0);
  add("fma", __builtin_cpu_supports("fma") != 0);
  add("avx2", __builtin_cpu_supports("avx2") != 0);
  add("avx512f", __builtin_cpu_supports("avx512f") != 0);
  return text.empty() ? "sse2" : text;
#else
  return "unknown";
#endif
}

// Asked of the arithmetic itself: does half of the least normal number survive, and a subnormal operand?
std::string subnormals() {
  double volatile least = std::numeric_limits<double>::min(), tiny = std::numeric_limits<double>::denorm_min();
  double volatile const half = least / 2, kept = tiny * 1.0;
  if (half != 0 && kept != 0) return "kept (FTZ and DAZ off)";
  return fmt::format("flushed ({}{})", half == 0 ? "FTZ on" : "FTZ off", kept == 0 ? ", DAZ on" : "");
}

std::string system_name() {
  utsname name{};
  return uname(&name) == 0 ? fmt::format("{} {} {}", name.sysname, name.release, name.machine) : "unknown";
}

}  // namespace

std::vector<std::pair<std::string, std::string>> machine_facts() {
  return {
      {"ssmscan", SSMSCAN_VERSION},
      {"commit", SSMSCAN_COMMIT},
      {"compiler", SSMSCAN_COMPILER},
      {"build_type", SSMSCAN_BUILD_TYPE},
      {"flags", SSMSCAN_FLAGS},
      {"system", system_name()},
      {"cpu", processor()},
      {"cores", cores()},
      {"caches", caches()},
      {"memory", memory()},
      {"instruction_sets", instruction_sets()},
      {"simd_target", "as the compiler chose (no run-time dispatch in this version)"},
      {"subnormals", subnormals()},
      {"backends", listed(backend_names())},
      {"threads", std::to_string(openmp().threads())},
      {"algorithms", listed(algorithm_names())},
      {"fft", std::string(ssm::fft_backend())},
      {"libraries",
       fmt::format("glibc {}, OpenMP {}, Eigen {}.{}.{}, fmt {}.{}.{}, nlohmann-json {}.{}.{}, CLI11 {}",
                   gnu_get_libc_version(), _OPENMP, EIGEN_WORLD_VERSION, EIGEN_MAJOR_VERSION, EIGEN_MINOR_VERSION,
                   FMT_VERSION / 10000, FMT_VERSION / 100 % 100, FMT_VERSION % 100, NLOHMANN_JSON_VERSION_MAJOR,
                   NLOHMANN_JSON_VERSION_MINOR, NLOHMANN_JSON_VERSION_PATCH, CLI11_VERSION)},
  };
}

std::string version_text() {
  return fmt::format("ssmscan {}\ncommit   {}\ncompiler {}\nflags    {}", SSMSCAN_VERSION, SSMSCAN_COMMIT,
                     SSMSCAN_COMPILER, SSMSCAN_FLAGS);
}

}  // namespace ssmscan::cli
