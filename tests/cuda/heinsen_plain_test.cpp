// heinsen.plain has no bound, so the laws say nothing of its values; on a device its complex logarithms are its own. On
// sequences so short that the formula has no time to go wrong, it is held to what its operations may lose.
#include "tests/cuda/on_device.hpp"
#include "tests/laws/data.hpp"
#include "tests/worst.hpp"
#include <gtest/gtest.h>

#include <ssmscan/scan/reference/oracle.hpp>

namespace ssmscan::laws {
namespace {

template <class T>
class cuda_heinsen_plain : public testing::Test {};
using dtypes = testing::Types<float, double, std::complex<float>, std::complex<double>>;
TYPED_TEST_SUITE(cuda_heinsen_plain, dtypes);

// With |a|, |b| in [1/2, 1] and n steps no logarithm met is greater than n (ln 2 + pi) + ln n < 64. Each of the 4n + 4
// operations on the way to an x errs by at most 4u of that (CUDA's functions by 5u of results less than 5), which exp turns
// into a share of S = sum |P||b|.
TYPED_TEST(cuda_heinsen_plain, is_the_recurrence_as_long_as_it_can_be) {
  using T = TypeParam;
  constexpr index_t n = 16, lanes = 200;
  constexpr double greatest_logarithm = 64, operations = 4 * n + 4;
  constexpr double allowed = 4 * greatest_logarithm * operations * reference::unit_roundoff<T>;
  random_stream random(23);
  std::vector<T> a, b, x(lanes * n);
  for (index_t i = 0; i < lanes * n; ++i) {
    a.push_back(signed_or_turned<T>(random, 0.5, 1));
    b.push_back(signed_or_turned<T>(random, 0.5, 1));
  }
  tensor_shape const shape{1, lanes, n};
  recurrence<T> const problem{.a = {a.data(), shape}, .b = {b.data(), shape}, .x = {x.data(), shape}};
  gpu::solve_on_device<T>(problem, {.algorithm = "heinsen.plain"},
                          {device::workspace_bytes<T>, device::linear_recurrence<T>});
  double worst = 0;
  for (index_t lane = 0; lane < lanes; ++lane) {
    auto const of_lane = [&](std::vector<T> const& v) {
      return std::vector<T>(v.begin() + lane * n, v.begin() + (lane + 1) * n);
    };
    reference::oracle<T> const exact(of_lane(a), of_lane(b), std::nullopt);
    for (index_t t = 0; t < n; ++t)
      worst = tests::worse(worst, exact.error(t, x[static_cast<std::size_t>(lane * n + t)]) / exact.at(t).s);
  }
  std::printf("largest error / (u S): %.1f\n", worst / reference::unit_roundoff<T>);
  EXPECT_LE(worst, allowed);
  EXPECT_GT(worst, 0);
}

}  // namespace
}  // namespace ssmscan::laws
