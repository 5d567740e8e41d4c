// A lane as parts, one for each worker, by every SIMD target: the bits of the text, whether a part has forgotten what enters it
// or not; and which way is taken, by the walks and sums that are called for.
#include <atomic>
#include <cmath>
#include <limits>
#include <vector>

#include "tests/laws/fenced.hpp"
#include "tests/scan/backends/each_target.hpp"
#include "tests/scan/backends/guarded.hpp"
#include <gtest/gtest.h>

#include <ssmscan/scan/backends/openmp.hpp>
#include <ssmscan/scan/backends/simd/look_back.hpp>
#include <ssmscan/scan/detail/check_recurrence.hpp>
#include <ssmscan/scan/linear_recurrence.hpp>

namespace ssmscan::simd {
namespace {

using laws::same_bits;  // -0 is not 0

template <class T>
using real_part = typename parts_of<T>::real;

// Long enough for parts of three workers; not of whole chunks or blocks.
constexpr index_t time = 3 * lane_parts::least_part * chunk + 2 * chunk + 77;

// Which of a chunk's functions were called for, of the target in hand.
std::atomic<index_t> walks{0}, sums{0}, turns{0};
template <class T>
chunk_functions<T> counted_of;
template <class T>
T counted_walk(chunk_source<T> const& in, chunk_scratch<T>& s, T const* state, chunk_sink<T> const& to) {
  ++walks;
  return counted_of<T>.walk(in, s, state, to);
}
template <class T>
affine_map<T> counted_summary(chunk_source<T> const& in, chunk_scratch<T>& s) {
  ++sums;
  return counted_of<T>.summary(in, s);
}
template <class T>
void counted_turns(chunk_source<T> const& in, turn_scratch<T>& s, unit_exchange<T>& with, chunk_sink<T> const& to) {
  ++turns;
  counted_of<T>.walk_in_turns(in, s, with, to);
}

// One lane (or several), and what the text makes of it.
template <class T>
struct lanes_of {
  std::vector<T> a, b, needed, final;
  index_t lanes = 1;
  direction way = direction::forward;
  std::vector<index_t> offsets;
  T initial = T(0);
  bool enters = false;

  lanes_of(double least_a, double most_a, index_t count = 1)
      : a(random_numbers<T>(count * time, least_a, most_a)),
        b(random_numbers<T>(count * time, -1, 1)),
        needed(b.size()),
        lanes(count) {}

