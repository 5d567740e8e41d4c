// Compiled once a dtype (SSMSCAN_SIMD_DTYPE), and in it once a SIMD target: this file includes itself. Only targets with
// a fused multiply-add, and the scalar one, whose std::fma is exact.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ssmscan/scan/backends/simd/functions.cpp"
#include <hwy/foreach_target.h>
// After it: what is compiled for each target.
#include <ssmscan/scan/backends/simd/chunk-inl.hpp>
#include <ssmscan/scan/backends/simd/functions.hpp>
#include <ssmscan/scan/backends/simd/heinsen-inl.hpp>
#include <ssmscan/scan/backends/simd/lanes-inl.hpp>
#include <ssmscan/scan/backends/simd/semi_log-inl.hpp>
#include <ssmscan/scan/backends/simd/turns-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace ssmscan::simd::HWY_NAMESPACE {

constexpr functions<SSMSCAN_SIMD_DTYPE> made{{&chunk_summary<SSMSCAN_SIMD_DTYPE>, &chunk_walk<SSMSCAN_SIMD_DTYPE>,
                                              in_turns<SSMSCAN_SIMD_DTYPE>(), &hwy::FlushStream},
                                             {&fold<SSMSCAN_SIMD_DTYPE>, &hwy::FlushStream},
                                             heinsen_made<SSMSCAN_SIMD_DTYPE>(),
                                             semi_log_made<SSMSCAN_SIMD_DTYPE>()};

}  // namespace ssmscan::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <cstdlib>
#include <string>
#include <vector>

#include <ssmscan/scan/error.hpp>

namespace ssmscan::simd {
namespace {

using T = SSMSCAN_SIMD_DTYPE;

target<T> const compiled[] = {
#if HWY_TARGETS & HWY_AVX3
    {"avx3",
     __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("bmi2"),
     &N_AVX3::made},
#endif
#if HWY_TARGETS & HWY_AVX2  // whoever has it has what else Highway compiles it with
    {"avx2", __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2"),
     &N_AVX2::made},
#endif
#if HWY_TARGETS & HWY_NEON
    {"neon", true, &N_NEON::made},
#endif
#if HWY_TARGETS & HWY_SCALAR
    {"scalar", true, &N_SCALAR::made},
#endif
};

functions<T> const& chosen() {
  char const* const wanted = std::getenv("SSMSCAN_SIMD");
  std::vector<std::string> here;
  for (auto const& t : compiled) {
    if (!t.runs_here) continue;
    if (wanted == nullptr || *wanted == '\0' || t.name == wanted) return *t.made;
    here.emplace_back(t.name);
  }
  throw_invalid("environment variable SSMSCAN_SIMD", wanted, "one of " + listed(here));
}

}  // namespace

template <>
std::span<target<T> const> targets<T>() {
  return compiled;
}

template <>
functions<T> const& best<T>() {
  static functions<T> const& made = chosen();
  return made;
}

}  // namespace ssmscan::simd
#endif
