// Every way to be turned away at the door of linear_recurrence: the exception's type, a message that names the
// argument, what was given and what is needed, and nothing written anywhere. And what must not be turned away.
#include <complex>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ssmscan/scan/linear_recurrence.hpp>

namespace ssmscan {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr index_t most = std::numeric_limits<index_t>::max();
constexpr tensor_shape shape{2, 3, 8};
constexpr tensor_shape states{2, 3, 1};
constexpr double red = 12345.0;

// A good problem in the middle of red zones, to be spoiled by each case.
struct fixture {
  static constexpr index_t zone = 64;
  std::vector<double> memory = std::vector<double>(1024, red);
  std::vector<index_t> offsets{0, 3, 3, 8};
  std::vector<std::uint8_t> reset{1, 0, 0, 1, 0, 0, 0, 1};
  recurrence<double> problem;
  execution how{.backend = "serial"};

  fixture() {
    problem.a = view(0);
    problem.b = view(1);
    problem.x = view(2);
    problem.initial = {at(3), states};
    problem.final = {at(4), states};
  }
  double* at(index_t block) { return memory.data() + zone + block * 128; }
  tensor_view<double> view(index_t block) { return {at(block), shape}; }
};

struct bad_case {
  std::string name, argument, given, needed;
  std::function<void(fixture&)> spoil;
};

void PrintTo(bad_case const& c, std::ostream* os) { *os << c.name; }

std::vector<bad_case> bad_cases() {
  auto const off = [](double* p) { return reinterpret_cast<double*>(reinterpret_cast<char*>(p) + 1); };
  auto const use_offsets = [](fixture& f) {
    f.problem.offsets = f.offsets, f.problem.initial = {}, f.problem.final = {};
  };
  return {
      {"negative_time", "x", "(2, 3, -1)", "negative", [](fixture& f) { f.problem.x.shape.time = -1; }},
      {"negative_batch", "x", "(-2, 3, 8)", "negative", [](fixture& f) { f.problem.x.shape.batch = -2; }},
      {"lanes_overflow", "x", "(9223372036854775807, 2, 8)", "64 bits",
       [](fixture& f) {
         f.problem.x.shape = {most, 2, 8};
       }},
      {"lanes_overflow_without_time", "x", "shape", "64 bits",
       [](fixture& f) {
         f.problem.x.shape = {most, 2, 0};
       }},
      {"elements_overflow", "x", "shape", "64 bits",
       [](fixture& f) {
         f.problem.x.shape = {1, most / 2, 8};
       }},
      {"bytes_overflow", "x", "shape", "64 bits",
       [](fixture& f) {
         f.problem.x.shape = {1, 1, most / 8};
       }},
      {"shape_of_a", "a", "(2, 3, 7)", "(2, 3, 8)", [](fixture& f) { f.problem.a.shape.time = 7; }},
      {"shape_of_b", "b", "(2, 4, 8)", "(2, 3, 8)", [](fixture& f) { f.problem.b.shape.channel = 4; }},
      {"null_a", "a", "null", "(2, 3, 8)", [](fixture& f) { f.problem.a.data = nullptr; }},
      {"null_b", "b", "null", "(2, 3, 8)", [](fixture& f) { f.problem.b.data = nullptr; }},
      {"null_x", "x", "null", "(2, 3, 8)", [](fixture& f) { f.problem.x.data = nullptr; }},
      {"unaligned_a", "a", "multiple of 8", "aligned", [=](fixture& f) { f.problem.a.data = off(f.at(0)); }},
      {"unaligned_x", "x", "multiple of 8", "aligned", [=](fixture& f) { f.problem.x.data = off(f.at(2)); }},
      {"unaligned_final", "final", "multiple of 8", "aligned",
       [=](fixture& f) { f.problem.final.data = off(f.at(4)); }},
      {"far_stride_a", "a", "9223372036854775807", "address space",
       [](fixture& f) { f.problem.a.stride.batch = most; }},
      {"far_stride_b", "b", "-9223372036854775808", "address space",
       [](fixture& f) { f.problem.b.stride.time = std::numeric_limits<index_t>::min(); }},
      {"far_stride_x", "x", "strides (24, 8, 4611686018427387904)", "address space",
       [](fixture& f) { f.problem.x.stride.time = index_t{1} << 62; }},
      {"states_of_initial", "initial", "(2, 3, 2)", "(2, 3, 1) = (batch, channel, sequences)",
       [](fixture& f) { f.problem.initial.shape.time = 2; }},
      {"states_of_final", "final", "(2, 2, 1)", "(2, 3, 1) = (batch, channel, sequences)",
       [](fixture& f) { f.problem.final.shape.channel = 2; }},
      {"states_when_packed", "initial", "(2, 3, 1)", "(2, 3, 3)", [](fixture& f) { f.problem.offsets = f.offsets; }},
      {"states_when_reset", "initial", "(2, 3, 1)", "(2, 3, 3)", [](fixture& f) { f.problem.reset = f.reset; }},
      {"x_twice_by_zero", "x", "strides (24, 8, 0)", "of its own", [](fixture& f) { f.problem.x.stride.time = 0; }},
      {"x_twice_by_strides", "x", "strides (24, 2, 1)", "of its own",
       [](fixture& f) { f.problem.x.stride.channel = 2; }},
      {"x_twice_by_sum", "x", "strides (10, 5, 2)", "of its own",
       [](fixture& f) {
         f.problem.x.stride = {10, 5, 2};
       }},
      {"final_twice", "final", "strides (0, 1, 1)", "of its own", [](fixture& f) { f.problem.final.stride.batch = 0; }},
      {"x_over_a", "x", "overlaps a", "no overlap", [](fixture& f) { f.problem.x.data = f.at(0) + 1; }},
      {"x_over_a_backwards", "x", "overlaps a", "same pointer and strides",
       [](fixture& f) {
         f.problem.x = {f.at(0) + 7, shape, {24, 8, -1}};
       }},
      {"x_over_b", "x", "overlaps b", "no overlap", [](fixture& f) { f.problem.x.data = f.at(1) - 1; }},
      {"x_over_broadcast_a", "x", "overlaps a", "no overlap",
       [](fixture& f) {
         f.problem.a = {f.at(2) + 5, shape, {0, 0, 0}};
       }},
      {"x_over_initial", "x", "overlaps initial", "no overlap",
       [](fixture& f) { f.problem.initial.data = f.at(2) + 3; }},
      {"x_over_final", "x", "overlaps final", "no overlap", [](fixture& f) { f.problem.final.data = f.at(2) + 3; }},
      {"final_over_a", "final", "overlaps a", "no overlap", [](fixture& f) { f.problem.final.data = f.at(0); }},
      {"final_over_b", "final", "overlaps b", "no overlap", [](fixture& f) { f.problem.final.data = f.at(1); }},
      {"final_over_initial", "final", "overlaps initial", "no overlap",
       [](fixture& f) { f.problem.final.data = f.at(3); }},
      {"x_over_offsets", "x", "overlaps offsets", "no overlap",
       [=](fixture& f) {
         use_offsets(f);
         f.problem.x = {reinterpret_cast<double*>(f.offsets.data()), {1, 1, 8}, {0, 0, 1}};
         f.problem.a.shape = f.problem.b.shape = {1, 1, 8};
       }},
      {"both_packings", "offsets, reset", "both", "one of them",
       [=](fixture& f) {
         use_offsets(f);
         f.problem.reset = f.reset;
       }},
      {"no_offsets", "offsets", "no values", "first 0",
       [=](fixture& f) {
         use_offsets(f);
         f.problem.offsets = std::span<index_t const>(f.offsets.data(), 0);
       }},
      {"null_offsets_with_a_size", "offsets", "null pointer to 4", "pointer",
       [](fixture& f) { f.problem.offsets = std::span<index_t const>(static_cast<index_t const*>(nullptr), 4); }},
      {"unaligned_offsets", "offsets", "multiple of 8", "aligned",
       [=](fixture& f) {
         use_offsets(f);
         f.problem.offsets = {reinterpret_cast<index_t const*>(reinterpret_cast<char*>(f.offsets.data()) + 4), 2};
       }},
      {"first_offset", "offsets", "first = 1", "first = 0", [=](fixture& f) { use_offsets(f), f.offsets[0] = 1; }},
      {"last_offset", "offsets", "last = 7", "time = 8", [=](fixture& f) { use_offsets(f), f.offsets[3] = 7; }},
      {"descending_offsets", "offsets", "4 then 3 at position 2", "ascending",
       [=](fixture& f) { use_offsets(f), f.offsets[1] = 4; }},
      {"short_reset", "reset", "7 values", "time step = 8",
       [](fixture& f) { f.problem.reset = std::span<std::uint8_t const>(f.reset.data(), 7); }},
      {"bad_direction", "direction", "7", "forward or reverse",
       [](fixture& f) { f.problem.direction = static_cast<direction>(7); }},
      {"bad_operation", "operation", "7", "affine or semi_log",
       [](fixture& f) { f.problem.operation = static_cast<operation>(7); }},
      {"negative_threads", "threads", "-1", "0 (as many", [](fixture& f) { f.how.threads = -1; }},
      {"too_many_threads", "threads", "1000000", "to 4096", [](fixture& f) { f.how.threads = 1000000; }},
      {"threads_of_serial", "threads", "2 with backend = serial", "1 or 0",
       [](fixture& f) { f.how.backend = "serial", f.how.threads = 2; }},
      {"unknown_algorithm", "algorithm", "\"cumsum\"", "sequential", [](fixture& f) { f.how.algorithm = "cumsum"; }},
      {"unknown_backend", "backend", "\"cuda\"", "serial, openmp", [](fixture& f) { f.how.backend = "cuda"; }},
      {"unwanted_inner", "inner", "\"blelloch\"", "no inner",
       [](fixture& f) { f.how.algorithm = "sequential", f.how.inner = "blelloch"; }},
  };
}

class door : public testing::TestWithParam<bad_case> {};

TEST_P(door, says_what_is_wrong_and_writes_nothing) {
  auto const& bad = GetParam();
  fixture f;
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

// --- what must pass

// x[t] = a x[t-1] + b one lane after the other; every element outside the results keeps its red.
void expect_recurrence(fixture& f) {
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

void fill(fixture& f) {
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
  fixture f;
  fill(f);
  expect_recurrence(f);
}

TEST(open_door, a_b_and_x_interleaved) {
  fixture f;
  tensor_shape const stride{3 * 24, 3 * 8, 3};
  f.problem.a = tensor_view<double>(f.at(0), shape, stride);
  f.problem.b = tensor_view<double>(f.at(0) + 1, shape, stride);
  f.problem.x = tensor_view<double>(f.at(0) + 2, shape, stride);
  fill(f);
  expect_recurrence(f);
}

TEST(open_door, in_place_with_another_stride_of_an_axis_of_one) {
  fixture f;
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
    fixture f;
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

// Short plain calls have a way of their own (detail/short_call.hpp): on both sides of its ends (4096 steps, 64 lanes, 16384
// elements) the choice that plan names, and the bits of that algorithm by the whole door, in place too.
template <class T>
void short_calls_are_what_plan_says(T a, index_t lanes, layout where) {
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
void short_calls_are_what_plan_says(T a) {
  for (index_t const lanes : {1, 2, 8, 64, 65})
    for (layout const where : {layout::lane_major, layout::time_major})
      short_calls_are_what_plan_says<T>(a, lanes, where);
}

TEST(open_door, short_calls_are_what_plan_says) {
  short_calls_are_what_plan_says<float>(0.75f);
  short_calls_are_what_plan_says<double>(0.3);
  short_calls_are_what_plan_says<std::complex<float>>({0.5f, -0.25f});
  short_calls_are_what_plan_says<std::complex<double>>({0.1, 0.9});
  short_calls_are_what_plan_says<std::uint32_t>(3);
}

// And what is wrong with a short plain call is said as of any other.
TEST(open_door, short_calls_are_checked) {
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

TEST(open_door, every_dtype_is_checked) {
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

TEST(open_door, semi_log_is_for_real_numbers) {
  std::complex<float> z = 1;
  recurrence<std::complex<float>> p;
  p.a = p.b = tensor_view<std::complex<float>>(&z, 1);
  p.x = tensor_view<std::complex<float>>(&z, 1);
  p.operation = operation::semi_log;
  EXPECT_THROW(linear_recurrence(p), std::invalid_argument);
}

}  // namespace
}  // namespace ssmscan
