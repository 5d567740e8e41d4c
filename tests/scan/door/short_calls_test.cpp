// Short plain calls have a way of their own (detail/short_call.hpp).
#include <complex>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ssmscan/scan/linear_recurrence.hpp>

namespace ssmscan {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// On both sides of its ends (4096 steps, 64 lanes, 16384 elements) the choice that plan names, and the bits of that algorithm by
// the whole door, in place too.
template <class T>
void expect_what_plan_says(T a, index_t lanes, layout where) {
  for (index_t const n : {0, 1, 2, 3, 17, 167, 168, 255, 256, 257, 272, 384, 543, 544, 1000, 2047, 2048, 4096, 4097})
    for (std::string_view const backend : {"serial", "openmp"})
      for (bool const in_place : {false, true}) {
        tensor_shape const dense{1, lanes, n};
        std::vector<T> const factors(static_cast<std::size_t>(lanes * n), a);
        std::vector<T> b(factors.size()), x(factors.size(), T(7)), needed(factors.size());
        for (std::size_t t = 0; t < b.size(); ++t) b[t] = T(static_cast<std::uint8_t>(t % 5 + 1));
        recurrence<T> const problem{
            .a = {factors.data(), dense, where}, .b = {b.data(), dense, where}, .x = {x.data(), dense, where}};
        auto by_name = problem, own = problem;
        by_name.x.data = needed.data();
        choice const said = plan(problem, {.backend = backend});
        linear_recurrence(by_name, {.algorithm = said.algorithm, .backend = backend});
        if (in_place) own.x.data = b.data();
        choice const made = linear_recurrence(own, {.backend = backend});
        EXPECT_EQ(in_place ? b : x, needed) << lanes << " lanes of " << n;
        EXPECT_EQ(made.algorithm, said.algorithm);
        EXPECT_EQ(made.backend, said.backend);
        EXPECT_EQ(made.tree, said.tree);
        EXPECT_EQ(made.inner, "");
        EXPECT_THAT(said.reason, HasSubstr((lanes == 1 ? "1 lane of " : " lanes of ") + std::to_string(n)));
      }
}

template <class T>
void expect_what_plan_says(T a) {
  for (index_t const lanes : {1, 2, 8, 64, 65})
    for (layout const where : {layout::lane_major, layout::time_major}) expect_what_plan_says<T>(a, lanes, where);
}

TEST(short_calls, are_what_plan_says) {
  expect_what_plan_says<float>(0.75f);
  expect_what_plan_says<double>(0.3);
  expect_what_plan_says<std::complex<float>>({0.5f, -0.25f});
  expect_what_plan_says<std::complex<double>>({0.1, 0.9});
  expect_what_plan_says<std::uint32_t>(3);
}

// And what is wrong with a short plain call is said as of any other.
TEST(short_calls, are_checked) {
  float values[16] = {};
  recurrence<float> const good{.a = {values, 4}, .b = {values + 4, 4}, .x = {values + 8, 4}};
  auto const refused = [&](auto const& spoil, execution const& how, std::string const& argument) {
    auto problem = good;
    spoil(problem);
    try {
      linear_recurrence(problem, how);
      ADD_FAILURE() << "accepted, " << argument;
    } catch (std::invalid_argument const& error) { EXPECT_THAT(error.what(), StartsWith(argument + ": ")); }
  };
  auto const as_it_is = [](recurrence<float>&) {};
  EXPECT_NO_THROW(linear_recurrence(good));
  refused(as_it_is, {.backend = "gpu"}, "backend");
  refused(as_it_is, {.inner = "chunked"}, "inner");
  refused(as_it_is, {.threads = -1}, "threads");
  refused(as_it_is, {.threads = 4097}, "threads");
  refused(as_it_is, {.backend = "serial", .threads = 2}, "threads");
  refused([&](auto& p) { p.x.data = values + 1; }, {}, "x");
  refused([&](auto& p) { p.x.data = values + 5; }, {}, "x");
  refused([&](auto& p) { p.x.data = nullptr; }, {}, "x");
  refused([&](auto& p) { p.a.data = reinterpret_cast<float*>(reinterpret_cast<char*>(values) + 1); }, {}, "a");
  refused([&](auto& p) { p.b.data = reinterpret_cast<float*>(~std::uintptr_t{15}); }, {}, "b");
  refused([&](auto& p) { p.b.shape.time = 3; }, {}, "b");
  refused([&](auto& p) { p.x.stride.time = 0; }, {}, "x");
  refused([&](auto& p) { p.offsets = {static_cast<index_t const*>(nullptr), 2}; }, {}, "offsets");
  refused([&](auto& p) { p.direction = static_cast<direction>(2); }, {}, "direction");
  auto const two_lanes = [](auto& p) {
    p.a = {p.a.data, {1, 2, 2}}, p.b = {p.b.data, {1, 2, 2}}, p.x = {p.x.data, {1, 2, 2}};
  };
  EXPECT_NO_THROW(([&] {
    auto problem = good;
    two_lanes(problem), linear_recurrence(problem);
  }()));
  refused([&](auto& p) { two_lanes(p), p.x.data = values + 5; }, {}, "x");
  refused([&](auto& p) { two_lanes(p), p.b.shape.channel = 3; }, {}, "b");
  refused([&](auto& p) { two_lanes(p), p.x.stride.channel = 1; }, {}, "x");
}

}  // namespace
}  // namespace ssmscan
