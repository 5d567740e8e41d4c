// What must not be turned away at the door of linear_recurrence: what it gives, and that nothing else is written.
#include <limits>
#include <vector>

#include "tests/scan/door/good_problem.hpp"
#include <gtest/gtest.h>

namespace ssmscan {
namespace {

// x[t] = a x[t-1] + b one lane after the other; every element outside the results keeps its red.
void expect_recurrence(good_problem& f) {
  auto& p = f.problem;
  auto expected = f.memory;
  auto const index = [&](double const* at) { return static_cast<std::size_t>(at - f.memory.data()); };
  for (index_t b = 0; b < shape.batch; ++b)
    for (index_t c = 0; c < shape.channel; ++c) {
      double x = p.initial(b, c, 0);
      for (index_t t = 0; t < shape.time; ++t) expected[index(&p.x(b, c, t))] = x = p.a(b, c, t) * x + p.b(b, c, t);
      expected[index(&p.final(b, c, 0))] = x;
    }
  linear_recurrence(p, f.how);
  EXPECT_EQ(f.memory, expected);  // small integers: exact
}

void fill(good_problem& f) {
  for (index_t b = 0; b < shape.batch; ++b)
    for (index_t c = 0; c < shape.channel; ++c) {
      for (index_t t = 0; t < shape.time; ++t) {
        const_cast<double&>(f.problem.a(b, c, t)) = static_cast<double>((b + c + t) % 3 - 1);
        const_cast<double&>(f.problem.b(b, c, t)) = static_cast<double>(b - c + t);
      }
      const_cast<double&>(f.problem.initial(b, c, 0)) = static_cast<double>(5 + c);
    }
}

TEST(open_door, dense) {
  good_problem f;
  fill(f);
  expect_recurrence(f);
}

TEST(open_door, a_b_and_x_interleaved) {
  good_problem f;
  tensor_shape const stride{3 * 24, 3 * 8, 3};
  f.problem.a = tensor_view<double>(f.at(0), shape, stride);
  f.problem.b = tensor_view<double>(f.at(0) + 1, shape, stride);
  f.problem.x = tensor_view<double>(f.at(0) + 2, shape, stride);
  fill(f);
  expect_recurrence(f);
}

TEST(open_door, in_place_with_another_stride_of_an_axis_of_one) {
  good_problem f;
  for (auto* v : {&f.problem.a, &f.problem.b}) v->shape = {1, 3, 8};
  f.problem.x = {f.at(1), {1, 3, 8}, {999, 8, 1}};
  f.problem.initial = {}, f.problem.final = {};
  EXPECT_NO_THROW(linear_recurrence(f.problem, f.how));
}

TEST(open_door, axes_that_are_never_stepped_along_may_have_any_stride) {
  index_t const least = std::numeric_limits<index_t>::min();
  for (auto way : {direction::forward, direction::reverse}) {
    double a = 2, b = 3, x = red, initial = 5, final = red;
    tensor_shape const one{1, 1, 1}, wild{least, most, least};
    recurrence<double> const p{.a = {&a, one, wild},
                               .b = {&b, one, wild},
                               .x = {&x, one, wild},
                               .initial = {&initial, one, wild},
                               .final = {&final, one, wild},
                               .direction = way};
    linear_recurrence(p);
    EXPECT_EQ(x, 13);
    EXPECT_EQ(final, 13);
  }
}

TEST(open_door, empty_shapes_write_nothing_but_the_final_state) {
  for (auto empty : {tensor_shape{0, 3, 8}, {2, 0, 8}, {2, 3, 0}}) {
    good_problem f;
    tensor_shape const wild{most, most, most};
    f.problem.a = {f.at(0), empty, wild};
    f.problem.b = {f.at(1), empty, wild};
    f.problem.x = {f.at(2), empty, wild};
    f.problem.initial.shape = f.problem.final.shape = {empty.batch, empty.channel, 1};
    auto expected = f.memory;
    linear_recurrence(f.problem, f.how);
    EXPECT_EQ(f.memory, expected);  // a final state is its initial state, red here too
  }
}

TEST(open_door, packed_without_time) {
  double initial = 5, final = red;
  std::uint8_t no_reset = 1;
  std::vector<index_t> const one_empty{0, 0}, none{0};
  recurrence<double> p;
  p.a = p.b = {&initial, {1, 1, 0}};
  p.x = {&final, {1, 1, 0}};
  p.initial = {&initial, {1, 1, 1}};
  p.final = {&final, {1, 1, 1}};
  p.reset = {&no_reset, 0};  // a sequence starts at 0 in any case: one, empty
  linear_recurrence(p);
  EXPECT_EQ(final, 5);
  final = red;
  p.reset = {};
  p.offsets = one_empty;
  linear_recurrence(p);
  EXPECT_EQ(final, 5);
  final = red;
  p.offsets = none;  // no sequence at all
  p.initial.shape.time = p.final.shape.time = 0;
  linear_recurrence(p);
  EXPECT_EQ(final, red);
}

}  // namespace
}  // namespace ssmscan
