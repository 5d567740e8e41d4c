// The gate before the clock: it lets the definition through, in the working precision, on every kind of problem that is
// timed, and stops each single element that is off by more than roundings can explain.
#include "bench/common/contender.hpp"
#include <gtest/gtest.h>

namespace ssmscan::bench {
namespace {

template <class T>
std::string verdict(problem<T>& on) {
  return oracle<T>(on).compare(on.x, {.right_steps = 1});
}

// The definition as a loop over the public views, in T; what is stored in 16 bits, in float, each x rounded as it is written.
template <class T>
void define(problem<T>& on) {
  auto const call = on.call();
  bool const reverse = on.shape.direction == direction::reverse;
  for (index_t lane = 0; lane < on.shape.lanes; ++lane) {
    using state_t = typename problem<T>::state;
    state_t state = on.initial.empty() ? state_t() : call.initial(0, lane, 0);
    for (index_t i = 0; i < on.shape.time; ++i) {
      index_t const t = reverse ? on.shape.time - 1 - i : i;
      for (index_t const start : on.offsets)
        if (start == (reverse ? t + 1 : t)) state = state_t();
      state = multiply_add(widened(call.a(0, lane, t)), state, widened(call.b(0, lane, t)));
      if constexpr (storage_dtype<T>)
        call.x(0, lane, t) = stored<T>(state);
      else
        call.x(0, lane, t) = state;
    }
  }
}

std::vector<problem_shape> kinds_of_problem() {
  constexpr index_t lanes = 3, time = 512;
  std::vector<problem_shape> made;
  for (auto const* family : {"", "mid", "slow", "constant"})
    for (auto const order : {layout::lane_major, layout::time_major})
      for (auto const way : {direction::forward, direction::reverse})
        for (index_t const packed : {0, 8})
          made.push_back({.lanes = lanes,
                          .time = time,
                          .layout = order,
                          .family = family,
                          .direction = way,
                          .packed = packed,
                          .state = packed == 0});
  return made;
}

template <class T>
class gate : public testing::Test {};
using dtypes = testing::Types<float, double, std::complex<float>, std::uint32_t, bfloat16, float16>;
TYPED_TEST_SUITE(gate, dtypes);

TYPED_TEST(gate, lets_the_definition_through_and_stops_each_wrong_element) {
  using T = TypeParam;
  std::size_t stopped = 0;
  for (auto const& shape : kinds_of_problem()) {
    problem<T> on(shape);
    define(on);
    oracle<T> const truth(on);
    ASSERT_EQ(truth.compare(on.x, {.right_steps = 1}), "") << shape.family;
    for (std::size_t i = 0; i < on.x.size(); i += 7) {
      T const kept = on.x[i];
      if constexpr (std::same_as<T, std::uint32_t>)
        on.x[i] += 1;
      else if constexpr (storage_dtype<T>)
        on.x[i] = stored<T>(widened(on.x[i]) + 1);  // x is below 64 here, and rounded to a 256th of itself
      else
        on.x[i] += T(0.125);  // a memory of 400 steps allows u (400^2 + 400 d) = 0.01 in float
      stopped += truth.compare(on.x, {.right_steps = 1}).starts_with("wrong result: x[" + std::to_string(i) + "]");
      on.x[i] = kept;
    }
  }
  constexpr std::size_t kinds = 4 * 2 * 2 * 2, places = (3 * 512 + 6) / 7;
  EXPECT_EQ(stopped, kinds * places);
}

TYPED_TEST(gate, stops_what_was_never_written) {
  using T = TypeParam;
  problem<T> on({.lanes = 1, .time = 100});
  define(on);
  if constexpr (std::same_as<T, std::uint32_t>)
    on.x[99] ^= 0xA5A5A5A5U;
  else
    on.x[99] = stored<T>(std::numeric_limits<typename precision<T>::real>::quiet_NaN());
  EXPECT_NE(verdict(on), "");
}

// The bound is rigorous, so what it allows may be large; that it is not blind at the lengths that are timed is a fact
// of the data: the carry of one chunk, lost, is seen.
TEST(gate_at_length, stops_a_lost_carry) {
  constexpr index_t time = index_t{1} << 18, chunk = 4096;
  problem<float> on({.lanes = 1, .time = time});
  define(on);
  ASSERT_EQ(verdict(on), "");
  index_t const begin = time - chunk;
  float state = 0;
  for (index_t t = begin; t < time; ++t) {
    auto const i = static_cast<std::size_t>(t);
    on.x[i] = state = std::fma(on.a[i], state, on.b[i]);
  }
  EXPECT_EQ(verdict(on).find("wrong result: x[" + std::to_string(begin) + "]"), 0U) << verdict(on);
}

// Everything of the registry passes, so that a failure in a benchmark is the contender's.
TEST(gate_of_registry, lets_every_algorithm_through) {
  std::size_t checked = 0;
  for (auto const& row : capabilities()) {
    if (row.dtype != "f32" || row.algorithm.ends_with(".plain")) continue;
    problem<float> on({.operation = row.operation, .lanes = 3, .time = 10007});
    auto const who = ours<float>(std::string(row.algorithm), std::string(row.inner), std::string(row.backend));
    auto const made = who.prepare(on, 0);
    made.pass();
    EXPECT_EQ(oracle<float>(on).compare(on.x, made.promised), "") << row.algorithm << " " << row.backend;
    ++checked;
  }
  EXPECT_GE(checked, 2 * algorithms::size);
}

}  // namespace
}  // namespace ssmscan::bench
