// What `automatic` chooses and why, row by row as docs/which_scan.md says it: on both sides of every line of its table that
// has a number, with the words of the reason that belong to the line. The call does what plan says.
#include <complex>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ssmscan/scan/arithmetic.hpp>
#include <ssmscan/scan/detail/automatic.hpp>
#include <ssmscan/scan/linear_recurrence.hpp>
#include <ssmscan/scan/simd_target.hpp>

namespace ssmscan {
namespace {

using testing::HasSubstr;

enum class places {
  time_beside_time,
  downwards,     // the same, from the last address to the first
  constant_a,    // the same, a of one number
  with_gaps,     // the same, a lane's room left free behind each batch
  every_second,  // time in steps of two
  lane_beside_lane
};
enum class packed { no, by_offsets, by_reset };

struct line {
  tensor_shape shape;
  places where = places::time_beside_time;
  int threads = 1;
  std::string_view algorithm, why;
  operation represents = operation::affine;
  packed how = packed::no;
  std::string_view backend = "openmp";
};

constexpr tensor_shape lanes_of(index_t lanes, index_t time) { return {1, lanes, time}; }
// From long_enough on look_back whatever the dtype; which of them takes it for fewer steps is a test of its own.
constexpr index_t short_time = 100, long_enough = 705, long_time = index_t{1} << 17;

constexpr std::string_view vectors_along_time = "contiguous in time", vectors_across = "beside one another",
                           some_at_once = "some at once", one_thread = "one thread", enough = "lanes enough",
                           split = "fewer lanes than threads", not_worth = "more combines",
                           tree_of_logarithms = "only a tree";

// "sequences of ... steps and more, contiguous in time: look_back; one pass, in vectors along time, on one thread or all"
// "many lanes beside one another in memory (time_major): sequential; lanes run abreast in vectors"
constexpr line in_vectors[] = {
    {lanes_of(1, long_enough), places::time_beside_time, 1, "look_back", vectors_along_time},
    {lanes_of(1, long_enough), places::time_beside_time, 16, "look_back", vectors_along_time},
    {lanes_of(1, long_time), places::time_beside_time, 2, "look_back", vectors_along_time},
    {lanes_of(8, long_enough), places::constant_a, 2, "look_back", vectors_along_time},
    {{3, 5, long_enough}, places::constant_a, 2, "look_back", vectors_along_time},
    {.shape = lanes_of(2, long_enough),
     .threads = 2,
     .algorithm = "look_back",
     .why = vectors_along_time,
     .how = packed::by_offsets},
    {.shape = lanes_of(33, long_time),
     .threads = 2,
     .algorithm = "look_back",
     .why = vectors_along_time,
     .how = packed::by_offsets},
    {.shape = lanes_of(4, long_enough),
     .threads = 16,
     .algorithm = "sequential",
     .why = some_at_once,
     .how = packed::by_offsets},
    {.shape = lanes_of(64, 1 << 12),
     .threads = 2,
     .algorithm = "sequential",
     .why = some_at_once,
     .how = packed::by_reset},
    {lanes_of(2, long_time), places::downwards, 2, "look_back", vectors_along_time},
    {lanes_of(2, long_time), places::constant_a, 2, "look_back", vectors_along_time},
    {.shape = lanes_of(1, long_time),
     .threads = 16,
     .algorithm = "look_back",
     .why = vectors_along_time,
     .backend = "serial"},
    {.shape = lanes_of(2, long_time),
     .threads = 2,
     .algorithm = "look_back",
     .why = vectors_along_time,
     .how = packed::by_offsets},
    {.shape = lanes_of(2, long_time),
     .threads = 2,
     .algorithm = "look_back",
     .why = vectors_along_time,
     .how = packed::by_reset},
    // lanes enough to walk along some at once, up to what stays in cache
    {lanes_of(3, long_enough), places::time_beside_time, 1, "sequential", some_at_once},
    {lanes_of(8, long_enough), places::time_beside_time, 2, "sequential", some_at_once},
    {{3, 5, long_enough}, places::downwards, 2, "sequential", some_at_once},
    {{3, 5, long_enough}, places::with_gaps, 2, "look_back", vectors_along_time},
    {lanes_of(64, 1 << 11), places::time_beside_time, 2, "sequential", some_at_once},
    {lanes_of(4, 1 << 12), places::time_beside_time, 16, "sequential", some_at_once},
    {lanes_of(4, long_time), places::time_beside_time, 16, "look_back", vectors_along_time},
    {lanes_of(64, short_time), places::lane_beside_lane, 1, "sequential", vectors_across},
    {lanes_of(64, 1 << 14), places::lane_beside_lane, 2, "sequential", vectors_across},
    {{2, 64, 1 << 12}, places::lane_beside_lane, 2, "sequential", vectors_across},
    {.shape = lanes_of(64, 1 << 12),
     .where = places::lane_beside_lane,
     .threads = 2,
     .algorithm = "sequential",
     .why = vectors_across,
     .how = packed::by_offsets},
    {.shape = lanes_of(64, 1 << 12),
     .where = places::lane_beside_lane,
     .threads = 1,
     .algorithm = "sequential",
     .why = vectors_across,
     .how = packed::by_reset},
};

// "anything else: other strides, semi_log, short ones: sequential, one lane a
// thread; chunked where more than four threads would share a lane"
constexpr line anything_else[] = {
    // short
    {lanes_of(1, short_time), places::time_beside_time, 1, "sequential", one_thread},
    {lanes_of(64, 60), places::time_beside_time, 2, "sequential", enough},
    {lanes_of(1, short_time), places::time_beside_time, 2, "sequential", not_worth},
    {lanes_of(1, short_time), places::time_beside_time, 16, "sequential", not_worth},
    {lanes_of(1, 1), places::time_beside_time, 16, "sequential", not_worth},
    {lanes_of(3, short_time), places::every_second, 64, "sequential", not_worth},
    // other strides: as many lanes as threads, and up to four threads a lane; more than four
    {lanes_of(1, long_time), places::every_second, 1, "sequential", one_thread},
    {.shape = lanes_of(1, long_time),
     .where = places::every_second,
     .threads = 16,
     .algorithm = "sequential",
     .why = one_thread,
     .backend = "serial"},
    {lanes_of(2, long_time), places::every_second, 2, "sequential", enough},
    {lanes_of(3, long_time), places::every_second, 2, "sequential", enough},
    {lanes_of(1, long_time), places::every_second, 4, "sequential", not_worth},
    {lanes_of(1, long_time), places::every_second, 5, "chunked", split},
    {lanes_of(2, long_time), places::every_second, 8, "sequential", not_worth},
    {lanes_of(2, long_time), places::every_second, 9, "chunked", split},
    // few lanes beside one another
    {lanes_of(2, long_time), places::lane_beside_lane, 1, "sequential", one_thread},
    {lanes_of(2, long_time), places::lane_beside_lane, 2, "sequential", enough},
    {lanes_of(2, long_time), places::lane_beside_lane, 9, "chunked", split},
    // packed, few channels, contiguous
    {.shape = lanes_of(2, long_time),
     .where = places::lane_beside_lane,
     .threads = 9,
     .algorithm = "chunked",
     .why = split,
     .how = packed::by_offsets},
};

// "a within a few thousandths of 1, and long sequences: semi_log by a tree; automatic takes look_back from 56 steps on".
constexpr line logarithms_in_vectors[] = {
    {lanes_of(1, long_time), places::time_beside_time, 1, "look_back", tree_of_logarithms, operation::semi_log},
    {lanes_of(1, long_time), places::time_beside_time, 16, "look_back", tree_of_logarithms, operation::semi_log},
    {lanes_of(16, 1 << 13), places::lane_beside_lane, 2, "look_back", tree_of_logarithms, operation::semi_log},
    {lanes_of(2, 1 << 14), places::every_second, 2, "look_back", tree_of_logarithms, operation::semi_log},
    {lanes_of(2, 1 << 14), places::time_beside_time, 2, "look_back", tree_of_logarithms, operation::semi_log,
     packed::by_offsets},
    {lanes_of(1, 56), places::time_beside_time, 1, "look_back", tree_of_logarithms, operation::semi_log},
    {lanes_of(64, 56), places::lane_beside_lane, 2, "look_back", tree_of_logarithms, operation::semi_log},
    {lanes_of(1, 257), places::every_second, 2, "look_back", tree_of_logarithms, operation::semi_log},
};
// Without vectors it takes chunked, past one of its chunks.
constexpr line logarithms_by_texts[] = {
    {lanes_of(1, long_time), places::time_beside_time, 1, "chunked", tree_of_logarithms, operation::semi_log},
    {lanes_of(1, 4096), places::time_beside_time, 1, "sequential", one_thread, operation::semi_log},
};
// Short ones, as above.
constexpr line short_logarithms[] = {
    {lanes_of(1, 55), places::time_beside_time, 1, "sequential", one_thread, operation::semi_log},
    {lanes_of(64, 55), places::lane_beside_lane, 2, "sequential", enough, operation::semi_log},
    {lanes_of(1, 55), places::time_beside_time, 2, "sequential", not_worth, operation::semi_log},
};

tensor_shape strides_of(line const& row) {
  auto const [batch, channel, time] = row.shape;
  switch (row.where) {
    case places::downwards:
      return {channel * time, time, -1};
    case places::every_second:
      return {2 * channel * time, 2 * time, 2};
    case places::with_gaps:
      return {(channel + 1) * time, time, 1};
    case places::lane_beside_lane:
      return {channel * time, 1, channel};
    default:
      return {channel * time, time, 1};
  }
}

template <class T>
void expect_choice(line const& row) {
  auto const [batch, channel, time] = row.shape;
  index_t const lanes = batch * channel, lanes_of_room = row.where == places::with_gaps ? lanes + batch : lanes;
  index_t const room = lanes_of_room * time * (row.where == places::every_second ? 2 : 1);
  std::vector<T> const a(static_cast<std::size_t>(room), T(1)), b(a.size(), T(1));
  std::vector<T> x(a.size());
  index_t const first = row.where == places::downwards ? time - 1 : 0;
  auto const stride = strides_of(row);
  std::vector<index_t> const offsets{0, time / 3, time};
  std::vector<std::uint8_t> reset(static_cast<std::size_t>(time));
  recurrence<T> problem{.a = {a.data() + first, row.shape, stride},
                        .b = {b.data() + first, row.shape, stride},
                        .x = {x.data() + first, row.shape, stride},
                        .operation = row.represents};
  if (row.where == places::constant_a) problem.a = {a.data(), row.shape, {0, 0, 0}};
  if (row.how == packed::by_offsets) problem.offsets = offsets;
  if (row.how == packed::by_reset) reset[static_cast<std::size_t>(time / 3)] = 1, problem.reset = reset;
  bool const alone = row.backend == "serial";  // whatever the threads: it has one
  execution const how{.backend = row.backend, .threads = alone ? 0 : row.threads};

  SCOPED_TRACE(std::string(dtype_name<T>) + ", " + std::to_string(lanes) + " x " + std::to_string(time) + ", places " +
               std::to_string(static_cast<int>(row.where)) + ", packed " + std::to_string(static_cast<int>(row.how)) +
               ", " + std::to_string(row.threads) + " threads, " + std::string(row.backend));
  choice const said = plan(problem, how);
  EXPECT_EQ(said.algorithm, row.algorithm);
  EXPECT_EQ(said.backend, row.backend);
  EXPECT_EQ(said.inner, "");
  EXPECT_THAT(said.reason, HasSubstr(row.why));
  EXPECT_THAT(said.reason, HasSubstr(std::to_string(lanes) + " lane"));  // and what was looked at
  EXPECT_THAT(said.reason, HasSubstr(" of " + std::to_string(time)));
  EXPECT_THAT(said.reason, HasSubstr(std::to_string(row.backend == "serial" ? 1 : row.threads) + " thread"));

  choice const made = linear_recurrence(problem, how);
  EXPECT_EQ(made.algorithm, said.algorithm);
  EXPECT_EQ(made.tree, said.tree);
  index_t const steps = row.how == packed::no ? time : time - time / 3;  // a = b = 1: x counts them
  EXPECT_EQ(problem.x(batch - 1, channel - 1, time - 1), static_cast<T>(static_cast<std::uint32_t>(steps)));
}

template <class T>
void expect_choices(std::span<line const> rows) {
  for (line const& row : rows) expect_choice<T>(row);
}

TEST(automatic, runs_in_vectors_where_the_page_says_so) {
  if (simd_target() == "none") GTEST_SKIP() << "built without vectors";
  expect_choices<float>(in_vectors);
  expect_choices<std::complex<double>>(in_vectors);
  expect_choices<std::uint32_t>(in_vectors);
}

// "from so many steps on": each change of choice along the steps, as the page's table has it.
template <class T>
void expect_changes(std::vector<index_t> const& many_lanes, std::vector<index_t> const& at, packed how = packed::no) {
  constexpr index_t longest = 2000;
  std::vector<T> const values(8 * longest, T(1));
  std::vector<T> x(values.size());
  for (index_t const lanes : many_lanes)
    for (std::string_view const backend : {"serial", "openmp"}) {
      std::vector<index_t> found;
      auto const chosen = [&](index_t n) {
        tensor_shape const shape = lanes_of(lanes, n);
        std::vector<index_t> const own{0, n / 2, n};
        recurrence<T> problem{.a = {values.data(), shape}, .b = {values.data(), shape}, .x = {x.data(), shape}};
        if (how == packed::by_offsets) problem.offsets = own;
        return plan(problem, {.backend = backend}).algorithm;
      };
      EXPECT_EQ(chosen(1), "sequential");
      for (index_t n = 2; n <= longest; ++n)
        if (chosen(n) != chosen(n - 1)) found.push_back(n);
      EXPECT_EQ(found, at) << lanes << " lanes, " << backend;
      EXPECT_EQ(chosen(longest), at.empty() ? "sequential" : "look_back");
    }
}

TEST(automatic, takes_look_back_by_whole_blocks) {
  if (simd_target() == "none") GTEST_SKIP() << "built without vectors";
  expect_changes<float>({1}, {168, 257, 272});
  expect_changes<std::complex<float>>({1}, {168, 257, 272});
  expect_changes<double>({1}, {224, 257, 384, 513, 544});
  expect_changes<std::complex<double>>({1}, {224, 257, 384, 513, 544});
  expect_changes<std::uint32_t>({1}, {224, 257, 384, 513, 544});
  // Two lanes are walked along in the time of one.
  expect_changes<float>({2}, {752, 769, 960, 1025, 1168, 1281, 1376, 1537, 1584});
  expect_changes<std::complex<float>>({2}, {752, 769, 960, 1025, 1168, 1281, 1376, 1537, 1584});
  expect_changes<float>({1}, {80}, packed::by_offsets);
  expect_changes<double>({1}, {80}, packed::by_offsets);
  expect_changes<float>({2}, {160, 257, 320}, packed::by_offsets);  // 2 * 80 blocks
  expect_changes<float>({4, 8}, {}, packed::by_offsets);
}

TEST(automatic, walks_along_or_splits_time_where_the_page_says_so) {
  expect_choices<float>(anything_else);
  expect_choices<std::complex<double>>(anything_else);
  expect_choices<std::uint32_t>(anything_else);
}

TEST(automatic, takes_a_tree_of_logarithms_where_the_page_says_so) {
  bool const has_vectors = simd_target() != "none";
  for (auto const& rows : {std::span<line const>(short_logarithms),
                           has_vectors ? std::span<line const>(logarithms_in_vectors) : logarithms_by_texts}) {
    expect_choices<float>(rows);
    expect_choices<double>(rows);
  }
}

// "up to 16 MiB of floats, 2 MiB of other types"
template <class T>
void expect_up_to(index_t bytes) {
  constexpr index_t lanes = 16;
  index_t const time = bytes / (lanes * index_t{sizeof(T)});
  auto const chosen = [&](index_t n) {
    auto const where = detail::arrangement::time_beside_time;
    auto const price = detail::price_of_a_tree<T>(operation::affine, detail::packing::one_sequence, where);
    return detail::automatic({{lanes, n}, 2, operation::affine, detail::packing::one_sequence, where, price}).algorithm;
  };
  EXPECT_EQ(chosen(time), "sequential");
  EXPECT_EQ(chosen(time + 1), "look_back");
}
TEST(automatic, takes_look_back_for_many_lanes_beyond_the_caches) {
#if !defined(SSMSCAN_WITHOUT_SIMD)
  expect_up_to<float>(index_t{1} << 24);
  expect_up_to<std::complex<float>>(index_t{1} << 24);
  expect_up_to<double>(index_t{1} << 21);
  expect_up_to<std::complex<double>>(index_t{1} << 21);
  expect_up_to<std::uint32_t>(index_t{1} << 21);
#endif
}

TEST(automatic, takes_no_look_back_where_blocks_run_in_any_order) {
  for (operation const represents : {operation::affine, operation::semi_log}) {
    SCOPED_TRACE(represents == operation::affine ? "affine" : "semi_log");
    detail::question q{.size = {1, 1 << 20},
                       .threads = 2,
                       .represents = represents,
                       .how = detail::packing::one_sequence,
                       .where = detail::arrangement::time_beside_time,
                       .price = detail::price_of_a_tree<float>(represents, detail::packing::one_sequence,
                                                               detail::arrangement::time_beside_time)};
#if !defined(SSMSCAN_WITHOUT_SIMD)
    EXPECT_EQ(detail::automatic(q).algorithm, "look_back");
#endif
    q.order = detail::block_order::any;
    EXPECT_NE(detail::automatic(q).algorithm, "look_back");
  }
}

TEST(automatic, gives_way_to_a_name) {
  std::vector<float> v(1000, 1.0f), x(1000);
  recurrence<float> const problem{.a = {v.data(), 1000}, .b = {v.data(), 1000}, .x = {x.data(), 1000}};
  EXPECT_EQ(plan(problem).algorithm, plan(problem, {.algorithm = "automatic"}).algorithm);
  for (std::string_view const name : {"sequential", "blelloch", "chunked"}) {
    EXPECT_EQ(plan(problem, {.algorithm = name}).algorithm, name);
    EXPECT_THAT(plan(problem, {.algorithm = name}).reason, HasSubstr("by name"));
  }
}

}  // namespace
}  // namespace ssmscan
