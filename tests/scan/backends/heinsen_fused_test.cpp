// heinsen.fused by every SIMD target that runs here: its logarithms and exponentials over the floats, inside the errors that
// log2.hpp derives and with the text's bits; and its results, with the bits of its text.
#include <algorithm>
#include <cmath>
#include <iostream>
#include <string>
#include <vector>

#include "tests/laws/effort.hpp"
#include "tests/laws/fenced.hpp"
#include "tests/scan/backends/each_target.hpp"
#include "tests/scan/backends/logarithmic_data.hpp"
#include "tests/worst.hpp"
#include <gtest/gtest.h>

#include <ssmscan/scan/backends/openmp.hpp>
#include <ssmscan/scan/backends/serial.hpp>
#include <ssmscan/scan/backends/simd/heinsen_fused.hpp>
#include <ssmscan/scan/reference/math_library.hpp>

namespace ssmscan::simd {
namespace {

constexpr double log_error = 0x1p-45, exp_error = 0x1.7p-45;  // 2^-44.5
static_assert(log_error <= reference::fused_library.log * 0x1p-53);
static_assert(exp_error <= reference::fused_library.exp * 0x1p-53);

template <class Judge>
void judge_heinsen(Judge const& judge) {
  judge_targets<float>([&](functions<float> const& made) { judge(made.heinsen); });
}

// Positive floats: a significand at a time, with every exponent. full: every 61st significand; each (effort.hpp); else every
// 4099th.
TEST(heinsen_logarithm, is_within_its_error_over_the_floats) {
  std::uint32_t const stride = laws::stride_of_floats();
  judge_heinsen([&](heinsen_functions<float> const& made) {
    long double worst = 0;
    std::vector<float> v;
    std::vector<double> log;
    auto const judge = [&](auto const& exact) {
      log.resize(v.size());
      made.log2(v.data(), log.data(), std::ssize(v));
      for (std::size_t i = 0; i < v.size(); ++i) {
        long double const needed = exact(i), error = std::abs(log[i] - needed);
        worst = tests::worse(worst, needed == 0 ? error : error / std::abs(needed));
        ASSERT_TRUE(laws::same_bits(log[i], log2_finite(v[i]))) << v[i];
      }
    };
    for (std::uint32_t significand = 0; significand < 1u << 23; significand += stride) {
      v.clear();
      for (std::uint32_t exponent = 1; exponent < 255; ++exponent)
        v.push_back(std::bit_cast<float>(exponent << 23 | significand));
      long double const of_one = std::log2(static_cast<long double>(v[126]));   // of [1, 2)
      long double const of_half = std::log2(static_cast<long double>(v[125]));  // next to 1, where a sum would cancel
      judge([&](std::size_t i) { return i == 125 ? of_half : of_one + (static_cast<long double>(i) - 126); });
    }
    for (std::uint32_t begin = 1; begin < 1u << 23; begin += 4096 * stride) {  // subnormal
      v.clear();
      for (std::uint32_t k = 0; k < 4096 && begin + k < 1u << 23; ++k) v.push_back(std::bit_cast<float>(begin + k));
      judge([&](std::size_t i) { return std::log2(static_cast<long double>(v[i])); });
    }
    v.clear();
    for (std::uint32_t k = 0; k < 1 << 16; ++k)
      v.push_back(std::bit_cast<float>(0x3f800000u - (1u << 15) + k));  // near 1
    judge([&](std::size_t i) { return std::log2(static_cast<long double>(v[i])); });
    EXPECT_LE(worst, log_error) << std::log2(worst);
    std::cout << "logarithm: relative error at most 2^" << std::log2(worst) << '\n';
  });
}

// Both signs of what is taken: every 61st float of [2^-24, 1000] (below it 2^v is 1 + v ln 2), full; else every 4099th; or each
// (effort.hpp); and as many that are not floats. At 0 exact.
TEST(heinsen_exponential, is_within_its_error_over_the_floats) {
  std::uint32_t const stride = laws::stride_of_floats();
  judge_heinsen([&](heinsen_functions<float> const& made) {
    long double worst = 0;
    std::vector<double> v{0.0, -0.0};
    std::vector<powers> of(2);
    made.exp2(v.data(), of.data(), 2);
    for (powers const& p : of) EXPECT_TRUE(p.up == 1 && p.down == 1);
    constexpr std::uint32_t first = 0x33800000, last = 0x447a0000;
    static_assert(std::bit_cast<float>(first) == 0x1p-24f && std::bit_cast<float>(last) == 1000.0f);
    for (std::uint32_t begin = first; begin <= last; begin += 4096 * stride) {
      v.clear();
      for (std::uint32_t k = 0; k < 4096; ++k) {
        double const value = std::bit_cast<float>(std::min(begin + k * stride, last));
        v.insert(v.end(), {value, -value * 0.9999999123});
      }
      of.resize(v.size());
      made.exp2(v.data(), of.data(), std::ssize(v));
      for (std::size_t i = 0; i < v.size(); ++i) {
        long double const up = std::exp2(static_cast<long double>(v[i])), down = 1 / up;
        worst = tests::worse(worst, std::abs(of[i].up - up) / up);
        worst = tests::worse(worst, std::abs(of[i].down - down) / down);
        powers const text = exp2_both(v[i]);
        ASSERT_TRUE(laws::same_bits(of[i].up, text.up) && laws::same_bits(of[i].down, text.down)) << v[i];
      }
    }
    EXPECT_LE(worst, exp_error) << std::log2(worst);
    std::cout << "exponential: relative error at most 2^" << std::log2(worst) << '\n';
  });
}

// x by the text, an a and a b for each step.
std::vector<float> by_text(std::vector<float> const& a, std::vector<float> const& b) {
  std::vector<float> x(b.size());
  auto const problem = one_lane(a.data(), b.data(), x.data(), std::ssize(b), 1);
  serial one;
  using io = detail::recurrence_io<affine<float>>;
  heinsen_fused::inclusive(one, affine<float>{}, problem.size, io::load{&problem}, io::store{&problem});
  return x;
}

// The same by one target; as they lie in memory: `stride` from step to step, -1 with the first step last, x beginning `past` numbers
// behind a line; written both ways.
void expect_text(heinsen_functions<float> const& made, std::vector<float> const& a, std::vector<float> const& b,
                 index_t stride, index_t past, std::string const& what) {
  index_t const n = std::ssize(b), step = std::abs(stride);
  std::vector<float> const needed = by_text(a, b);
  auto const place = [&](index_t t) { return static_cast<std::size_t>((stride > 0 ? t : n - 1 - t) * step); };
  constexpr index_t line = line_bytes / index_t{sizeof(float)}, fence = 2 * line;
  std::vector<float> a_there(static_cast<std::size_t>(step * n)), b_there(a_there);
  for (index_t t = 0; t < n; ++t) {
    a_there[place(t)] = a[static_cast<std::size_t>(t)], b_there[place(t)] = b[static_cast<std::size_t>(t)];
  }
  for (write const how : {write::through_the_cache, write::past_the_cache})
    for (int const threads : {1, 2, 3}) {
      std::vector<float> memory(static_cast<std::size_t>(step * n + 2 * fence + line), 77.0f);
      float* const x = memory.data() + fence + to_line(memory.data()) + past;
      auto const first = place(0);
      auto const problem = one_lane<float>(a_there.data() + first, b_there.data() + first, x + first, n, stride);
      openmp on(threads);
      heinsen_fused::solve_by(made, on, problem, how);
      for (index_t t = 0; t < n; ++t)
        ASSERT_TRUE(same(x[place(t)], needed[static_cast<std::size_t>(t)]))
            << what << ", " << n << " at " << t << ", stride " << stride << ", " << past << " past a line, " << threads
            << " threads";
      float const* const end = x + static_cast<index_t>(place(stride > 0 ? n - 1 : 0)) + 1;
      auto const is_fence = [](float v) { return v == 77.0f; };
      ASSERT_TRUE(std::all_of(static_cast<float const*>(memory.data()), static_cast<float const*>(x), is_fence) &&
                  std::all_of(end, static_cast<float const*>(memory.data() + memory.size()), is_fence))
          << what << ", " << n << ": something is written outside x";
    }
}

TEST(heinsen_fused, is_its_text_bit_for_bit) {
  for (data const what : all_data)
    for (index_t const n : {1, 2, 16, 17, 255, 256, 257, 1000, 4096, 4097, 40000}) {
      auto const given = made_of<float>(what, n);
      judge_heinsen([&](heinsen_functions<float> const& made) {
        for (index_t const stride : {1, 3, -1})
          for (index_t const past : {0, 1, 15})
            expect_text(made, given.a, given.b, stride, past, "data " + std::to_string(static_cast<int>(what)));
      });
    }
}

// Around what a block's walk may leave out: every a in the range, one at its ends, one just outside, one of the other sign.
TEST(heinsen_fused, is_its_text_where_a_block_is_just_tame_or_just_not) {
  auto const least = static_cast<float>(least_tame), most = static_cast<float>(most_tame);
  float const odd[] = {least,
                       std::nextafter(least, 0.0f),
                       -least,
                       std::numeric_limits<float>::denorm_min(),
                       most,
                       -1.0f,
                       std::nextafter(most, std::numeric_limits<float>::infinity()),
                       0.0f,
                       -0.0f,
                       std::numeric_limits<float>::infinity(),
                       std::numeric_limits<float>::quiet_NaN()};
  constexpr index_t n = 3 * chunk + 300;
  for (float const one : odd)
    for (index_t const at : {0, 1, 255, 256, 4095, 4096, 4351, 12287, 12400}) {
      auto given = made_of<float>(data::near_one, n);
      given.a[static_cast<std::size_t>(at)] = one;
      judge_heinsen([&](heinsen_functions<float> const& made) {
        expect_text(made, given.a, given.b, 1, 0, std::to_string(one) + " at " + std::to_string(at));
      });
    }
  for (float const every : {least, most}) {  // as far as a* can go in a run
    std::vector<float> const a(n, every);
    auto const given = made_of<float>(data::near_one, n);
    judge_heinsen([&](heinsen_functions<float> const& made) {
      expect_text(made, a, given.b, 1, 0, "every a " + std::to_string(every));
    });
  }
}

TEST(heinsen_fused, is_its_text_with_one_a_for_all_steps) {
  for (float const one : {0.9975f, -0.5f, 0.0f, -0.0f, 0x1p-100f, std::numeric_limits<float>::infinity()})
    for (index_t const n : {1, 255, 256, 600, 4096, 20000})
      for (index_t const stride : {1, 2, -1}) {
        auto const given = made_of<float>(data::of_both_signs, n);
        std::vector<float> const needed = by_text(std::vector<float>(given.b.size(), one), given.b);
        judge_heinsen([&](heinsen_functions<float> const& made) {
          std::vector<float> b(given.b.size() * 2), x(b.size());
          auto const place = [&](index_t t) { return static_cast<std::size_t>(stride > 0 ? t * stride : n - 1 - t); };
          for (index_t t = 0; t < n; ++t) b[place(t)] = given.b[static_cast<std::size_t>(t)];
          auto problem = one_lane<float>(b.data() + place(0), b.data() + place(0), x.data() + place(0), n, stride);
          problem.a = lane<float const>(&one, n, 0);
          openmp on(2);
          heinsen_fused::solve_by(made, on, problem, write::past_the_cache);
          for (index_t t = 0; t < n; ++t)
            ASSERT_TRUE(same(x[place(t)], needed[static_cast<std::size_t>(t)])) << one << ", " << n << " at " << t;
        });
      }
}

}  // namespace
}  // namespace ssmscan::simd
