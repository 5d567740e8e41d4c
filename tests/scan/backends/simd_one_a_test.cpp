// Rows of lanes of which a is one for all lanes, for all steps, or both; and batches of rows that lie apart: still each lane's left
// fold, bit for bit, by every SIMD target, by rows or by lanes, one worker or several, either way of writing.
#include <vector>

#include "tests/laws/fenced.hpp"
#include "tests/scan/backends/each_target.hpp"
#include "tests/scan/backends/guarded.hpp"
#include <gtest/gtest.h>

#include <ssmscan/scan/backends/openmp.hpp>
#include <ssmscan/scan/backends/simd/sequential.hpp>
#include <ssmscan/scan/detail/recurrence_problem.hpp>

namespace ssmscan::simd {
namespace {

using laws::same_bits;  // -0 is not 0

template <class T>
class simd_one_a : public testing::Test {};
TYPED_TEST_SUITE(simd_one_a, dtypes);

// How far apart a's are: of two batches, lanes, steps.
struct of_a {
  bool batch, lane, time;
};
constexpr of_a kinds[] = {{false, false, false}, {false, true, false}, {false, false, true}, {true, true, true}};

struct rows {
  index_t batches, lanes, time, gap;  // gap: between two batches
  bool reverse, starts;
  index_t offset;  // of x from a line of memory
};

template <class T>
void expect_left_folds(functions<T> const& made, of_a kind, rows const& r, int threads, write how) {
  index_t const of_batch = r.lanes * r.time + r.gap, n = r.batches * of_batch, all = r.batches * r.lanes;
  index_t const first = r.reverse ? (r.time - 1) * r.lanes : 0, row = r.reverse ? -r.lanes : r.lanes;
  tensor_shape const shape{r.batches, r.lanes, r.time}, apart{of_batch, 1, row}, states{r.batches, r.lanes, 1};
  tensor_shape const a_apart{kind.batch ? of_batch : 0, kind.lane ? 1 : 0,
                             !kind.time  ? 0
                             : kind.lane ? row
                             : r.reverse ? -1
                                         : 1};
  index_t const first_a = !kind.time || !r.reverse ? 0 : kind.lane ? first : r.time - 1;
  auto const a = random_numbers<T>(n, 0.9, 1), b = random_numbers<T>(n, -1, 1), initial = random_numbers<T>(all, -1, 1);
  guarded<T> x(n, r.offset);
  std::vector<T> final(static_cast<std::size_t>(all)), left = initial;
  detail::recurrence_problem<T> p;
  p.size = {all, r.time};
  p.a = detail::lane_view<T const>(tensor_view<T const>(a.data() + first_a, shape, a_apart));
  p.b = detail::lane_view<T const>(tensor_view<T const>(b.data() + first, shape, apart));
  p.x = detail::lane_view<T>(tensor_view<T>(x.data() + first, shape, apart));
  if (!r.starts) p.initial = detail::lane_view<T const>(tensor_view<T const>(initial.data(), states));
  p.final = detail::lane_view<T>(tensor_view<T>(final.data(), states));
  openmp on(threads);
  if (r.batches == 1) {
    sequential::solve_by(made.lanes, on, p, how, threads);
  } else {
    sequential::solve_by(made.lanes, on, p, how);
  }
  ASSERT_TRUE(x.guards_hold());
  for (index_t lane = 0; lane < all; ++lane) {
    index_t const batch = lane / r.lanes, channel = lane % r.lanes;
    for (index_t t = 0; t < r.time; ++t) {
      auto const at = static_cast<std::size_t>(batch * of_batch + channel + first + t * row);
      T const& step =
          a[static_cast<std::size_t>(first_a + batch * a_apart.batch + channel * a_apart.channel + t * a_apart.time)];
      T& state = left[static_cast<std::size_t>(lane)];
      state = r.starts && t == 0 ? b[at] : multiply_add(step, state, b[at]);
      ASSERT_TRUE(same_bits(x.data()[at], state))
          << r.batches << " batches of " << r.lanes << " lanes of " << r.time << ", a apart by " << a_apart.channel
          << ", " << a_apart.time << ", " << threads << " threads: lane " << lane << " at " << t;
    }
    ASSERT_TRUE(same_bits(final[static_cast<std::size_t>(lane)], left[static_cast<std::size_t>(lane)])) << lane;
  }
}

// Lanes that fill vectors and lines and such as do not, tiles of one width and of several; so few steps that rows are not cut, and
// so many that several workers share them out, strips are made, and rows are brought ahead; x at a line, and inside one, where rows are
// cut elsewhere.
TYPED_TEST(simd_one_a, rows_are_left_folds_bit_for_bit) {
  using T = TypeParam;
  judge_targets<T>([&](functions<T> const& made) {
    for (of_a const kind : kinds)
      for (index_t const lanes : {1, 16, 37, 272, 512})
        for (index_t const time : {2, 5, 150})
          for (bool const reverse : {false, true})
            for (auto const& [offset, starts] : {std::pair{index_t{0}, false}, std::pair{index_t{3}, true}})
              for (int const threads : {1, 2, 3})
                for (write const how : {write::through_the_cache, write::past_the_cache})
                  ASSERT_NO_FATAL_FAILURE(
                      expect_left_folds<T>(made, kind, {1, lanes, time, 0, reverse, starts, offset}, threads, how));
  });
}

// Fewer batches than workers, as many, and more, of which some are left over.
TYPED_TEST(simd_one_a, batches_apart_are_left_folds_bit_for_bit) {
  using T = TypeParam;
  judge_targets<T>([&](functions<T> const& made) {
    for (of_a const kind : kinds)
      for (index_t const batches : {2, 3, 5})
        for (index_t const lanes : {5, 64})
          for (index_t const time : {index_t{3}, least_share / lanes + 9})
            for (index_t const gap : {0, 7})
              for (int const threads : {1, 2, 3})
                ASSERT_NO_FATAL_FAILURE(
                    expect_left_folds<T>(made, kind, {batches, lanes, time, gap, time % 2 == 0, gap == 0, 0}, threads,
                                         gap == 0 ? write::past_the_cache : write::through_the_cache));
  });
}

}  // namespace
}  // namespace ssmscan::simd
