// What a selective scan allocates beside its arrays: the fused form's memory grows with neither time nor channels x time x states.
// Every operator new of the process is counted; a program of its own, as it replaces them.
#include "tests/ssm/counted_new.hpp"
#include "tests/ssm/selective_instance.hpp"
#include <gtest/gtest.h>

namespace ssmscan::ssm {
namespace {

using namespace test::selective;
using test::counted::live, test::counted::most;

// Bytes allocated at a time during a call, beyond those before it.
template <class V>
std::size_t peak(options const& o, selective_mode mode, execution const& scan) {
  instance<V> of(o);
  auto const p = of.problem();
  selective_scan(p, {.mode = mode, .scan = scan});  // what is made once is there
  std::size_t const before = live;
  most = before;
  selective_scan(p, {.mode = mode, .scan = scan});
  EXPECT_EQ(live, before) << "kept after the call";
  return most - before;
}

template <class V>
class SelectiveMemory : public testing::Test {};
using dtypes = testing::Types<float, double, std::complex<float>, std::complex<double>>;
TYPED_TEST_SUITE(SelectiveMemory, dtypes);

TYPED_TEST(SelectiveMemory, OfFusedDoesNotGrowWithTime) {
  using V = TypeParam;
  for (index_t const states : {16, 64}) {
    auto const of = [&](index_t time) {
      return peak<V>({.batch = 1, .channels = 40, .states = states, .time = time}, selective_mode::fused,
                     {.backend = "serial"});
    };
    std::size_t const few = of(256);
    EXPECT_GT(few, 0u);
    for (index_t const time : {4096, 16384}) EXPECT_EQ(of(time), few) << states << " states, " << time << " steps";
  }
}

// A thread works on at most 64 channels at a time, a vector of at most 16 of them at once, in tiles of 64 steps. Of each state:
// x of all, A of a vector, and of B and of C a tile's and a vector's.
constexpr index_t numbers_of_a_state = 64 + 16 + 2 * (64 + 16), bytes_besides = 1024;

TYPED_TEST(SelectiveMemory, OfFusedIsThatOfTheChannelsInWork) {
  using V = TypeParam;
  for (int const threads : {1, 2}) {
    for (index_t const channels : {16, 256, 1536}) {
      for (index_t const states : {4, 16, 64}) {
        std::size_t const bytes = peak<V>({.batch = 2, .channels = channels, .states = states, .time = 512},
                                          selective_mode::fused, {.backend = "openmp", .threads = threads});
        EXPECT_LE(bytes, size(threads * (numbers_of_a_state * states * index_t{sizeof(V)} + bytes_besides)))
            << channels << " channels, " << states << " states, " << threads << " threads";
      }
    }
  }
}

// Few channels, time in vectors: of each thread a and b of a tile, 16 KiB each, its steps, u and a row, at most 256 numbers each.
TYPED_TEST(SelectiveMemory, OfFewChannelsIsATileOfEachThread) {
  using V = TypeParam;
  for (int const threads : {1, 2}) {
    for (index_t const time : {4096, 65536}) {
      std::size_t const bytes = peak<V>({.batch = 1, .channels = 1, .time = time}, selective_mode::fused,
                                        {.backend = "openmp", .threads = threads});
      EXPECT_GE(bytes, std::size_t{2} * 16384);
      EXPECT_LE(bytes, size(threads * (2 * 16384 + 3 * 256 * index_t{sizeof(V)} + bytes_besides)))
          << time << ' ' << threads;
    }
  }
}

// The counter sees what does grow: a and b of the unfused form.
TYPED_TEST(SelectiveMemory, OfUnfusedHasAAndB) {
  using V = TypeParam;
  options o{.batch = 1, .channels = 40, .states = 16, .time = 256};
  for (index_t const time : {256, 4096}) {
    o.time = time;
    EXPECT_GE(peak<V>(o, selective_mode::unfused, {.backend = "serial"}), 2 * size(40 * 16 * time) * sizeof(V));
  }
}

}  // namespace
}  // namespace ssmscan::ssm
