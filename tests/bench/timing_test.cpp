// Whoever is timed with warm caches has made passes of its own before, also where repetitions go by turns.
#include "bench/common/timing.hpp"

#include <thread>

#include <gtest/gtest.h>

namespace ssmscan::bench {
namespace {

TEST(warm_up, makes_ten_short_passes_and_one_long_one) {
  int made = 0;
  warm_up([&] { ++made; });
  EXPECT_GE(made, 10);
  made = 0;
  warm_up([&] {
    ++made;
    std::this_thread::sleep_for(std::chrono::milliseconds(60));
  });
  EXPECT_EQ(made, 1);
}

TEST(session, a_case_has_its_bound_and_its_warm_up_again_after_another_and_at_each_repetition) {
  session shared("test", {});
  std::string log;
  double bound = 0;
  auto const time = [&](std::string const& name, int iterations) {
    double const got = shared.beside(
        name, iterations, [&] { return log += "bound ", ++bound; }, [&] { log += "warm "; });
    log += name + " ";
    return got;
  };
  EXPECT_EQ(time("a", 1), 1);
  EXPECT_EQ(time("a", 10), 1);  // more: their number is looked for
  EXPECT_EQ(time("a", 10), 2);  // as many: another repetition
  EXPECT_EQ(time("b", 1), 3);
  EXPECT_EQ(time("a", 10), 4);
  EXPECT_EQ(time("a", 1), 5);
  EXPECT_EQ(log, "bound warm a a bound warm a bound warm b bound warm a bound warm a ");
  auto const ready = [&](std::string const& name) { (void)shared.kept(name, [] { return prepared{.pass = [] {}}; }); };
  ready("a");  // anew
  EXPECT_EQ(time("a", 2), 6);
  ready("a");
  EXPECT_EQ(time("a", 3), 6);
  ready("of a device"), ready("a");
  EXPECT_EQ(time("a", 4), 7);
}

TEST(session, the_triad_is_timed_anew_with_warm_caches) {
  session shared("test", {});
  problem<float> on({.lanes = 1, .time = 1 << 16});
  double const first = shared.triad_seconds(on, 1, false);
  bool changes = false;  // a clock of nanoseconds does not give the same median ten times
  for (int i = 0; i < 10; ++i) changes |= shared.triad_seconds(on, 1, false) != first;
  EXPECT_GT(first, 0);
  EXPECT_TRUE(changes);
}

}  // namespace
}  // namespace ssmscan::bench
