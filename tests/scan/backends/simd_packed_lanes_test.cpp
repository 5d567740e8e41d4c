// sequential of packed sequences by every SIMD target that runs here: the definition of each, bit for bit, whatever the layout,
// whoever takes which of them.
#include <limits>

#include "tests/laws/fenced.hpp"
#include "tests/scan/backends/each_target.hpp"
#include "tests/scan/backends/guarded.hpp"
#include <gtest/gtest.h>

#include <ssmscan/scan/backends/openmp.hpp>
#include <ssmscan/scan/backends/simd/sequential.hpp>

namespace ssmscan::simd {
namespace {

using laws::same_bits;  // -0 is not 0

template <class T>
class simd_packed_lanes : public testing::Test {};
TYPED_TEST_SUITE(simd_packed_lanes, dtypes);

// Rows of lanes; lanes with contiguous time; both of two batches that are not evenly spaced.
enum class placing { rows, time_contiguous, uneven_rows, uneven_lanes };

struct strides {
  index_t lane, time, of_batch;  // what is between two batches beside their elements
};
strides strides_of(placing where, index_t lanes, index_t time) {
  bool const rows = where == placing::rows || where == placing::uneven_rows;
  bool const uneven = where == placing::uneven_rows || where == placing::uneven_lanes;
  return {rows ? 1 : time, rows ? lanes : 1, uneven ? index_t{5} : index_t{0}};
}

// Empty ones at both ends and between, some of one step; each worker has a share of them, or one is longer than all others.
std::vector<std::vector<index_t>> all_offsets(index_t time) {
  std::vector<index_t> many{0, 0, 1, 2, 2, 2};
  for (index_t t = 9; t < time; t += 5 + t % 60) many.push_back(t);
  many.insert(many.end(), {time, time});
  return {many, {0, time / 8, time / 8, time - 1, time}, {0, time}};
}

template <class T>
void expect_left_folds(functions<T> const& made, index_t lanes, index_t time, placing where,
                       std::vector<index_t> const& offsets, bool starts, int threads, write how) {
  index_t const batches = where == placing::rows || where == placing::time_contiguous ? 1 : 2;
  strides const apart = strides_of(where, lanes, time);
  tensor_shape const shape{batches, lanes, time}, stride{lanes * time + apart.of_batch, apart.lane, apart.time};
  index_t const size = batches * stride.batch, sequences = std::ssize(offsets) - 1, all = batches * lanes;
  auto const at = [&](index_t lane, index_t t) {
    return static_cast<std::size_t>(lane / lanes * stride.batch + lane % lanes * apart.lane + t * apart.time);
  };
  auto a = random_numbers<T>(size, 0.9, 1), b = random_numbers<T>(size + 1, -1, 1), needed = std::vector<T>(a.size());
  if constexpr (!std::same_as<T, std::uint32_t>)
    if (starts)  // what is not read
      for (index_t const offset : offsets)
        for (index_t lane = 0; lane < all && offset < time; ++lane)
          a[at(lane, offset)] = T(std::numeric_limits<typename parts_of<T>::real>::quiet_NaN());
  auto const initial = random_numbers<T>(all * sequences, -1, 1);
  std::vector<T> final(initial.size(), T(55)), needed_final = final;
  for (index_t lane = 0; lane < all; ++lane)
    for (index_t k = 0; k < sequences; ++k) {
      auto const here = static_cast<std::size_t>(lane * sequences + k);
      index_t const begin = offsets[static_cast<std::size_t>(k)], end = offsets[static_cast<std::size_t>(k + 1)];
      T state = initial[here];
      for (index_t t = begin; t < end; ++t) {
        std::size_t const i = at(lane, t);
        state = starts && t == begin ? b[i] : multiply_add(a[i], state, b[i]);
        needed[i] = state;
      }
      if (begin < end) needed_final[here] = state;
    }
  guarded<T> x(size, 0);
  tensor_shape const states{batches, lanes, sequences};
  detail::recurrence_problem<T> p;
  p.size = {all, time}, p.offsets = offsets;
  p.a = detail::lane_view<T const>(tensor_view<T const>(a.data(), shape, stride));
  p.b = detail::lane_view<T const>(tensor_view<T const>(b.data(), shape, stride));
  p.x = detail::lane_view<T>(tensor_view<T>(x.data(), shape, stride));
  if (!starts) p.initial = detail::lane_view<T const>(tensor_view<T const>(initial.data(), states));
  p.final = detail::lane_view<T>(tensor_view<T>(final.data(), states));
  openmp on(threads);
  if (lanes * time >= least_share * threads) { ASSERT_EQ(workers_for(on, p.size), threads); }
  sequential::solve_packed_by(made.lanes, on, p, how);
  ASSERT_TRUE(x.guards_hold());
  for (index_t lane = 0; lane < all; ++lane)
    for (index_t t = 0; t < time; ++t)
      ASSERT_TRUE(same_bits(x.data()[at(lane, t)], needed[at(lane, t)]))
          << lanes << " lanes of " << time << ", placing " << static_cast<int>(where) << ", " << sequences
          << " sequences, " << threads << " threads: lane " << lane << " at " << t;
  for (std::size_t i = 0; i < final.size(); ++i) ASSERT_TRUE(same_bits(final[i], needed_final[i])) << i;
}

TYPED_TEST(simd_packed_lanes, each_sequence_is_a_left_fold_bit_for_bit) {
  using T = TypeParam;
  constexpr index_t elements = 4 * least_share;  // several workers, none with the same share
  judge_targets<T>([&](functions<T> const& made) {
    for (index_t const lanes : {1, 5, 64, 131})
      for (placing const where : {placing::rows, placing::time_contiguous, placing::uneven_rows, placing::uneven_lanes})
        for (index_t const time : {index_t{40}, elements / lanes})
          for (auto const& offsets : all_offsets(time))
            for (bool const starts : {false, true})
              for (int const threads : {1, 3})
                expect_left_folds<T>(made, lanes, time, where, offsets, starts, threads,
                                     starts ? write::past_the_cache : write::through_the_cache);
  });
}

}  // namespace
}  // namespace ssmscan::simd
