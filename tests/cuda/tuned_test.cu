// Each tuned kernel at the smallest sizes at which everything in it happens, for the tools of sanitize.sh: slots and groups used
// again, several lanes in a slot, ends of runs, rows, pieces, chunks. uint32_t, exact, against the definition on the CPU.
#include <complex>
#include <random>

#include "tests/cuda/gpu.hpp"
#include <gtest/gtest.h>

#include <ssmscan/scan/backends/cuda/from_host.hpp>
#include <ssmscan/scan/linear_recurrence.hpp>

namespace ssmscan {
namespace {

// short_ones: packed, reversed, in sequences of 11 steps, and empty ones. in_a, in_b: x is written there.
enum class how { plain, reverse, packed, short_ones, in_logs, one_a, in_a, in_b };

template <class T>
void expect_the_definition(std::string_view algorithm, index_t lanes, index_t time, layout order, how which,
                           index_t batch = 1) {
  std::mt19937_64 random(static_cast<std::uint64_t>(lanes + 31 * time));
  std::vector<T> a(static_cast<std::size_t>(batch * lanes * time)), b(a.size()), x(a.size()), needed(a.size());
  // float: halves (in logarithms, and where all steps have one factor: ones and minus ones) and small integers, forgotten at
  // every seventh step, so that nothing is ever rounded.
  for (std::size_t i = 0; i < a.size(); ++i) {
    auto const t = static_cast<index_t>(i) / (order == layout::time_major ? lanes : 1);
    bool const of_ones = which == how::in_logs || which == how::one_a;
    T const factor = !of_ones ? T(0.5) : random() % 2 == 0 ? T(1) : T(-1);
    a[i] = std::integral<T> ? static_cast<T>(random()) : t % 7 == 3 ? T(0) : factor;
    b[i] = std::integral<T> ? static_cast<T>(random()) : static_cast<T>(random() % 8);
  }
  std::vector<index_t> offsets{0, time / 3, time / 2, time};
  if (which == how::short_ones) {
    offsets = {0};
    while (offsets.back() < time) {
      constexpr index_t length = 11, between_empty_ones = 9;
      offsets.push_back(std::min(time, offsets.back() + length));
      if (offsets.size() % between_empty_ones == 0) offsets.push_back(offsets.back());
    }
  }
  bool const is_packed = which == how::packed || which == how::short_ones;
  index_t const sequences = is_packed ? static_cast<index_t>(offsets.size()) - 1 : 1;
  std::vector<T> initial(static_cast<std::size_t>(batch * lanes * sequences), T(2)), final(initial.size()),
      left(initial.size());
  tensor_shape const shape{batch, lanes, time}, states{batch, lanes, sequences};
  auto const problem = [&](std::vector<T>& to, std::vector<T>& last) {
    recurrence<T> made{.a = {a.data(), shape, order},
                       .b = {b.data(), shape, order},
                       .x = {to.data(), shape, order},
                       .initial = {initial.data(), states},
                       .final = {last.data(), states}};
    if (which == how::reverse || which == how::short_ones) made.direction = direction::reverse;
    if (is_packed) made.offsets = offsets;
    if (which == how::one_a) made.a.stride.time = 0;
    return made;
  };
  linear_recurrence<T>(problem(needed, left), {.algorithm = "sequential"});
  auto on_device = problem(x, final);
  if (which == how::in_logs) on_device.operation = operation::semi_log;
  if (which == how::in_a) x = a, on_device.a.data = x.data();
  if (which == how::in_b) x = b, on_device.b.data = x.data();
  device::linear_recurrence_from_host<T>(on_device, {.algorithm = algorithm});
  EXPECT_EQ(x, needed) << algorithm << ", " << lanes << " x " << time;
  EXPECT_EQ(final, left) << algorithm << ", " << lanes << " x " << time;
}

constexpr index_t tile = 5120, many_tiles = 340;  // of two each, which is more than the slots of every block

TEST(cuda_tuned, look_back_in_a_cluster) {
  for (how const which : {how::plain, how::packed, how::one_a}) {
    expect_the_definition<std::uint32_t>("look_back", 1, 3 * tile + 4, layout::lane_major, which);
    expect_the_definition<std::uint32_t>("look_back", 3, 4 * tile + 4, layout::lane_major, which);
    expect_the_definition<std::uint32_t>("look_back", 1, 12 * tile + 4, layout::lane_major,
                                         which);  // its starts are searched
  }
}

TEST(cuda_tuned, look_back) {
  using T = std::uint32_t;
  for (how const which : {how::plain, how::reverse, how::packed, how::short_ones, how::one_a}) {
    expect_the_definition<T>("look_back", 1, 20 * tile + 4, layout::lane_major, which);
    expect_the_definition<T>("look_back", many_tiles, tile + 4, layout::lane_major, which);
  }
  expect_the_definition<T>("look_back", 3, 4 * tile + 4, layout::lane_major, how::reverse);
  expect_the_definition<T>("look_back", 6000, 24, layout::lane_major, how::plain);  // eight lanes in a slot
  expect_the_definition<T>("look_back", 3, 2 * tile + 1, layout::time_major, how::plain);
}

template <class T>
void expect_look_back_in_logs() {
  expect_the_definition<T>("look_back", 1, 3 * tile + 4, layout::lane_major, how::in_logs);
  expect_the_definition<T>("look_back", many_tiles, tile + 4, layout::lane_major, how::in_logs);
  expect_the_definition<T>("look_back", 3, 2 * tile + 1, layout::time_major, how::in_logs);
}
TEST(cuda_tuned, look_back_of_semi_log) {
  expect_look_back_in_logs<float>();
  expect_look_back_in_logs<double>();
}

TEST(cuda_tuned, sequential) {
  for (layout const order : {layout::lane_major, layout::time_major})
    for (index_t const lanes : {3, 160})
      for (how const which : {how::plain, how::packed, how::short_ones})
        expect_the_definition<std::uint32_t>("sequential", lanes, 517, order, which);
}
// In rows: every slot used again, a group and a block that are not full, batches that begin in blocks of their own.
template <class T>
void expect_sequential_in_rows() {
  for (how const which : {how::plain, how::reverse, how::packed, how::short_ones, how::one_a, how::in_a, how::in_b})
    for (index_t const batch : {1, 2})
      expect_the_definition<T>("sequential", 68, 517, layout::time_major, which, batch);
}
TEST(cuda_tuned, sequential_in_rows) {
  expect_sequential_in_rows<std::uint32_t>();
  expect_sequential_in_rows<double>();
  expect_sequential_in_rows<std::complex<float>>();
  expect_sequential_in_rows<std::complex<double>>();
}
// Wide blocks, of which there are enough for 132 multiprocessors.
TEST(cuda_tuned, sequential_in_wide_rows) {
  for (how const which : {how::plain, how::reverse, how::short_ones})
    expect_the_definition<std::uint32_t>("sequential", 9540, 229, layout::time_major, which);
}
// Tickets enough for segments on 132 multiprocessors: of one segment; and with states handed on, every slot used again, a group of lanes and
// a segment that are not full, batches that begin in tickets of their own.
TEST(cuda_tuned, sequential_in_one_segment) {
  for (how const which : {how::plain, how::reverse})
    expect_the_definition<std::uint32_t>("sequential", 67'604, 9, layout::time_major, which);
}
template <class T>
void expect_sequential_in_segments(how which, index_t batch = 1) {
  constexpr index_t lanes = 6152, of_256_steps = 2820, of_128_steps = 1429;
  index_t const time = sizeof(T) == 4 ? of_256_steps : sizeof(T) == 8 ? of_128_steps : of_128_steps / 2;
  expect_the_definition<T>("sequential", lanes / batch, time, layout::time_major, which, batch);
}
TEST(cuda_tuned, sequential_in_segments) {
  for (how const which : {how::plain, how::reverse, how::packed})
    expect_sequential_in_segments<std::uint32_t>(which, 2);
  expect_sequential_in_segments<double>(how::plain);
  expect_sequential_in_segments<std::complex<float>>(how::reverse);
  expect_sequential_in_segments<std::complex<double>>(how::plain);
}
TEST(cuda_tuned, sequential_in_segments_of_short_sequences) {
  expect_sequential_in_segments<std::uint32_t>(how::short_ones);
  expect_sequential_in_segments<double>(how::short_ones);
  expect_sequential_in_segments<std::complex<double>>(how::short_ones);
}
// In place: what a segment reads is not yet written.
TEST(cuda_tuned, sequential_in_segments_in_place) {
  for (how const which : {how::in_a, how::in_b}) expect_sequential_in_segments<std::uint32_t>(which);
  expect_sequential_in_segments<double>(how::in_b);
  expect_sequential_in_segments<std::complex<double>>(how::in_a);
}
TEST(cuda_tuned, sequential_in_segments_of_one_a) {
  expect_sequential_in_segments<std::uint32_t>(how::one_a);
  expect_sequential_in_segments<double>(how::one_a);
  expect_sequential_in_segments<std::complex<float>>(how::one_a);
  expect_sequential_in_segments<std::complex<double>>(how::one_a);
}

TEST(cuda_tuned, chunked) {
  for (layout const order : {layout::lane_major, layout::time_major}) {
    for (how const which : {how::plain, how::packed, how::short_ones}) {
      expect_the_definition<std::uint32_t>("chunked", 1, 256, order, which);
      expect_the_definition<std::uint32_t>("chunked", 37, 2 * 4096 + 277, order, which);
    }
  }
}

// In one pass: four pieces in a slot; a group of lanes that is not full.
TEST(cuda_tuned, chunked_in_one_pass) {
  for (how const which : {how::plain, how::reverse, how::packed, how::short_ones})
    for (index_t const lanes : {8, 36})
      expect_the_definition<std::uint32_t>("chunked", lanes, 2 * 4096 + 277, layout::time_major, which);
}
// Every block's ring, which racecheck takes minutes for.
TEST(cuda_tuned, chunked_in_one_pass_where_the_ring_goes_round) {
  for (how const which : {how::plain, how::reverse, how::packed, how::short_ones})
    expect_the_definition<std::uint32_t>("chunked", 213 * 32, 277, layout::time_major, which);
}

TEST(cuda_tuned, hillis_steele) {
  for (layout const order : {layout::lane_major, layout::time_major}) {
    expect_the_definition<std::uint32_t>("hillis_steele", 1, 256, order, how::plain);
    expect_the_definition<std::uint32_t>("hillis_steele", 5, 4097, order, how::reverse);
    expect_the_definition<std::uint32_t>("hillis_steele", 3, (1 << 18) + 77, order, how::plain);  // three passes
  }
}

TEST(cuda_tuned, blelloch) {
  for (layout const order : {layout::lane_major, layout::time_major}) {
    expect_the_definition<std::uint32_t>("blelloch", 1, 256, order, how::plain);
    expect_the_definition<std::uint32_t>("blelloch", 37, 2 * 4096 + 277, order, how::plain);
  }
  expect_the_definition<std::uint32_t>("blelloch", 3, 65536 + 256 + 1, layout::lane_major,
                                       how::plain);  // pieces of pieces
}

TEST(cuda_tuned, heinsen_fused) {
  for (how const which : {how::plain, how::reverse}) {
    expect_the_definition<float>("heinsen.fused", 1, 3 * tile + 4, layout::lane_major, which);
    expect_the_definition<float>("heinsen.fused", many_tiles, tile + 4, layout::lane_major, which);
  }
  expect_the_definition<float>("heinsen.fused", 3, 2 * tile + 1, layout::time_major, how::plain);
}

}  // namespace
}  // namespace ssmscan
