// Every way to be turned away at the door of linear_recurrence: the exception's type, a message that names the
// argument, what was given and what is needed, and nothing written anywhere.
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "tests/scan/door/good_problem.hpp"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ssmscan {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

struct bad_case {
  std::string name, argument, given, needed;
  std::function<void(good_problem&)> spoil;
};

void PrintTo(bad_case const& c, std::ostream* os) { *os << c.name; }

std::vector<bad_case> bad_cases() {
  auto const off = [](double* p) { return reinterpret_cast<double*>(reinterpret_cast<char*>(p) + 1); };
  auto const use_offsets = [](good_problem& f) {
    f.problem.offsets = f.offsets, f.problem.initial = {}, f.problem.final = {};
  };
  return {
      {"negative_time", "x", "(2, 3, -1)", "negative", [](good_problem& f) { f.problem.x.shape.time = -1; }},
      {"negative_batch", "x", "(-2, 3, 8)", "negative", [](good_problem& f) { f.problem.x.shape.batch = -2; }},
      {"lanes_overflow", "x", "(9223372036854775807, 2, 8)", "64 bits",
       [](good_problem& f) {
         f.problem.x.shape = {most, 2, 8};
       }},
      {"lanes_overflow_without_time", "x", "shape", "64 bits",
       [](good_problem& f) {
         f.problem.x.shape = {most, 2, 0};
       }},
      {"elements_overflow", "x", "shape", "64 bits",
       [](good_problem& f) {
         f.problem.x.shape = {1, most / 2, 8};
       }},
      {"bytes_overflow", "x", "shape", "64 bits",
       [](good_problem& f) {
         f.problem.x.shape = {1, 1, most / 8};
       }},
      {"shape_of_a", "a", "(2, 3, 7)", "(2, 3, 8)", [](good_problem& f) { f.problem.a.shape.time = 7; }},
      {"shape_of_b", "b", "(2, 4, 8)", "(2, 3, 8)", [](good_problem& f) { f.problem.b.shape.channel = 4; }},
      {"null_a", "a", "null", "(2, 3, 8)", [](good_problem& f) { f.problem.a.data = nullptr; }},
      {"null_b", "b", "null", "(2, 3, 8)", [](good_problem& f) { f.problem.b.data = nullptr; }},
      {"null_x", "x", "null", "(2, 3, 8)", [](good_problem& f) { f.problem.x.data = nullptr; }},
      {"unaligned_a", "a", "multiple of 8", "aligned", [=](good_problem& f) { f.problem.a.data = off(f.at(0)); }},
      {"unaligned_x", "x", "multiple of 8", "aligned", [=](good_problem& f) { f.problem.x.data = off(f.at(2)); }},
      {"unaligned_final", "final", "multiple of 8", "aligned",
       [=](good_problem& f) { f.problem.final.data = off(f.at(4)); }},
      {"far_stride_a", "a", "9223372036854775807", "address space",
       [](good_problem& f) { f.problem.a.stride.batch = most; }},
      {"far_stride_b", "b", "-9223372036854775808", "address space",
       [](good_problem& f) { f.problem.b.stride.time = std::numeric_limits<index_t>::min(); }},
      {"far_stride_x", "x", "strides (24, 8, 4611686018427387904)", "address space",
       [](good_problem& f) { f.problem.x.stride.time = index_t{1} << 62; }},
      {"states_of_initial", "initial", "(2, 3, 2)", "(2, 3, 1) = (batch, channel, sequences)",
       [](good_problem& f) { f.problem.initial.shape.time = 2; }},
      {"states_of_final", "final", "(2, 2, 1)", "(2, 3, 1) = (batch, channel, sequences)",
       [](good_problem& f) { f.problem.final.shape.channel = 2; }},
      {"states_when_packed", "initial", "(2, 3, 1)", "(2, 3, 3)",
       [](good_problem& f) { f.problem.offsets = f.offsets; }},
      {"states_when_reset", "initial", "(2, 3, 1)", "(2, 3, 3)", [](good_problem& f) { f.problem.reset = f.reset; }},
      {"x_twice_by_zero", "x", "strides (24, 8, 0)", "of its own",
       [](good_problem& f) { f.problem.x.stride.time = 0; }},
      {"x_twice_by_strides", "x", "strides (24, 2, 1)", "of its own",
       [](good_problem& f) { f.problem.x.stride.channel = 2; }},
      {"x_twice_by_sum", "x", "strides (10, 5, 2)", "of its own",
       [](good_problem& f) {
         f.problem.x.stride = {10, 5, 2};
       }},
      {"final_twice", "final", "strides (0, 1, 1)", "of its own",
       [](good_problem& f) { f.problem.final.stride.batch = 0; }},
      {"x_over_a", "x", "overlaps a", "no overlap", [](good_problem& f) { f.problem.x.data = f.at(0) + 1; }},
      {"x_over_a_backwards", "x", "overlaps a", "same pointer and strides",
       [](good_problem& f) {
         f.problem.x = {f.at(0) + 7, shape, {24, 8, -1}};
       }},
      {"x_over_b", "x", "overlaps b", "no overlap", [](good_problem& f) { f.problem.x.data = f.at(1) - 1; }},
      {"x_over_broadcast_a", "x", "overlaps a", "no overlap",
       [](good_problem& f) {
         f.problem.a = {f.at(2) + 5, shape, {0, 0, 0}};
       }},
      {"x_over_initial", "x", "overlaps initial", "no overlap",
       [](good_problem& f) { f.problem.initial.data = f.at(2) + 3; }},
      {"x_over_final", "x", "overlaps final", "no overlap",
       [](good_problem& f) { f.problem.final.data = f.at(2) + 3; }},
      {"final_over_a", "final", "overlaps a", "no overlap", [](good_problem& f) { f.problem.final.data = f.at(0); }},
      {"final_over_b", "final", "overlaps b", "no overlap", [](good_problem& f) { f.problem.final.data = f.at(1); }},
      {"final_over_initial", "final", "overlaps initial", "no overlap",
       [](good_problem& f) { f.problem.final.data = f.at(3); }},
      {"x_over_offsets", "x", "overlaps offsets", "no overlap",
       [=](good_problem& f) {
         use_offsets(f);
         f.problem.x = {reinterpret_cast<double*>(f.offsets.data()), {1, 1, 8}, {0, 0, 1}};
         f.problem.a.shape = f.problem.b.shape = {1, 1, 8};
       }},
      {"both_packings", "offsets, reset", "both", "one of them",
       [=](good_problem& f) {
         use_offsets(f);
         f.problem.reset = f.reset;
       }},
      {"no_offsets", "offsets", "no values", "first 0",
       [=](good_problem& f) {
         use_offsets(f);
         f.problem.offsets = std::span<index_t const>(f.offsets.data(), 0);
       }},
      {"null_offsets_with_a_size", "offsets", "null pointer to 4", "pointer",
       [](good_problem& f) { f.problem.offsets = std::span<index_t const>(static_cast<index_t const*>(nullptr), 4); }},
      {"unaligned_offsets", "offsets", "multiple of 8", "aligned",
       [=](good_problem& f) {
         use_offsets(f);
         f.problem.offsets = {reinterpret_cast<index_t const*>(reinterpret_cast<char*>(f.offsets.data()) + 4), 2};
       }},
      {"first_offset", "offsets", "first = 1", "first = 0", [=](good_problem& f) { use_offsets(f), f.offsets[0] = 1; }},
      {"last_offset", "offsets", "last = 7", "time = 8", [=](good_problem& f) { use_offsets(f), f.offsets[3] = 7; }},
      {"descending_offsets", "offsets", "4 then 3 at position 2", "ascending",
       [=](good_problem& f) { use_offsets(f), f.offsets[1] = 4; }},
      {"short_reset", "reset", "7 values", "time step = 8",
       [](good_problem& f) { f.problem.reset = std::span<std::uint8_t const>(f.reset.data(), 7); }},
      {"bad_direction", "direction", "7", "forward or reverse",
       [](good_problem& f) { f.problem.direction = static_cast<direction>(7); }},
      {"bad_operation", "operation", "7", "affine or semi_log",
       [](good_problem& f) { f.problem.operation = static_cast<operation>(7); }},
      {"negative_threads", "threads", "-1", "0 (as many", [](good_problem& f) { f.how.threads = -1; }},
      {"too_many_threads", "threads", "1000000", "to 4096", [](good_problem& f) { f.how.threads = 1000000; }},
      {"threads_of_serial", "threads", "2 with backend = serial", "1 or 0",
       [](good_problem& f) { f.how.backend = "serial", f.how.threads = 2; }},
      {"unknown_algorithm", "algorithm", "\"cumsum\"", "sequential",
       [](good_problem& f) { f.how.algorithm = "cumsum"; }},
      {"unknown_backend", "backend", "\"cuda\"", "serial, openmp", [](good_problem& f) { f.how.backend = "cuda"; }},
      {"unwanted_inner", "inner", "\"blelloch\"", "no inner",
       [](good_problem& f) { f.how.algorithm = "sequential", f.how.inner = "blelloch"; }},
  };
}

class door : public testing::TestWithParam<bad_case> {};

TEST_P(door, says_what_is_wrong_and_writes_nothing) {
  auto const& bad = GetParam();
  good_problem f;
  bad.spoil(f);
  auto const memory = f.memory;
  auto const offsets = f.offsets;
  auto const must_refuse = [&](auto const& call) {
    try {
      call();
      ADD_FAILURE() << "accepted";
    } catch (std::invalid_argument const& e) {
      std::string const message = e.what();
      std::string const got = message.substr(0, message.find("; need "));
      EXPECT_THAT(got, StartsWith(bad.argument + ": got "));
      EXPECT_THAT(got, HasSubstr(bad.given));
      EXPECT_THAT(message.substr(got.size()), HasSubstr(bad.needed)) << message;
      EXPECT_EQ(message.find('\n'), std::string::npos);
    }
    EXPECT_EQ(f.memory, memory);
    EXPECT_EQ(f.offsets, offsets);
  };
  must_refuse([&] { linear_recurrence(f.problem, f.how); });
  must_refuse([&] { plan(f.problem, f.how); });
}

INSTANTIATE_TEST_SUITE_P(cases, door, testing::ValuesIn(bad_cases()), [](auto const& c) { return c.param.name; });

}  // namespace
}  // namespace ssmscan
