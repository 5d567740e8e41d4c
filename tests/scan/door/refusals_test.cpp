// What the door says of a combination that does not exist, of a span that was not given, and of nothing to compute; and that it looks
// at every dtype.
#include <complex>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ssmscan/scan/linear_recurrence.hpp>

namespace ssmscan {
namespace {

// Where there is nothing to compute, no reason speaks of a cost.
TEST(refusals, nothing_to_compute_is_said_so) {
  float values[8] = {};
  for (tensor_shape const& shape : {tensor_shape{0, 1, 8}, tensor_shape{1, 0, 8}, tensor_shape{1, 1, 0}}) {
    recurrence<float> problem{.a = {values, shape}, .b = {values, shape}, .x = {values, shape}};
    for (operation const o : {operation::affine, operation::semi_log}) {
      problem.operation = o;
      for (int const threads : {1, 2})
        EXPECT_THAT(plan(problem, {.threads = threads}).reason, testing::EndsWith(": nothing to compute"));
    }
  }
}

// A combination that does not exist is refused by the argument that was given, and with what there is instead.
template <class T>
std::string said_of(operation o, execution const& how, bool packed = false) {
  std::vector<T> values(24);
  std::vector<index_t> const offsets{0, 8};
  recurrence<T> problem{
      .a = {values.data(), 8}, .b = {values.data() + 8, 8}, .x = {values.data() + 16, 8}, .operation = o};
  if (packed) problem.offsets = offsets;
  try {
    plan(problem, how);
  } catch (std::invalid_argument const& error) { return error.what(); }
  return "";
}

TEST(refusals, blames_the_argument_that_was_given) {
  using enum operation;
  for (std::string_view const algorithm : {"automatic", "chunked", "heinsen"}) {
    EXPECT_EQ(said_of<std::uint32_t>(semi_log, {.algorithm = algorithm}),
              "operation: got semi_log for u32; need affine, or float or double");
    EXPECT_EQ(said_of<std::complex<double>>(semi_log, {.algorithm = algorithm}, true),
              "operation: got semi_log for c128; need affine, or float or double");
  }
  EXPECT_EQ(said_of<float>(affine, {.inner = "blelloch"}),
            "inner: got \"blelloch\"; need none with algorithm = automatic, which takes none that has inner prefix "
            "sums; those are: heinsen");
  EXPECT_EQ(said_of<double>(affine, {.algorithm = "heinsen.fused"}),
            "algorithm: got \"heinsen.fused\" for f64 affine; need one of automatic, sequential, hillis_steele, "
            "blelloch, chunked, heinsen, heinsen.plain, look_back, sequential.textbook, chunked.textbook, "
            "look_back.textbook");
  EXPECT_EQ(said_of<float>(affine, {.algorithm = "heinsen.plain"}, true),
            "algorithm: got \"heinsen.plain\" for f32 affine, packed; need one of automatic, sequential, "
            "hillis_steele, blelloch, chunked, heinsen, heinsen.fused, look_back, sequential.textbook, "
            "chunked.textbook, look_back.textbook");
}

// A span of null is one that was not given, whatever it was made of.
TEST(refusals, a_span_of_null_is_not_packed) {
  std::vector<index_t> never, empty{1};
  empty.clear();
  ASSERT_EQ(never.data(), nullptr);
  float values[12] = {0.5F, 0.5F, 0.5F, 0.5F, 1, 1, 1, 1};
  recurrence<float> problem{.a = {values, 4}, .b = {values + 4, 4}, .x = {values + 8, 4}};
  problem.offsets = never;
  EXPECT_NO_THROW(linear_recurrence(problem));
  EXPECT_EQ(values[11], 1.875F);
  problem.offsets = empty;
  EXPECT_THROW(linear_recurrence(problem), std::invalid_argument);
}

TEST(refusals, every_dtype_is_checked) {
  auto const refuse = []<class T>(T) {
    std::vector<T> values(8);
    recurrence<T> p{.a = tensor_view<T>(values.data(), 8),
                    .b = tensor_view<T>(values.data(), 8),
                    .x = tensor_view<T>(values.data() + 1, 7)};
    EXPECT_THROW(linear_recurrence(p), std::invalid_argument);
    p.a = p.b = tensor_view<T>(values.data(), 7);
    EXPECT_THROW(linear_recurrence(p), std::invalid_argument);
    EXPECT_EQ(values, std::vector<T>(8));
  };
  refuse(float{}), refuse(double{}), refuse(std::complex<float>{}), refuse(std::complex<double>{});
  refuse(std::uint32_t{});
}

TEST(refusals, semi_log_is_for_real_numbers) {
  std::complex<float> z = 1;
  recurrence<std::complex<float>> p;
  p.a = p.b = tensor_view<std::complex<float>>(&z, 1);
  p.x = tensor_view<std::complex<float>>(&z, 1);
  p.operation = operation::semi_log;
  EXPECT_THROW(linear_recurrence(p), std::invalid_argument);
}

}  // namespace
}  // namespace ssmscan
