// Overlap of strided views against the obvious: mark every byte that each view touches.
#include <cstddef>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include <ssmscan/scan/detail/overlap.hpp>

namespace ssmscan {
namespace {

using detail::verdict;

// The byte arena that views are laid in, far from its edges.
struct arena {
  alignas(16) std::array<std::byte, 4096> bytes{};
  template <class T>
  tensor_view<T> view(index_t element, tensor_shape shape, tensor_shape stride) {
    return {reinterpret_cast<T*>(bytes.data() + bytes.size() / 2) + element, shape, stride};
  }
};

// How often each byte is touched.
template <class T>
std::vector<int> touched(arena const& in, tensor_view<T> const& v) {
  std::vector<int> count(in.bytes.size());
  for (index_t b = 0; b < v.shape.batch; ++b)
    for (index_t c = 0; c < v.shape.channel; ++c)
      for (index_t t = 0; t < v.shape.time; ++t) {
        auto const first = reinterpret_cast<std::byte const*>(&v(b, c, t)) - in.bytes.data();
        for (std::size_t k = 0; k < sizeof(T); ++k) ++count.at(static_cast<std::size_t>(first) + k);
      }
  return count;
}

template <class T, class U>
bool share_a_byte(arena const& in, tensor_view<T> const& v, tensor_view<U> const& w) {
  auto const p = touched(in, v);
  auto const q = touched(in, w);
  for (std::size_t k = 0; k < p.size(); ++k)
    if (p[k] > 0 && q[k] > 0) return true;
  return false;
}

class random_views {
 public:
  template <class T>
  tensor_view<T> next(arena& in) {
    index_t const most_stride = 1200 / (static_cast<index_t>(sizeof(T)) * 3 * 5);  // stays inside the arena
    return in.view<T>(
        between(-20, 20), {between(1, 4), between(1, 4), between(1, 6)},
        {between(-most_stride, most_stride), between(-most_stride, most_stride), between(-most_stride, most_stride)});
  }
  index_t between(index_t low, index_t high) { return std::uniform_int_distribution<index_t>(low, high)(engine_); }

