// sequential's lanes by every SIMD target: the left fold of each, wherever lanes lie, whatever enters and wherever x goes.
#include <vector>

#include "tests/laws/fenced.hpp"
#include "tests/scan/backends/each_target.hpp"
#include "tests/scan/backends/guarded.hpp"
#include <gtest/gtest.h>

#include <ssmscan/scan/arithmetic.hpp>

namespace ssmscan::simd {
namespace {

using laws::same_bits;  // -0 is not 0

template <class T>
class simd_lanes : public testing::Test {};
TYPED_TEST_SUITE(simd_lanes, dtypes);

// Lanes with contiguous time, which runs up or down; rows of lanes, all of a row or a part of each, time up or down; and
// such rows that may be written past the cache, also parts of longer ones, that begin inside a line, time up or down.
enum class placing {
  time_contiguous,
  time_downwards,
  rows,
  rows_upwards,
  rows_of_whole_lines,
  parts_of_rows,
  parts_upwards
};
enum class result { apart, in_a, in_b };

// Lanes of one to many vectors and what they leave over; steps of less than a vector to more than a line; rows beyond what
// registers hold. What is written past the cache goes by each order of rows, of which a machine's caches choose.
template <class T>
void expect_left_folds(functions<T> const& made, index_t lanes, index_t time, placing where, bool starts,
                       index_t a_lane_stride, result to, row_order order = row_order::by_strips) {
  bool const beside = where != placing::time_contiguous && where != placing::time_downwards;
  bool const are_parts = where == placing::parts_of_rows || where == placing::parts_upwards;
  bool const whole_lines = where == placing::rows_of_whole_lines || are_parts;
  bool const downwards =
      where == placing::time_downwards || where == placing::rows_upwards || where == placing::parts_upwards;
  constexpr index_t line = 64 / static_cast<index_t>(sizeof(T)), inside = 16 / static_cast<index_t>(sizeof(T));
  index_t const row = whole_lines ? (lanes + line - 1) / line * line + (are_parts ? line : 0) : lanes;
  index_t const lane_stride = beside ? 1 : time, up = beside ? row : 1, time_stride = downwards ? -up : up;
  index_t const first = downwards && time > 0 ? up * (time - 1) : 0, a_apart = a_lane_stride * lane_stride;
  auto const a = random_numbers<T>(row * time, 0.9, 1), b = random_numbers<T>(row * time + 1, -1, 1);
  auto const initial = random_numbers<T>(lanes, -1, 1);
  auto state = initial;
  guarded<T> x(row * time, are_parts ? inside : 0);
  if (to != result::apart) std::copy_n((to == result::in_a ? a : b).begin(), row * time, x.data());
  std::vector<T> const before(x.data(), x.data() + row * time);
  made.lanes.fold({{(to == result::in_a ? x.data() : a.data()) + first, a_apart, time_stride},
                   {(to == result::in_b ? x.data() : b.data()) + first, lane_stride, time_stride},
                   x.data() + first,
                   lane_stride,
                   time_stride,
                   lanes,
                   time,
                   state.data(),
                   starts,
                   whole_lines ? write::past_the_cache : write::through_the_cache,
                   nullptr,
                   nullptr,
                   order});
  for (index_t lane = 0; lane < lanes; ++lane) {
    T needed = initial[static_cast<std::size_t>(lane)];
    for (index_t t = 0; t < time; ++t) {
      auto const at = static_cast<std::size_t>(first + lane * lane_stride + t * time_stride);
      auto const at_a = static_cast<std::size_t>(first + lane * a_apart + t * time_stride);
      needed = starts && t == 0 ? b[at] : multiply_add(a[at_a], needed, b[at]);
      ASSERT_TRUE(same_bits(x.data()[at], needed)) << lane << " of " << lanes << " at " << t << " of " << time;
    }
    ASSERT_TRUE(same_bits(state[static_cast<std::size_t>(lane)], needed));
  }
  for (index_t lane = lanes; lane < row; ++lane)  // a row's rest is not ours
    for (index_t t = 0; t < time; ++t) {
      auto const at = lane + t * row;
      ASSERT_TRUE(same_bits(x.data()[at], before[static_cast<std::size_t>(at)]));
    }
  ASSERT_TRUE(x.guards_hold());
}

TYPED_TEST(simd_lanes, lanes_are_left_folds_bit_for_bit) {
  using T = TypeParam;
  judge_targets<T>([&](functions<T> const& made) {
    for (index_t const lanes : {1, 2, 3, 4, 7, 8, 9, 12, 15, 31, 64, 115, 131})
      for (index_t const time : {0, 1, 2, 3, 4, 7, 19, 35})
        for (placing const where :
             {placing::time_contiguous, placing::time_downwards, placing::rows, placing::rows_upwards,
              placing::rows_of_whole_lines, placing::parts_of_rows, placing::parts_upwards})
          for (bool const starts : {false, true})
            for (index_t const a_lane_stride : {0, 1})
              for (result const to : {result::apart, result::in_a, result::in_b}) {
                if (a_lane_stride == 0 && to == result::in_a && lanes > 1) continue;  // x would overlap itself
                ASSERT_NO_FATAL_FAILURE(expect_left_folds(made, lanes, time, where, starts, a_lane_stride, to));
                if (where < placing::rows_of_whole_lines) continue;
                for (row_order const order : {row_order::row_by_row, row_order::from_second_level})
                  ASSERT_NO_FATAL_FAILURE(
                      expect_left_folds(made, lanes, time, where, starts, a_lane_stride, to, order));
              }
    ASSERT_NO_FATAL_FAILURE(
        expect_left_folds(made, index_t{700}, index_t{1100}, placing::rows, true, 1, result::apart));
    for (row_order const order : {row_order::by_strips, row_order::row_by_row, row_order::from_second_level})
      ASSERT_NO_FATAL_FAILURE(expect_left_folds(made, index_t{272}, index_t{35}, placing::rows_of_whole_lines, false, 1,
                                                result::apart, order));
  });
}

}  // namespace
}  // namespace ssmscan::simd
