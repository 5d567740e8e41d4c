// semi_log by every SIMD target that runs here: its logarithms and exponentials over the floats, inside the errors that
// semi_log.hpp derives and with the text's bits; and its results, with the bits of its text.
#include <cmath>
#include <iostream>
#include <limits>
#include <random>
#include <vector>

#include "tests/laws/effort.hpp"
#include "tests/laws/fenced.hpp"
#include "tests/scan/backends/each_target.hpp"
#include "tests/scan/backends/logarithmic_data.hpp"
#include "tests/worst.hpp"
#include <gtest/gtest.h>

#include <ssmscan/scan/backends/openmp.hpp>
#include <ssmscan/scan/backends/serial.hpp>
#include <ssmscan/scan/backends/simd/look_back.hpp>
#include <ssmscan/scan/reference/bounds.hpp>

namespace ssmscan::simd {
namespace {

using reference::own_semi_log_library;
using reference::unit_roundoff;

template <class T>
class semi_log_targets : public testing::Test {};
using real_dtypes = testing::Types<float, double>;
TYPED_TEST_SUITE(semi_log_targets, real_dtypes);

template <class T, class Judge>
void judge_semi_log(Judge const& judge) {
  judge_targets<T>([&](functions<T> const& made) { judge(made.semi_log); });
}

// What a function is judged against: float's in double, double's in long double, 2^29 and 2^11 times finer.
template <class T>
using wide = std::conditional_t<std::same_as<T, float>, double, long double>;

// Of all floats >= 0, infinity and NaN among them: every 61st, full; else every 4099th; or each (effort.hpp). Of doubles
// an eighth of as many at random, and those next to 1.
template <class T, class Judge>
void for_many_not_negative(Judge const& judge) {
  constexpr std::size_t at_once = 4096;
  std::uint32_t const stride = laws::stride_of_floats();
  std::vector<T> v;
  if constexpr (std::same_as<T, float>) {
    std::uint32_t constexpr end = 0x7f800002;  // past one NaN
    for (std::uint64_t bits = 0; bits < end; bits += stride) {
      v.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
      if (v.size() == at_once) judge(v), v.clear();
    }
    for (std::uint32_t bits = 0x3f7f8000; bits < 0x3f808000; ++bits) v.push_back(std::bit_cast<float>(bits));
  } else {
    std::mt19937_64 random(stride);
    for (std::uint64_t i = 0; i < (std::uint64_t{1} << 28) / stride; ++i) {
      v.push_back(std::bit_cast<double>(random() & 0x7fffffffffffffff));
      if (v.size() == at_once) judge(v), v.clear();
    }
    for (int i = -(1 << 16); i < 1 << 16; ++i) v.push_back(1 + i * 0x1p-53), v.push_back(1 + i * 0x1p-24);
  }
  using limits = std::numeric_limits<T>;
  for (T const one : {T(0), limits::denorm_min(), limits::min() - limits::denorm_min(), limits::min(), limits::max(),
                      limits::infinity(), limits::quiet_NaN()})
    v.push_back(one);
  judge(v);
}

TYPED_TEST(semi_log_targets, logarithm_is_within_its_error) {
  using T = TypeParam;
  judge_semi_log<T>([](semi_log_functions<T> const& made) {
    wide<T> worst = 0;
    std::vector<T> log;
    for_many_not_negative<T>([&](std::vector<T> const& v) {
      log.resize(v.size());
      made.log(v.data(), log.data(), std::ssize(v));
      for (std::size_t i = 0; i < v.size(); ++i) {
        ASSERT_TRUE(same(log[i], natural_log(v[i]))) << v[i];
        wide<T> const exact = std::log(static_cast<wide<T>>(v[i]));
        if (std::isfinite(exact) && exact != 0) {
          worst = tests::worse(worst, std::abs((log[i] - exact) / exact));
        } else {
          ASSERT_TRUE(same(log[i], static_cast<T>(exact))) << v[i];
        }
      }
    });
    EXPECT_LE(worst / unit_roundoff<T>, own_semi_log_library.log);
    std::cout << "logarithm: relative error at most " << worst / unit_roundoff<T> << " u\n";
  });
}

TYPED_TEST(semi_log_targets, exponential_is_within_its_error) {
  using T = TypeParam;
  judge_semi_log<T>([](semi_log_functions<T> const& made) {
    wide<T> worst = 0;
    std::vector<T> given, exp;
    auto const judge = [&](std::vector<T> const& v) {
      given.clear();
      for (T const one : v) given.push_back(one), given.push_back(-one);
      exp.resize(given.size());
      made.exp(given.data(), exp.data(), std::ssize(given));
      for (std::size_t i = 0; i < given.size(); ++i) {
        ASSERT_TRUE(same(exp[i], natural_exp(given[i]))) << given[i];
        wide<T> const exact = std::exp(static_cast<wide<T>>(given[i]));
        if (!(exact < std::numeric_limits<T>::max())) {  // infinite, or next to it
          ASSERT_TRUE(same(exp[i], static_cast<T>(exact)) || std::isfinite(exact)) << given[i];
        } else if (exact < std::numeric_limits<T>::min()) {
          ASSERT_LE(std::abs(exp[i] - exact), std::numeric_limits<T>::denorm_min()) << given[i];
        } else {
          worst = tests::worse(worst, std::abs((exp[i] - exact) / exact));
        }
      }
    };
    for_many_not_negative<T>(judge);
    std::vector<T> v;
    for (int i = 0; i < 1 << 20; ++i)
      v.push_back(T(750) * static_cast<T>(i) / (1 << 20));  // most doubles are far from here
    judge(v);
    EXPECT_LE(worst / unit_roundoff<T>, own_semi_log_library.exp);
    std::cout << "exponential: relative error at most " << worst / unit_roundoff<T> << " u\n";
  });
}

// Of whole problems: what a chunk does is judged in simd_chunk_test.cpp, on data that are finite.
TYPED_TEST(semi_log_targets, is_its_text_bit_for_bit) {
  using T = TypeParam;
  for (data const what : all_data)
    for (index_t const n : {1, 2, 16, 17, 255, 256, 257, 1000, 4096, 4097, 40000}) {
      auto const given = made_of<T>(what, n);
      std::vector<T> needed(given.b.size()), x(given.b.size());
      auto problem = one_lane(given.a.data(), given.b.data(), needed.data(), n, 1);
      serial one;
      using io = detail::recurrence_io<semi_log<T>>;
      ssmscan::chunked::inclusive(one, semi_log<T>{}, problem.size, typename io::load{&problem},
                                  typename io::store{&problem});
      problem.x = lane(x.data(), n, 1);
      judge_semi_log<T>([&](semi_log_functions<T> const& made) {
        for (int const threads : {1, 2, 3})
          for (bool const in_one_pass : {false, true}) {
            std::fill(x.begin(), x.end(), T(77));
            openmp on(threads);
            in_one_pass ? look_back::solve_by(made.chunk, on, problem) : chunked::solve_by(made.chunk, on, problem);
            for (std::size_t t = 0; t < x.size(); ++t)
              ASSERT_TRUE(same(x[t], needed[t])) << "data " << static_cast<int>(what) << ", " << n << " at " << t
                                                 << ", " << threads << " threads: " << x[t] << ", " << needed[t];
          }
      });
    }
}

}  // namespace
}  // namespace ssmscan::simd