  // In `x`, by `run`.
  template <class Run>
  void call(T* x, bool in_place, Run const& run) {
    tensor_shape const shape{1, lanes, time};
    index_t const sequences = offsets.empty() ? 1 : std::ssize(offsets) - 1;
    std::vector<T> states(static_cast<std::size_t>(lanes * sequences), initial);
    final.assign(states.size(), T(77));
    recurrence<T> problem{.a = {a.data(), shape}, .b = {in_place ? x : b.data(), shape}, .x = {x, shape}};
    problem.direction = way, problem.offsets = offsets, problem.final = {final.data(), {1, lanes, sequences}};
    if (enters) problem.initial = {states.data(), {1, lanes, sequences}};
    run(problem);
  }
  void ask_text() {
    call(needed.data(), false, [](recurrence<T> const& problem) {
      linear_recurrence(problem, {.algorithm = "look_back.textbook", .backend = "serial"});
    });
  }
  // By every target, each of several numbers of workers; judge(workers) then sees what was called for.
  template <class Judge>
  void expect_bits(std::vector<int> const& workers, Judge const& judge, bool in_place = false) {
    ask_text();
    std::vector<T> const needed_final = final;
    judge_targets<T>([&](functions<T> const& made) {
      counted_of<T> = made.chunk;
      chunk_functions<T> counted = made.chunk;
      counted.walk = counted_walk<T>, counted.summary = counted_summary<T>;
      if (counted.walk_in_turns != nullptr) counted.walk_in_turns = counted_turns<T>;
      for (write const how : {write::through_the_cache, write::past_the_cache})
        for (int const threads : workers) {
          guarded<T> x(lanes * time, 3);
          if (in_place) std::ranges::copy(b, x.data());
          walks = sums = turns = 0;
          call(x.data(), in_place, [&](recurrence<T> const& problem) {
            detail::checked_recurrence<T> const checked(problem);
            openmp on(threads);
            look_back::solve_by(counted, on, checked.problem(), how);
          });
          for (index_t i = 0; i < lanes * time; ++i)
            ASSERT_TRUE(same_bits(x.data()[i], needed[static_cast<std::size_t>(i)])) << threads << " workers, at " << i;
          ASSERT_TRUE(x.guards_hold());
          for (std::size_t i = 0; i < final.size(); ++i)
            ASSERT_TRUE(same_bits(final[i], needed_final[i])) << threads << " workers, final " << i;
          judge(threads);
        }
    });
  }
};

template <class T>
class simd_parts : public testing::Test {};
using floats = testing::Types<float, double, std::complex<float>, std::complex<double>>;
TYPED_TEST_SUITE(simd_parts, floats);

// A part is walked behind its opening, and then the opening: twice, but the first.
void expect_parts(int workers) {
  EXPECT_EQ(walks, 2 * workers - 1);
  EXPECT_EQ(turns, 0);
}
void expect_units(int) { EXPECT_TRUE(turns > 0 || walks > 2 * 3 - 1) << turns << ' ' << walks; }

TYPED_TEST(simd_parts, what_is_forgotten_is_walked_by_parts_bit_for_bit) {
  using T = TypeParam;
  std::vector<index_t> const inside{0, 300, time / 2, time / 2 + 1, time};
  for (bool const packed : {false, true})
    for (auto const way : {direction::forward, direction::reverse})
      for (bool const enters : {false, true}) {
        lanes_of<T> data(0.98, 1);
        data.way = way, data.enters = enters, data.initial = T(real_part<T>(-7));
        if (packed) data.offsets = inside;
        data.expect_bits({2, 3}, expect_parts);
      }
}

// Three workers share four lanes no other way.
TYPED_TEST(simd_parts, lanes_too_few_to_share_out_are_walked_by_parts_each) {
  lanes_of<TypeParam>(0.98, 1, 4).expect_bits({3}, [](int workers) { EXPECT_EQ(walks, 4 * (2 * workers - 1)); });
}

// Nothing is forgotten where |a| = 1, and nothing can be read twice where x takes b's place.
TYPED_TEST(simd_parts, what_is_not_forgotten_is_shared_in_order_bit_for_bit) {
  using T = TypeParam;
  lanes_of<T> kept(0.98, 1);
  std::ranges::fill(kept.a, T(1));
  kept.expect_bits({2, 3}, expect_units);
  lanes_of<T>(0.98, 1).expect_bits({2, 3}, expect_units, true);
}

// a = 1, and sequences that start in the parts' openings alone: that is forgetting, too.
TYPED_TEST(simd_parts, where_a_sequence_starts_nothing_enters) {
  using T = TypeParam;
  lanes_of<T> data(0.98, 1);
  std::ranges::fill(data.a, T(1));
  lane_parts const cut{detail::ceil_div(time, chunk), 3};
  data.offsets = {0, cut.begin(1) * chunk + 5, cut.begin(2) * chunk, time};
  data.expect_bits({3}, expect_parts);
}

// Odd a never become 0, even ones do within 32 steps.
TEST(simd_parts_of_integers, even_factors_forget) {
  lanes_of<std::uint32_t> data(0, 1);
  for (auto& a : data.a) a *= 2;
  data.expect_bits({2, 3}, expect_parts);
  for (auto& a : data.a) a |= 1;
  data.expect_bits({2, 3}, expect_units);
}

// The first lane's parts forget, the second lane's do not: their workers wait for what enters.
TYPED_TEST(simd_parts, a_part_that_does_not_forget_waits) {
  using T = TypeParam;
  lanes_of<T> data(0.98, 1, 4);
  std::fill(data.a.begin() + time, data.a.begin() + 2 * time, T(1));
  data.expect_bits({3}, [](int) { EXPECT_EQ(walks, 3 * 5 + 3); });
}

// By the roundings of two numbers a state is taken for forgotten: one that is far greater than what follows is not, nor are
// infinity and NaN. Each part's first step multiplies by so little, all else leaves the state as it is.
TYPED_TEST(simd_parts, what_was_taken_for_forgotten_and_was_not_is_walked_again) {
  using T = TypeParam;
  using real = real_part<T>;
  real const lost = std::numeric_limits<real>::epsilon() * std::numeric_limits<real>::epsilon();
  struct first_b {
    real value;
    index_t again;  // of two parts that something enters
  };
  real const infinite = std::numeric_limits<real>::infinity(), none = std::numeric_limits<real>::quiet_NaN();
  for (auto const& [value, again] : {first_b{1, 0}, {4 / lost, 1}, {infinite, 2}, {none, 2}}) {
    lanes_of<T> data(0.98, 1);
    std::ranges::fill(data.a, T(1));
    for (T& b : data.b) b = T(std::abs(b) > real(0.5) ? real(1) : real(0));
    lane_parts const cut{detail::ceil_div(time, chunk), 3};
    for (index_t const part : {1, 2}) {
      auto const first = static_cast<std::size_t>(cut.begin(part) * chunk);
      data.a[first] = T(lost), data.b[first] = T(1);
    }
    data.b[0] = T(value);
    data.expect_bits({3}, [again = again](int) { EXPECT_EQ(walks, 5 + again); });
  }
}

// Which lanes are long enough, and that an opening is less than its part.
TEST(simd_parts_of_a_lane, are_as_many_as_workers_and_not_shorter_than_sixteen_chunks) {
  EXPECT_FALSE((lane_parts{1000, 1}.are_long_enough()));
  EXPECT_FALSE((lane_parts{31, 2}.are_long_enough()));
  EXPECT_TRUE((lane_parts{32, 2}.are_long_enough()));
  for (index_t const count : {32, 33, 1000, 16384})
    for (index_t const workers : {2, 16}) {
      lane_parts const cut{count, workers};
      if (!cut.are_long_enough()) continue;
      EXPECT_EQ(cut.begin(0), 0);
      EXPECT_EQ(cut.end(workers - 1), count);
      EXPECT_GE(cut.most_summed(), 2);
      EXPECT_LE(cut.most_summed(), lane_parts::most_summed_by_any);
      for (index_t part = 0; part < workers; ++part) EXPECT_GT(cut.end(part) - cut.begin(part), cut.most_summed());
    }
}

}  // namespace
}  // namespace ssmscan::simd
