// No figure travels without its command, and none of an unoptimised build travels at all.
#include "bench/common/context.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ssmscan::bench {
namespace {

using testing::Contains;
using testing::Pair;

TEST(context, schema_machine_and_command) {
  char const* arguments[] = {"bench_x", "--quick", "--benchmark_filter=y"};
  auto const told = context_of(3, arguments);
  EXPECT_EQ(told.size(), machine_facts().size() + 2);
  EXPECT_THAT(told, Contains(Pair("schema", "ssmscan.bench/1")));
  EXPECT_THAT(told, Contains(Pair("command", "bench_x --quick --benchmark_filter=y")));
  EXPECT_THAT(told, Contains(Pair("commit", this_build().commit)));
}

TEST(context, only_optimised_builds_without_asserts_may_run) {
  auto const of = [](std::string const& type, bool optimised, bool asserts) {
    return refusal({.version = "",
                    .commit = "",
                    .compiler = "",
                    .flags = "",
                    .type = type,
                    .optimised = optimised,
                    .asserts_enabled = asserts});
  };
  EXPECT_EQ(of("Release", true, false), "");
  EXPECT_EQ(of("RelWithDebInfo", true, false), "");
  EXPECT_THAT(of("Debug", false, true),
              testing::HasSubstr("got \"Debug\" (not optimised, asserts enabled); need Release only"));
  EXPECT_THAT(of("", false, false), testing::HasSubstr("Release only"));
  EXPECT_THAT(of("", true, true), testing::HasSubstr("Release only"));
}

}  // namespace
}  // namespace ssmscan::bench
