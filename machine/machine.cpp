#include "machine/machine.hpp"

#include <bit>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <limits>
#include <sstream>
#include <string_view>

#include <build_info.hpp>
#include <commit.hpp>
#include <omp.h>
#include <sched.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <ssmscan/scan/simd_target.hpp>

#if SSMSCAN_MACHINE_CUDA
#include <ssmscan/scan/backends/cuda/gpus.hpp>
#endif

namespace ssmscan {
namespace {

std::string first_line(std::string const& path, std::string const& otherwise) {
  std::ifstream file(path);
  std::string line;
  return std::getline(file, line) && !line.empty() ? line : otherwise;
}

std::string processor() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("model name") || line.starts_with("Model"))
      if (auto const colon = line.find(": "); colon != std::string::npos) return line.substr(colon + 2);
  return "unknown";
}

std::string cores() {
  std::string const online = std::to_string(sysconf(_SC_NPROCESSORS_ONLN));
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return online;
  return std::to_string(CPU_COUNT(&allowed)) + " usable of " + online;
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

std::string memory() {
  constexpr double gib = 1024.0 * 1024 * 1024;
  double const bytes = static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
  char text[32];
  std::snprintf(text, sizeof text, "%.1f GiB", bytes / gib);
  return text;
}

std::string instruction_sets() {
#if defined(__x86_64__)
  std::string text = "sse2";
  auto const add = [&](char const* name, bool here) {
    if (here) text += std::string(" ") + name;
  };
  add("sse4.2", __builtin_cpu_supports("sse4.2") != 0);
  add("fma", __builtin_cpu_supports("fma") != 0);
  add("avx2", __builtin_cpu_supports("avx2") != 0);
  add("avx512f", __builtin_cpu_supports("avx512f") != 0);
  return text;
#else
  return "unknown";
#endif
}

// Found by doing, so that it holds on every architecture: is half of the least normal number still a number (results; by
// its bits, as a comparison would flush it too), and is a multiple of the least subnormal more than nothing (operands)?
std::string subnormals() {
  float volatile least_normal = std::numeric_limits<float>::min(), half = 0.5F;
  float volatile least = std::numeric_limits<float>::denorm_min(), large = 0x1p100F;
  bool const results_flushed = std::bit_cast<std::uint32_t>(static_cast<float>(least_normal * half)) == 0;
  bool const operands_flushed = std::bit_cast<std::uint32_t>(static_cast<float>(least * large)) == 0;
  if (!results_flushed && !operands_flushed) return "kept (FTZ and DAZ off)";
  return std::string("flushed (FTZ ") + (results_flushed ? "on" : "off") + ", DAZ " +
         (operands_flushed ? "on" : "off") + ")";
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
  return "clang " + std::to_string(__clang_major__) + "." + std::to_string(__clang_minor__) + "." +
         std::to_string(__clang_patchlevel__);
#else
  return std::string("g++ ") + __VERSION__;
#endif
}

}  // namespace

build this_build() {
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
  return {SSMSCAN_VERSION, SSMSCAN_COMMIT, compiler(), SSMSCAN_FLAGS, SSMSCAN_BUILD_TYPE, optimised, asserts};
}

#if SSMSCAN_MACHINE_CUDA
namespace {

// "NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.95.05  ..." -> "580.95.05".
std::string nvidia_driver() {
  std::istringstream words(first_line("/proc/driver/nvidia/version", ""));
  for (std::string word; words >> word;)
    if (word.find_first_not_of("0123456789.") == std::string::npos && word.find('.') != std::string::npos) return word;
  return "unknown";
}

std::string described(device::gpu const& one) {
  char text[160];
  constexpr double mib = 1024.0 * 1024;
  std::snprintf(text, sizeof text, "%s, compute capability %d.%d, %d multiprocessors, %.1f GiB, L2 %.0f MiB",
                one.name.c_str(), one.major, one.minor, one.multiprocessors,
                static_cast<double>(one.memory_bytes) / (1024 * mib), static_cast<double>(one.l2_bytes) / mib);
  return text;
}

}  // namespace

facts gpu_facts() {
  auto const gpus = device::gpus();
  std::string const why = device::why_no_gpu();
  std::string names, clocks = "unknown";
  for (auto const& one : gpus) names += (names.empty() ? "" : "; ") + described(one);
  if (!gpus.empty() && gpus.front().clock_khz > 0)
    clocks = "at most " + std::to_string(gpus.front().clock_khz / 1000) + " MHz, memory " +
             std::to_string(gpus.front().memory_clock_khz / 1000) + " MHz";
  auto const [runtime, driver] = device::cuda_versions();
  std::string const usable = why.empty() ? "" : "not usable: " + why;
  return {
      {"gpu", names.empty() ? usable : names + (usable.empty() ? "" : "; " + usable)},
      {"gpu_clocks", clocks},
      {"gpu_driver", nvidia_driver()},
      {"cuda", "runtime " + runtime + ", driver for " + driver + ", kernels for " + device::compiled_architectures()}};
}
#else
facts gpu_facts() { return {}; }
#endif

facts machine_facts() {
  build const built = this_build();
  facts told{{"cpu", processor()},
             {"cores", cores()},
             {"cpu_caches", caches()},
             {"memory", memory()},
             {"instruction_sets", instruction_sets()},
             {"simd_target", std::string(simd_target())},
             {"subnormals", subnormals()},
             {"governor", first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "unknown")},
             {"threads", std::to_string(omp_get_max_threads())},
             {"os", operating_system()},
             {"compiler", built.compiler},
             {"flags", built.flags},
             {"build_type", built.type},
             {"commit", built.commit}};
  for (auto& fact : gpu_facts()) told.push_back(std::move(fact));
  return told;
}

}  // namespace ssmscan
