// Lanes that follow one another in memory, of whole blocks, over which one walk goes by every SIMD target: what a walk of each
// gives, and the bits of the text.
#include <memory>

#include "tests/laws/fenced.hpp"
#include "tests/scan/backends/each_target.hpp"
#include "tests/scan/backends/guarded.hpp"
#include <gtest/gtest.h>

#include <ssmscan/scan/algorithms/look_back.hpp>
#include <ssmscan/scan/backends/serial.hpp>
#include <ssmscan/scan/backends/simd/lane_chunks.hpp>
#include <ssmscan/scan/detail/check_recurrence.hpp>

namespace ssmscan::simd {
namespace {

using laws::same_bits;  // -0 is not 0

template <class M>
class simd_walk_over_lanes : public testing::Test {};
TYPED_TEST_SUITE(simd_walk_over_lanes, monoids);

// One walk over lanes that follow one another gives what a walk of each gives.
TYPED_TEST(simd_walk_over_lanes, several_lanes_are_walked_as_one_after_the_other) {
  using M = TypeParam;
  using T = typename M::scalar;
  auto const scratch = std::make_unique<chunk_scratch<T>>();
  constexpr index_t lanes = 3;
  judge_targets<T>([&](functions<T> const& made) {
    for (index_t const length : {block, 3 * block, 5 * block, chunk, chunk + block})
      for (index_t const stride : {1, -1, 2})
        for (bool const with_firsts : {false, true})
          for (writing const to : every_writing) {
            index_t const n = lanes * length, size = std::abs(stride) * (n - 1) + 1;
            auto const a = random_numbers<T>(n, 0.9, 1), b = random_numbers<T>(n, -1, 1);
            auto const firsts = random_numbers<T>(lanes, -1, 1);
            strided<T> const in_a(a, stride), in_b(b, stride);
            guarded<T> once(size, to.offset), one_by_one(size, to.offset);
            auto const first_of = [&](guarded<T>& x) { return x.data() + (stride < 0 ? size - 1 : 0); };
            chunk_source<T> all{in_a.first, in_b.first, stride, stride, n, with_firsts ? firsts.data() : nullptr};
            all.lane_length = length;
            T const left = chunk_of<M>(made).walk(all, *scratch, nullptr, {first_of(once), stride, to.how});
            T left_by_last{};
            for (index_t lane = 0; lane < lanes; ++lane) {
              index_t const begin = lane * length * stride;
              chunk_source<T> const one{in_a.first + begin,
                                        in_b.first + begin,
                                        stride,
                                        stride,
                                        length,
                                        with_firsts ? firsts.data() + lane : nullptr};
              left_by_last =
                  chunk_of<M>(made).walk(one, *scratch, nullptr, {first_of(one_by_one) + begin, stride, to.how});
            }
            ASSERT_TRUE(same_bits(left, left_by_last));
            for (index_t t = 0; t < n; ++t)
              ASSERT_TRUE(same_bits(first_of(once)[t * stride], first_of(one_by_one)[t * stride]))
                  << length << " steps, at " << t;
            ASSERT_TRUE(once.guards_hold() && one_by_one.guards_hold()) << to.offset;
          }
  });
}

// A worker's lanes: more than a walk has places for what enters, 64, so that several walks go over them, the last not over as many; from
// the first lane on, or where time runs down from the last; and lanes that are not of whole blocks, a walk each.
TYPED_TEST(simd_walk_over_lanes, as_many_as_a_worker_has_are_the_text_bit_for_bit) {
  using M = TypeParam;
  using T = typename M::scalar;
  auto const scratch = std::make_unique<chunk_scratch<T>>();
  constexpr index_t walked = 64;
  for (extent const size : {extent{walked, block},
                            {walked + 1, block},
                            {2 * walked + 5, 2 * block},
                            {walked + 2, chunk + block},
                            {walked + 1, block + 1}}) {
    index_t const lanes = size.lanes, time = size.time;  // which a lambda may capture
    index_t const n = lanes * time;
    auto const a = random_numbers<T>(n, 0.9, 1), b = random_numbers<T>(n, -1, 1);
    auto const initial = random_numbers<T>(lanes, -1, 1);
    tensor_shape const shape{1, lanes, time}, states{1, lanes, 1};
    for (direction const way : {direction::forward, direction::reverse})
      for (bool const enters : {false, true}) {
        std::vector<T> needed(b.size()), final(initial.size());
        recurrence<T> problem{
            .a = {a.data(), shape}, .b = {b.data(), shape}, .x = {needed.data(), shape}, .direction = way};
        if (enters) problem.initial = {initial.data(), states};
        detail::checked_recurrence<T> const by_text(problem);
        using io = detail::recurrence_io<M>;
        serial one;
        ssmscan::look_back::inclusive(one, M{}, size, typename io::load{&by_text.problem()},
                                      typename io::store{&by_text.problem()});
        problem.final = {final.data(), states};
        judge_targets<T>([&](functions<T> const& made) {
          for (index_t const first : {0, 1})  // of the worker's lanes
            for (writing const to : {every_writing[1], every_writing[2], every_writing[6]}) {
              guarded<T> x(n, to.offset);
              std::fill_n(x.data(), n, T(77));
              std::fill(final.begin(), final.end(), T(77));
              problem.x.data = x.data();
              detail::checked_recurrence<T> const checked(problem);
              lane_chunks<T>(checked.problem(), to.how).walk_lanes(chunk_of<M>(made), first, lanes, *scratch);
              for (index_t lane = 0; lane < lanes; ++lane) {
                index_t const last = way == direction::forward ? (lane + 1) * time - 1 : lane * time;
                for (index_t i = lane * time; i < (lane + 1) * time; ++i)
                  ASSERT_TRUE(same_bits(x.data()[i], lane < first ? T(77) : needed[static_cast<std::size_t>(i)]))
                      << lane << " of " << lanes << " lanes, from lane " << first << ", at " << i - lane * time;
                ASSERT_TRUE(same_bits(final[static_cast<std::size_t>(lane)], x.data()[last]))
                    << lane << " of " << lanes;
              }
              ASSERT_TRUE(x.guards_hold()) << to.offset;
            }
        });
      }
  }
}

}  // namespace
}  // namespace ssmscan::simd
