#include "tests/laws/tally.hpp"

#include <cstdio>
#include <fstream>

#include "tests/laws/effort.hpp"
#include <gtest/gtest.h>

namespace ssmscan::laws::tally {
namespace {

index_t total = 0;

class report : public testing::Environment {
  void TearDown() override {
    std::printf("cases: %lld (%s)\n", static_cast<long long>(total), to_string(chosen_effort()).data());
    if (char const* const path = std::getenv("SSMSCAN_CASES_FILE"))
      std::ofstream(path) << total << ' ' << to_string(chosen_effort()) << '\n';
  }
};

[[maybe_unused]] testing::Environment* const registered = testing::AddGlobalTestEnvironment(new report);

}  // namespace

void add(index_t cases) { total += cases; }

}  // namespace ssmscan::laws::tally
