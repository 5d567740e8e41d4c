// The tuned chunked where lanes lie beside one another and one pass is made: the CPU's bits, as both carry the same tree, whatever
// the number of lanes, their batches, the direction, where x stands, and with and without states.
#include <algorithm>
#include <array>
#include <cstring>
#include <initializer_list>
#include <random>
#include <set>
#include <vector>

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

// Values of axes, taken in turn or drawn, so that none is tied to another; and whether any two values of any two axes have met.
class axes_of_cases {
 public:
  template <class V>
  V value(std::vector<V> const& values, std::size_t which) {
    sizes_.resize(std::max(sizes_.size(), chosen_.size() + 1));
    sizes_[chosen_.size()] = values.size();
    chosen_.push_back(which % values.size());
    return values[chosen_.back()];
  }
  template <class V>
  V drawn(std::vector<V> const& values) {
    return value(values, static_cast<std::size_t>(random_()));
  }
  void end_of_case() {
    for (std::size_t i = 0; i < chosen_.size(); ++i)
      for (std::size_t j = 0; j < i; ++j) met_.insert({i, j, chosen_[i], chosen_[j]});
    chosen_.clear();
  }
  bool all_pairs_met() const {
    std::size_t pairs = 0;
    for (std::size_t i = 0; i < sizes_.size(); ++i)
      for (std::size_t j = 0; j < i; ++j) pairs += sizes_[i] * sizes_[j];
    return met_.size() == pairs;
  }

 private:
  std::mt19937_64 random_;
  std::vector<std::size_t> chosen_, sizes_;
  std::set<std::array<std::size_t, 4>> met_;
};

// Rows of `pitch` elements, of which the first `channels` are lanes; or reversed, in place, with states.
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

// These lengths of these numbers of lanes, twice; all else is drawn.
template <class T>
void expect_the_bits_of_cases(std::vector<index_t> const& times, std::vector<index_t> const& units,
                              std::vector<direction> const& orders) {
  axes_of_cases axes;
  for (std::size_t k = 0; k < 2 * times.size() * units.size(); ++k) {
    index_t const time = axes.value(times, k), channels = axes.value(units, k / times.size()) * unit<T>,
                  batch = axes.drawn<index_t>({1, 3}), gap = axes.drawn<index_t>({0, unit<T>});
    auto const order = axes.drawn(orders);
    auto const x_is = axes.drawn<where>({where::apart, where::in_place});
    bool const with_states = axes.drawn<int>({0, 1}) == 1;
    axes.end_of_case();
    expect_the_bits_of_the_cpu<T>(batch, channels, channels + gap, time, order, x_is, with_states);
  }
  EXPECT_TRUE(axes.all_pairs_met()) << "more cases are needed";
}

// Ends of runs, pieces, chunks; one lane to more than a row of 128 bytes, batches of them, rows with a gap.
TYPED_TEST(cuda_chunked, has_the_bits_of_the_cpu_where_channels_are_contiguous) {
  index_t constexpr piece = 256, chunk = 4096;
  expect_the_bits_of_cases<TypeParam>({1, 2, 15, 16, 17, piece - 1, piece, piece + 1, 4 * piece + 33, chunk - 1, chunk,
                                       chunk + 1, 3 * chunk + 2 * piece + 18},
                                      {1, 2, 3, 4, 8, 9, 25}, {direction::forward, direction::reverse});
}

// Slots as full as can be, whose pieces come as boxes (of 4 bytes, whichever way time runs), the last of them in part; time that ends within a box.
TYPED_TEST(cuda_chunked, has_the_bits_of_the_cpu_where_pieces_are_boxes) {
  index_t constexpr piece = 256, chunk = 4096;
  expect_the_bits_of_cases<TypeParam>({1, piece - 1, piece + 17, chunk + piece, chunk + 1}, {8, 12, 16, 64, 65, 72},
                                      {direction::forward, direction::reverse});
}

// More tickets than 132 blocks, or more, have slots: each is used twice. One piece, and more, of each lane.
TYPED_TEST(cuda_chunked, has_the_bits_of_the_cpu_where_slots_are_used_twice) {
  index_t constexpr tickets = 640, across = 8 * unit<TypeParam>, piece = 256;
  for (index_t const pieces : {1, 2})
    for (index_t const gap : {0, 1}) {
      index_t const lanes = tickets / pieces * across;
      expect_the_bits_of_the_cpu<TypeParam>(1, lanes, lanes + gap * unit<TypeParam>, (pieces - 1) * piece + 19,
                                            direction::forward, where::apart, true);
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
