// The tuned chunked where lanes lie beside one another and one pass is made: the CPU's bits, as both carry the same tree, whatever
// the number of lanes, their batches, the direction, where x stands, and with and without states.
#include <cstring>
#include <random>

#include "tests/cuda/gpu.hpp"
#include "tests/cuda/random_values.hpp"
#include "tests/laws/effort.hpp"
#include <gtest/gtest.h>

#include <ssmscan/scan/backends/cuda/linear_recurrence.hpp>
#include <ssmscan/scan/linear_recurrence.hpp>

namespace ssmscan {
namespace {

using test::random_values;

enum class where { apart, in_place };

// Rows of `pitch` elements, of which the first `channels` are lanes; by turns reversed, in place, with states.
template <class T>
void expect_the_bits_of_the_cpu(index_t batch, index_t channels, index_t pitch, index_t time, direction order,
                                where x_is, bool with_states) {
  std::mt19937_64 random(static_cast<std::uint64_t>(time * 131 + channels));
  index_t const n = batch * time * pitch, lanes = batch * channels;
  auto const a = random_values<T>(random, n, 0.9, 1), b = random_values<T>(random, n, -1, 1),
             initial = random_values<T>(random, lanes, -1, 1);
  tensor_shape const shape{batch, channels, time}, stride{time * pitch, 1, pitch}, states{batch, channels, 1};
  auto const problem = [&](T const* at_a, T const* at_b, T* at_x, T const* before, T* after) {
    recurrence<T> made{.a = {at_a, shape, stride}, .b = {at_b, shape, stride}, .x = {at_x, shape, stride}};
    made.direction = order;
    if (with_states) made.initial = {before, states}, made.final = {after, states};
    return made;
  };
  std::vector<T> needed = b, left(initial.size());  // what is no lane's stays as it was
  linear_recurrence<T>(problem(a.data(), b.data(), needed.data(), initial.data(), left.data()),
                       {.algorithm = "chunked"});

  gpu::array<T> const on_a(a), on_b(b), on_initial(initial), elsewhere(b);
  gpu::array<T> final(lanes);
  T* const at_x = x_is == where::in_place ? on_b.data() : elsewhere.data();
  auto const on_device = problem(on_a.data(), on_b.data(), at_x, on_initial.data(), final.data());
  device::execution call{.algorithm = "chunked"};
  std::size_t const bytes = device::workspace_bytes(on_device, call);
  gpu::array<std::byte> workspace(static_cast<index_t>(bytes));
  workspace.fill_bytes(0xa5);  // it is read before it is written
  call.workspace = {workspace.data(), bytes};
  device::linear_recurrence(on_device, call);
  auto const got = (x_is == where::in_place ? on_b : elsewhere).values();
  EXPECT_EQ(std::memcmp(needed.data(), got.data(), needed.size() * sizeof(T)), 0)
      << dtype_name<T> << ", " << batch << " x " << channels << " of " << pitch << " x " << time
      << (order == direction::reverse ? ", reversed" : "") << (x_is == where::in_place ? ", in place" : "")
      << (with_states ? ", with states" : "");
  if (with_states) EXPECT_EQ(std::memcmp(left.data(), final.values().data(), left.size() * sizeof(T)), 0) << "final";
}

template <class T>
class cuda_chunked : public testing::Test {};
using dtypes = testing::Types<float, double, std::complex<float>, std::complex<double>, std::uint32_t>;
TYPED_TEST_SUITE(cuda_chunked, dtypes);

template <class T>
constexpr index_t unit = 16 / static_cast<index_t>(sizeof(T));  // lanes of 16 bytes

// Ends of runs, pieces, chunks; one lane to more than a row of 128 bytes, batches of them, rows with a gap.
TYPED_TEST(cuda_chunked, has_the_bits_of_the_cpu_where_channels_are_contiguous) {
  using T = TypeParam;
  index_t constexpr piece = 256, chunk = 4096;
  int turn = 0;
  for (index_t const time : {index_t{1}, index_t{2}, index_t{15}, index_t{16}, index_t{17}, piece - 1, piece, piece + 1,
                             4 * piece + 33, chunk - 1, chunk, chunk + 1, 3 * chunk + 2 * piece + 18})
    for (index_t const units : {1, 2, 3, 4, 8, 9, 25})
      for (index_t const batch : {1, 3}) {
        auto const order = turn & 1 ? direction::reverse : direction::forward;
        auto const x_is = turn & 2 ? where::in_place : where::apart;
        index_t const channels = units * unit<T>, pitch = turn % 3 == 0 ? channels + unit<T> : channels;
        expect_the_bits_of_the_cpu<T>(batch, channels, pitch, time, order, x_is, turn % 5 < 3);
        ++turn;
      }
}

// Lanes of so many slots that pieces come as boxes (of 4 bytes, forward), the last of them in part; time that ends within a box.
TYPED_TEST(cuda_chunked, has_the_bits_of_the_cpu_where_lanes_are_hundreds) {
  using T = TypeParam;
  index_t constexpr piece = 256, chunk = 4096;
  int turn = 0;
  for (index_t const time : {index_t{1}, piece - 1, piece + 17, chunk + piece, chunk + 1})
    for (index_t const units : {64, 65, 72})
      for (index_t const batch : {1, 2}) {
        auto const order = turn % 4 == 3 ? direction::reverse : direction::forward;
        auto const x_is = turn & 1 ? where::in_place : where::apart;
        index_t const channels = units * unit<T>, pitch = turn % 3 == 0 ? channels + unit<T> : channels;
        expect_the_bits_of_the_cpu<T>(batch, channels, pitch, time, order, x_is, turn % 5 < 3);
        ++turn;
      }
}

// Every slot is used again and again, by every block, few chains and many; states go from chunk to chunk, and are looked for far
// back where lanes are few.
TYPED_TEST(cuda_chunked, has_the_bits_of_the_cpu_where_the_ring_goes_round) {
  using T = TypeParam;
  if (laws::chosen_effort() == laws::effort::brief) GTEST_SKIP() << "long";
  auto const expect = [](index_t lanes, index_t time) {
    expect_the_bits_of_the_cpu<T>(1, lanes, lanes, time, direction::forward, where::apart, true);
  };
  expect(64, (index_t{1} << 17) + 5);
  expect(unit<T>, (index_t{1} << 20) + 300);
  expect(2048, 4096 + 600);
}

}  // namespace
}  // namespace ssmscan
