// Several workers that share out lanes, or a lane, by every SIMD target: the bits of the text.
#include <atomic>
#include <vector>

#include "tests/laws/fenced.hpp"
#include "tests/scan/backends/each_target.hpp"
#include "tests/scan/backends/guarded.hpp"
#include <gtest/gtest.h>

#include <ssmscan/scan/backends/openmp.hpp>
#include <ssmscan/scan/backends/simd/chunked.hpp>
#include <ssmscan/scan/backends/simd/look_back.hpp>
#include <ssmscan/scan/detail/check_recurrence.hpp>
#include <ssmscan/scan/linear_recurrence.hpp>

namespace ssmscan::simd {
namespace {

using laws::same_bits;  // -0 is not 0

template <class T>
class simd_workers : public testing::Test {};
TYPED_TEST_SUITE(simd_workers, dtypes);

// Several workers that write past the cache, as the door has them do beyond some 64 MB: each begins and ends inside lines that
// are another's too. Numbers from the begin of a line; sequences that start at chunks' ends and inside; lanes of whole blocks, over which
// a worker walks at once.
TYPED_TEST(simd_workers, workers_write_past_the_cache_bit_for_bit) {
  using T = TypeParam;
  index_t shared = 0;
  for (extent const size : {extent{1, 30001}, {3, 10000}, {12, 10 * block}}) {
    index_t const lanes = size.lanes, time = size.time;  // which a lambda may capture
    index_t const n = lanes * time, some = std::min(2 * chunk, time - block);
    auto const a = random_numbers<T>(n, 0.9, 1), b = random_numbers<T>(n, -1, 1);
    std::vector<T> needed(b.size()), final(static_cast<std::size_t>(4 * lanes)), left(final.size());
    auto const initial = random_numbers<T>(std::ssize(final), -1, 1);
    std::vector<index_t> const offsets{0, 300, some, some + 1, time};
    for (bool const packed : {false, true})
      for (auto const& [way, enters] : {std::pair{direction::forward, false}, std::pair{direction::forward, true},
                                        std::pair{direction::reverse, false}, std::pair{direction::reverse, true}}) {
        tensor_shape const shape{1, lanes, time}, states{1, lanes, packed ? 4 : 1};
        recurrence<T> problem{.a = {a.data(), shape}, .b = {b.data(), shape}, .x = {needed.data(), shape}};
        problem.final = {left.data(), states}, problem.direction = way;
        if (packed) problem.offsets = offsets;
        if (enters) problem.initial = {initial.data(), states};
        linear_recurrence(problem, {.algorithm = "look_back.textbook", .backend = "serial"});
        problem.final = {final.data(), states};
        for (index_t const offset : {0, 1, 2, 7, 15})
          for (int const threads : {2, 3, 5})
            judge_targets<T>([&](functions<T> const& made) {
              for (bool const in_one_pass : {true, false}) {
                guarded<T> x(n, offset);
                problem.x.data = x.data();
                std::fill(final.begin(), final.end(), T(77));
                detail::checked_recurrence<T> const checked(problem);
                auto const& p = checked.problem();
                openmp on(threads);
                shared += workers_for(on, p.size) > 1;
                in_one_pass ? look_back::solve_by(made.chunk, on, p, write::past_the_cache)
                            : chunked::solve_by(made.chunk, on, p, write::past_the_cache);
                for (index_t i = 0; i < n; ++i)
                  ASSERT_TRUE(same_bits(x.data()[i], needed[static_cast<std::size_t>(i)]))
                      << lanes << " lanes, " << threads << " threads, " << offset << " past a line, at " << i;
                for (index_t i = 0; i < lanes * states.time; ++i)
                  ASSERT_TRUE(same_bits(final[static_cast<std::size_t>(i)], left[static_cast<std::size_t>(i)])) << i;
                ASSERT_TRUE(x.guards_hold()) << offset;
              }
            });
      }
  }
  EXPECT_GE(shared, 720);  // 3 x 2 x 4 x 5 x 3, of two algorithms, by one target at least
}

std::atomic<index_t> walks{0};  // of the target in hand
chunk_functions<float> walked_by;
float counted_walk(chunk_source<float> const& in, chunk_scratch<float>& s, float const* state,
                   chunk_sink<float> const& to) {
  ++walks;
  return walked_by.walk(in, s, state, to);
}

// 2^20 elements by two workers are two shares for each, so that who is disturbed takes fewer: a walk goes over the lanes of each
// share. 18 lanes make no four equal shares, and half as many elements no share of 2^18.
TEST(simd_workers_of_lanes, long_lanes_are_shared_out_by_several_a_worker) {
  struct shares {
    index_t lanes, time, walks;
  };
  for (auto const& [lanes, time, walks_needed] : {shares{16, index_t{1} << 16, 4},
                                                  {16, index_t{1} << 15, 2},
                                                  {18, index_t{1} << 16, 2},
                                                  {64, index_t{1} << 17, 16}}) {
    index_t const n = lanes * time;
    auto const a = random_numbers<float>(n, 0.9, 1), b = random_numbers<float>(n, -1, 1);
    std::vector<float> needed(b.size()), made_by(b.size());
    tensor_shape const shape{1, lanes, time};
    recurrence<float> problem{.a = {a.data(), shape}, .b = {b.data(), shape}, .x = {needed.data(), shape}};
    linear_recurrence(problem, {.algorithm = "look_back.textbook", .backend = "serial"});
    problem.x.data = made_by.data();
    detail::checked_recurrence<float> const checked(problem);
    judge_targets<float>([&, needed_walks = walks_needed](functions<float> const& made) {
      walked_by = made.chunk;
      chunk_functions<float> counted = made.chunk;
      counted.walk = counted_walk;
      std::ranges::fill(made_by, 77.0F), walks = 0;
      openmp on(2);
      look_back::solve_by(counted, on, checked.problem(), write::past_the_cache);
      EXPECT_EQ(walks, needed_walks);
      EXPECT_TRUE(std::ranges::equal(made_by, needed, [](float x, float y) { return same_bits(x, y); }));
    });
  }
}

}  // namespace
}  // namespace ssmscan::simd
