// The SIMD target that SSMSCAN_SIMD names: the public call runs by it, with the bits of the texts, which know no targets. ctest has an
// entry for each name that the library knows, and reports as skipped what this build has no code for or this processor does not run.
#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "tests/laws/fenced.hpp"
#include "tests/scan/backends/each_target.hpp"
#include <gtest/gtest.h>

#include <ssmscan/scan/linear_recurrence.hpp>
#include <ssmscan/scan/simd_target.hpp>

namespace ssmscan::simd {
namespace {

std::string_view named() {
  char const* const given = std::getenv("SSMSCAN_SIMD");
  return given == nullptr ? "" : given;
}

bool is_for_other_processors(std::string_view name) {
#if defined(__x86_64__)
  return name == "neon";
#else
  return name == "avx3" || name == "avx2";
#endif
}

template <class T>
class simd_named : public testing::Test {};
TYPED_TEST_SUITE(simd_named, dtypes);

// Three chunks and a part of one, lanes of more than a vector and what it leaves over, in both layouts.
TYPED_TEST(simd_named, target_gives_the_texts_bits) {
  using T = TypeParam;
  if (!named().empty()) {
    auto const all = targets<T>();
    auto const found = std::ranges::find(all, named(), &target<T>::name);
    if (found == all.end()) {
      ASSERT_TRUE(is_for_other_processors(named())) << named() << " is not compiled";
      GTEST_SKIP() << "not run here: " << named() << ", which is for other processors";
    }
    if (!found->runs_here) GTEST_SKIP() << "not run here: " << named() << ", which this processor does not have";
    ASSERT_EQ(simd_target(), named());
    ASSERT_EQ(&best<T>(), found->made);
  }
  constexpr index_t lanes = 37, time = 3 * chunk + 259, n = lanes * time;
  auto const a = random_numbers<T>(n, 0.9, 1), b = random_numbers<T>(n, -1, 1);
  tensor_shape const shape{1, lanes, time};
  for (auto const order : {layout::lane_major, layout::time_major}) {
    auto const x_by = [&](std::string_view algorithm) {
      std::vector<T> x(b.size());
      linear_recurrence<T>(
          {.a = {a.data(), shape, order}, .b = {b.data(), shape, order}, .x = {x.data(), shape, order}},
          {.algorithm = algorithm});
      return x;
    };
    EXPECT_TRUE(laws::same_bits(x_by("sequential").data(), x_by("sequential.textbook").data(), n));
    auto const by_chunks = x_by("chunked.textbook");
    EXPECT_TRUE(laws::same_bits(x_by("chunked").data(), by_chunks.data(), n));
    EXPECT_TRUE(laws::same_bits(x_by("look_back").data(), by_chunks.data(), n));
  }
}

}  // namespace
}  // namespace ssmscan::simd
