// heinsen.fused by every SIMD target that runs here: its logarithms and exponentials over the floats, inside the errors that
// log2.hpp derives and with the text's bits; and its results, with the bits of its text.
#include <cmath>
#include <iostream>
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

TEST(heinsen_fused, is_its_text_bit_for_bit) {
  for (data const what : all_data)
    for (index_t const n : {1, 2, 16, 17, 255, 256, 257, 1000, 4096, 4097, 40000}) {
      auto const given = made_of<float>(what, n);
      std::vector<float> needed(given.b.size());
      auto const text = one_lane(given.a.data(), given.b.data(), needed.data(), n, 1);
      serial one;
      using io = detail::recurrence_io<affine<float>>;
      ssmscan::simd::heinsen_fused::inclusive(one, affine<float>{}, text.size, io::load{&text}, io::store{&text});
      judge_heinsen([&](heinsen_functions<float> const& made) {
        for (index_t const stride : {1, 3})
          for (int const threads : {1, 2, 3}) {
            auto const room = static_cast<std::size_t>(stride * n);
            std::vector<float> a(room), b(room), x(room, 77.0f);
            for (index_t t = 0; t < n; ++t) {
              auto const from = static_cast<std::size_t>(t), to = static_cast<std::size_t>(t * stride);
              a[to] = given.a[from], b[to] = given.b[from];
            }
            auto const problem = one_lane(a.data(), b.data(), x.data(), n, stride);
            openmp on(threads);
            heinsen_fused::solve_by(made, on, problem);
            for (index_t t = 0; t < n; ++t)
              ASSERT_TRUE(same(x[static_cast<std::size_t>(t * stride)], needed[static_cast<std::size_t>(t)]))
                  << "data " << static_cast<int>(what) << ", " << n << " at " << t << ", " << threads << " threads";
          }
      });
    }
}

}  // namespace
}  // namespace ssmscan::simd