 private:
  std::mt19937_64 engine_{20260722};
};

template <class T, class U>
void compare_with_bytes(int cases) {
  arena in;
  random_views random;
  int shared = 0, interleaved = 0;
  for (int i = 0; i < cases; ++i) {
    auto const v = random.next<T>(in);
    auto const w = random.next<U>(in);
    bool const expected = share_a_byte(in, v, w);
    ASSERT_EQ(detail::share_memory(v, w), expected ? verdict::yes : verdict::no) << "case " << i;
    ASSERT_EQ(detail::share_memory(w, v), expected ? verdict::yes : verdict::no) << "case " << i;
    shared += expected;
    interleaved += !expected && detail::meet(detail::range_of(v), detail::range_of(w));
  }
  EXPECT_GT(shared, cases / 20);  // both answers, and the hard one, occur
  EXPECT_GT(interleaved, cases / 20);
}

TEST(overlap, agrees_with_marking_bytes) {
  compare_with_bytes<float, float>(20000);
  compare_with_bytes<double, float>(20000);  // elements of different sizes
  compare_with_bytes<double, std::uint8_t>(10000);
}

TEST(overlap, of_a_view_with_itself_agrees_with_marking_bytes) {
  arena in;
  random_views random;
  int twice = 0;
  for (int i = 0; i < 50000; ++i) {
    auto const v = random.next<float>(in);
    auto const count = touched(in, v);
    bool const expected = std::ranges::any_of(count, [](int n) { return n > 1; });
    ASSERT_EQ(detail::overlaps_itself(v), expected) << "case " << i;
    twice += expected;
  }
  EXPECT_GT(twice, 5000);
  EXPECT_LT(twice, 45000);
}

TEST(overlap, spans_are_byte_ranges) {
  arena in;
  random_views random;
  for (int i = 0; i < 5000; ++i) {
    auto const v = random.next<float>(in);
    tensor_view<index_t> const w = in.view<index_t>(random.between(-30, 30), {1, 1, random.between(0, 9)}, {0, 0, 1});
    std::span<index_t const> const s(w.data, static_cast<std::size_t>(w.shape.time));
    ASSERT_EQ(detail::overlap(v, s), share_a_byte(in, v, w)) << "case " << i;
  }
}

TEST(overlap, interleaved_views_are_disjoint) {
  std::vector<float> values(4096);
  auto const every_other = [&](index_t first) {
    return tensor_view<float>(values.data() + first, {4, 8, 64}, {1024, 128, 2});
  };
  EXPECT_FALSE(detail::overlap(every_other(0), every_other(1)));
  EXPECT_TRUE(detail::overlap(every_other(0), every_other(2)));
  // Halves of the channels, time major; and the same backwards in time.
  tensor_view<float> const low(values.data(), {4, 8, 64}, {1024, 1, 16});
  tensor_view<float> const high(values.data() + 8, {4, 8, 64}, {1024, 1, 16});
  tensor_view<float> const high_backwards(values.data() + 8 + 63 * 16, {4, 8, 64}, {1024, 1, -16});
  EXPECT_FALSE(detail::overlap(low, high));
  EXPECT_FALSE(detail::overlap(low, high_backwards));
  EXPECT_TRUE(detail::overlap(high, high_backwards));
}

TEST(overlap, empty_and_null_views_meet_nothing) {
  std::array<float, 8> values{};
  tensor_view<float> const all(values.data(), 8);
  EXPECT_FALSE(detail::overlap(all, tensor_view<float>{}));
  EXPECT_FALSE(detail::overlap(all, tensor_view<float>(values.data() + 2, 0)));
  EXPECT_FALSE(detail::overlap(all, std::span<index_t const>{}));
  EXPECT_FALSE(detail::overlaps_itself(tensor_view<float>(values.data(), {2, 2, 0}, {0, 0, 0})));
}

TEST(overlap, extents_beyond_the_address_space_are_seen) {
  float value = 0;
  index_t constexpr most = std::numeric_limits<index_t>::max(), least = std::numeric_limits<index_t>::min();
  auto const fits = [&](tensor_shape shape, tensor_shape stride) {
    return detail::checked_range_of(tensor_view<float>(&value, shape, stride)).has_value();
  };
  EXPECT_TRUE(fits({1, 1, 1}, {most, least, most}));  // never stepped along
  EXPECT_TRUE(fits({0, 9, 9}, {most, most, most}));   // no elements
  EXPECT_FALSE(fits({1, 1, 2}, {1, 1, most}));
  EXPECT_FALSE(fits({1, 1, 2}, {1, 1, least}));
  EXPECT_FALSE(fits({most, most, most}, {most, most, most}));
  EXPECT_FALSE(fits({most, most, most}, {least, least, least}));
  EXPECT_FALSE(fits({1, 1, most}, {1, 1, 1}));
  EXPECT_FALSE(fits({2, 2, 2}, {index_t{1} << 60, index_t{1} << 60, index_t{1} << 60}));
}

// With large, coprime strides the search is long; it must end, and call what it leaves open an overlap.
TEST(overlap, work_is_bounded) {
  index_t const big = index_t{1} << 40;  // addresses are computed, never read
  auto* const base = reinterpret_cast<float*>(std::uintptr_t{1} << 50);
  std::mt19937_64 engine(7);
  std::uniform_int_distribution<index_t> stride(big / 3, big), size(100, 1000);
  int constexpr cases = 200;
  int open = 0;
  for (int i = 0; i < cases; ++i) {
    tensor_view<float> const v(base, {size(engine), size(engine), size(engine)},
                               {stride(engine), stride(engine), stride(engine)});
    tensor_view<float> const w(base + 1, {size(engine), size(engine), size(engine)},
                               {stride(engine), stride(engine), stride(engine)});
    auto const answer = detail::share_memory(v, w);
    open += answer == verdict::open;
    EXPECT_EQ(detail::overlap(v, w), answer != verdict::no);
  }
  EXPECT_GT(open, 0);  // the limit was met
}

}  // namespace
}  // namespace ssmscan
