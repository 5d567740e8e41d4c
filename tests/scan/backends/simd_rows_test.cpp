// Rows of lanes that several workers share out, by rows or by lanes: still each lane's left fold.
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
class simd_rows : public testing::Test {};
TYPED_TEST_SUITE(simd_rows, dtypes);

// Rows of lanes by several workers, either way of writing, x inside a line or at its begin: how often there was more than one.
template <class T>
void expect_left_folds(index_t lanes, index_t time, index_t& shared) {
  for (bool const reverse : {false, true})
    for (bool const in_place : {false, true})
      for (auto const& [offset, starts] : {std::pair{0, false}, std::pair{3, false}, std::pair{3, true}}) {
        index_t const n = lanes * time, first = reverse ? n - lanes : 0, row = reverse ? -lanes : lanes;
        auto const a = random_numbers<T>(n, 0.9, 1), b = random_numbers<T>(n, -1, 1);
        auto const initial = random_numbers<T>(lanes, -1, 1);
        std::vector<T> needed(b), left = initial;
        for (index_t t = 0; t < time; ++t)
          for (index_t lane = 0; lane < lanes; ++lane) {
            auto const at = static_cast<std::size_t>(first + t * row + lane);
            needed[at] = left[static_cast<std::size_t>(lane)] =
                starts && t == 0 ? b[at] : multiply_add(a[at], left[static_cast<std::size_t>(lane)], b[at]);
          }
        for (int const threads : {1, 2, 3, 7})
          for (write const how : {write::through_the_cache, write::past_the_cache}) {
            if (in_place && how == write::past_the_cache) continue;  // nobody asks for it
            guarded<T> x(n, offset);
            std::copy(b.begin(), b.end(), x.data());
            std::vector<T> final(static_cast<std::size_t>(lanes));
            tensor_shape const shape{1, lanes, time}, apart{n, 1, row}, states{1, lanes, 1};
            detail::recurrence_problem<T> p;
            p.size = {lanes, time};
            p.a = detail::lane_view<T const>(tensor_view<T const>(a.data() + first, shape, apart));
            p.b = detail::lane_view<T const>(
                tensor_view<T const>((in_place ? x.data() : b.data()) + first, shape, apart));
            p.x = detail::lane_view<T>(tensor_view<T>(x.data() + first, shape, apart));
            if (!starts) p.initial = detail::lane_view<T const>(tensor_view<T const>(initial.data(), states));
            p.final = detail::lane_view<T>(tensor_view<T>(final.data(), states));
            openmp on(threads);
            shared += threads > 1;
            sequential::solve_by(best<T>().lanes, on, p, how, threads);
            for (index_t i = 0; i < n; ++i)
              ASSERT_TRUE(same_bits(x.data()[i], needed[static_cast<std::size_t>(i)]))
                  << lanes << " lanes of " << time << ", " << threads << " threads, at " << i;
            for (std::size_t lane = 0; lane < final.size(); ++lane)
              ASSERT_TRUE(same_bits(final[lane], left[lane])) << lane;
            ASSERT_TRUE(x.guards_hold());
          }
      }
}

// Block by block and tile by tile. Lengths around some blocks of rows, and of too few rows for any; lanes around a line of memory and
// beyond one tile a worker; x inside a line, so that rows of whole lines are cut elsewhere.
TYPED_TEST(simd_rows, shared_out_are_left_folds_bit_for_bit) {
  using T = TypeParam;
  index_t shared = 0;
  for (index_t const lanes : {15, 16, 33, 64, 250}) {
    index_t const height = std::max<index_t>((index_t{1} << 17) / (lanes * static_cast<index_t>(sizeof(T))), 1);
    for (index_t const time : {index_t{2}, index_t{3}, index_t{5}, height + 1, 3 * height - 1, 4 * height + height / 2})
      ASSERT_NO_FATAL_FAILURE(expect_left_folds<T>(lanes, time, shared));
  }
  EXPECT_EQ(shared, 1620);  // all but one worker alone
}

// Rows beyond 128 KiB are not shared out: each worker has some lanes of all of them. Rows of whole lines of memory, which where x begins
// inside a line are cut elsewhere and end a step later; and such as are not. From two steps, too few to be cut, on.
TYPED_TEST(simd_rows, too_long_to_be_shared_out_are_left_folds_bit_for_bit) {
  using T = TypeParam;
  constexpr index_t longest = (index_t{1} << 17) / static_cast<index_t>(sizeof(T)),
                    line = line_bytes / static_cast<index_t>(sizeof(T));
  index_t shared = 0;
  for (index_t const lanes : {longest + line, longest + line + 1})
    for (index_t const time : {2, 3, 5}) ASSERT_NO_FATAL_FAILURE(expect_left_folds<T>(lanes, time, shared));
  EXPECT_EQ(shared, 324);  // all but one worker alone
}

}  // namespace
}  // namespace ssmscan::simd
