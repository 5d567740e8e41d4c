// No figure travels without the machine it was made on, and none of an unoptimised build travels at all.
#include "bench/common/machine.hpp"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ssmscan::bench {
namespace {

using testing::HasSubstr;
using testing::MatchesRegex;

TEST(machine, every_fact_is_there) {
  char const* arguments[] = {"bench_x", "--quick", "--benchmark_filter=y"};
  auto const listed = machine_facts(3, arguments);
  std::map<std::string, std::string> const facts(listed.begin(), listed.end());
  EXPECT_EQ(facts.size(), listed.size()) << "a key twice";
  for (auto const* key : {"schema", "cpu", "cores", "cpu_caches", "threads", "os", "compiler", "flags", "build_type",
                          "simd_target", "commit", "governor", "denormals", "command"}) {
    ASSERT_TRUE(facts.contains(key)) << key;
    EXPECT_NE(facts.at(key), "") << key;
  }
  EXPECT_EQ(facts.at("schema"), "ssmscan.bench/1");
  EXPECT_EQ(facts.at("command"), "bench_x --quick --benchmark_filter=y");
  EXPECT_EQ(facts.at("denormals"), "gradual underflow");
  EXPECT_THAT(facts.at("commit"), MatchesRegex("unknown|[-.a-z0-9]+"));
  EXPECT_THAT(facts.at("flags"), HasSubstr("-ffp-contract=off"));
}

TEST(machine, only_optimised_builds_without_asserts_may_run) {
  EXPECT_EQ(refusal({"Release", true, false}), "");
  EXPECT_EQ(refusal({"RelWithDebInfo", true, false}), "");
  for (auto const& build : {build_kind{"Debug", false, true}, build_kind{"", false, false}, build_kind{"", true, true}})
    EXPECT_THAT(refusal(build), HasSubstr("Release only")) << build.type;
}

}  // namespace
}  // namespace ssmscan::bench
