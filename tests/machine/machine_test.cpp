// The facts are all there, each once, and true as far as the system tells it in another way.
#include "machine/machine.hpp"

#include <fstream>
#include <iterator>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <omp.h>

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

namespace ssmscan {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

std::map<std::string, std::string> told() {
  auto const listed = machine_facts();
  std::map<std::string, std::string> const made(listed.begin(), listed.end());
  EXPECT_EQ(made.size(), listed.size()) << "a key twice";
  return made;
}

TEST(machine, every_fact_is_there) {
  auto const facts = told();
  for (auto const* key : {"cpu", "cores", "cpu_caches", "memory", "instruction_sets", "simd_target", "subnormals",
                          "governor", "threads", "os", "compiler", "flags", "build_type", "commit"}) {
    ASSERT_TRUE(facts.contains(key)) << key;
    EXPECT_TRUE(facts.at(key) != "" || std::string(key) == "build_type") << key;
    EXPECT_EQ(facts.at(key).find('\n'), std::string::npos) << key;
  }
  EXPECT_EQ(facts.size(), 14u + gpu_facts().size()) << "a fact that this test does not know";
}

// In a build with CUDA, a GPU or why there is none; in others nothing of it.
TEST(machine, gpu_facts) {
  auto const facts = told();
  if (gpu_facts().empty()) {
    EXPECT_FALSE(facts.contains("gpu"));
    return;
  }
  for (auto const* key : {"gpu", "gpu_clocks", "gpu_driver", "cuda"}) {
    ASSERT_TRUE(facts.contains(key)) << key;
    EXPECT_NE(facts.at(key), "") << key;
  }
  EXPECT_EQ(gpu_facts().size(), 4u);
  EXPECT_THAT(facts.at("cuda"),
              MatchesRegex("runtime [0-9]+\\.[0-9]+, driver for (none|[0-9]+\\.[0-9]+), kernels for [0-9., ]+"));
}

TEST(machine, facts_are_what_the_system_says) {
  auto const facts = told();
  std::ifstream file("/proc/cpuinfo");
  std::string const cpuinfo{std::istreambuf_iterator<char>(file), {}};
  EXPECT_TRUE(facts.at("cpu") == "unknown" || cpuinfo.find(facts.at("cpu")) != std::string::npos);
  EXPECT_THAT(facts.at("cores"), MatchesRegex("[0-9]+( usable of [0-9]+)?"));
  EXPECT_EQ(facts.at("threads"), std::to_string(omp_get_max_threads()));
  EXPECT_THAT(facts.at("memory"), MatchesRegex("[0-9]+\\.[0-9] GiB"));
  EXPECT_THAT(facts.at("commit"), MatchesRegex("unknown|[-.a-z0-9]+"));
  EXPECT_THAT(facts.at("compiler"), MatchesRegex("(g\\+\\+|clang) [0-9]+\\.[0-9]+\\.[0-9]+.*"));
  EXPECT_THAT(facts.at("flags"), HasSubstr("-ffp-contract=off"));
  EXPECT_EQ(facts.at("flags").find('/'), std::string::npos) << "a place of the machine it was built on";
  EXPECT_EQ(this_build().commit, facts.at("commit"));
}

#if defined(__SSE__)
// Flush-to-zero and denormals-are-zero are told apart, each of them seen alone.
TEST(machine, subnormals_are_found_by_doing) {
  constexpr unsigned flush_to_zero = 0x8000, denormals_are_zero = 0x0040;
  unsigned const kept = _mm_getcsr();
  auto const under = [&](unsigned bits) {
    _mm_setcsr(kept | bits);
    auto facts = machine_facts();
    _mm_setcsr(kept);
    return std::map<std::string, std::string>(facts.begin(), facts.end()).at("subnormals");
  };
  EXPECT_EQ(under(0), "kept (FTZ and DAZ off)");
  EXPECT_EQ(under(flush_to_zero), "flushed (FTZ on, DAZ off)");
  EXPECT_EQ(under(denormals_are_zero), "flushed (FTZ off, DAZ on)");
  EXPECT_EQ(under(flush_to_zero | denormals_are_zero), "flushed (FTZ on, DAZ on)");
}
#endif

}  // namespace
}  // namespace ssmscan
