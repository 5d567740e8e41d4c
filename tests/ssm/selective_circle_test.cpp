// Sine and cosine of the fused selective scan of complex numbers (ssm/simd/sine_cosine-inl.hpp), and what one step of it makes of
// them, each within the error that its text derives.
#include <bit>
#include <cstdint>
#include <limits>

#include "tests/laws/effort.hpp"
#include "tests/ssm/selective_checks.hpp"
#include "tests/ssm/simd_targets.hpp"
#include <gtest/gtest.h>

namespace ssmscan::ssm {
namespace {

using namespace test::selective;

template <class T>
struct circle_points {
  std::vector<T> sine, cosine, cosine_less_one;
};

// Of each x, seen through the scan. With A = i and step x, e^(x A) is what becomes of the state 1, and (e^(x A) - 1) / A, which
// is sin x - i (cos x - 1), is what zoh gives to the state 0: products with 0 and 1 alone, which are exact.
template <class T>
circle_points<T> seen(std::vector<T> const& x) {
  using V = std::complex<T>;
  index_t const count = index_t(x.size());
  std::vector<T> ones(x.size(), T(1)), y(x.size());
  std::vector<V> A(x.size(), V(0, 1)), B(x.size()), states(x.size(), V(1));
  tensor_shape const shape{1, count, 1};
  selective_problem<V> p;
  p.u = tensor_view<T const>(ones.data(), shape), p.delta = tensor_view<T const>(x.data(), shape);
  p.y = {y.data(), shape};
  p.A = {A.data(), count, 1};
  p.B = constant_coefficient<V>(B.data(), count, 1), p.C = p.B;
  p.initial = dense_state<V const>(states.data(), count, 1), p.final = dense_state(states.data(), count, 1);
  selective_scan(p);
  circle_points<T> points{std::vector<T>(x.size()), std::vector<T>(x.size()), std::vector<T>(x.size())};
  for (std::size_t i = 0; i < x.size(); ++i) points.cosine[i] = states[i].real(), points.sine[i] = states[i].imag();

  std::fill(B.begin(), B.end(), V(1)), std::fill(states.begin(), states.end(), V(0));
  p.rule = selective_rule::zoh;
  selective_scan(p);
  for (std::size_t i = 0; i < x.size(); ++i) {
    points.cosine_less_one[i] = -states[i].imag();
    EXPECT_TRUE(states[i].real() == points.sine[i] || std::isnan(states[i].real())) << x[i];
  }
  return points;
}

// Greatest errors in u, relative; cos x's absolute one too.
struct greatest {
  double sine = 0, cosine = 0, cosine_absolute = 0, cosine_less_one = 0;
};

// Errors of finite x, so far at most `most`. Wide: at least ten bits more than T.
template <class Wide, class T>
void judge(std::vector<T> const& x, greatest& worst) {
  circle_points<T> const got = seen(x);
  Wide const u = std::numeric_limits<T>::epsilon() / 2;
  auto const raise = [](double& most, Wide error) {
    if (!(double(error) <= most)) most = std::isnan(error) ? HUGE_VAL : double(error);
  };
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (std::abs(x[i]) < std::numeric_limits<T>::min()) continue;  // below the normal numbers a unit is absolute
    Wide const wide = x[i], sine = std::sin(wide), cosine = std::cos(wide), half = std::sin(wide / 2);
    raise(worst.sine, std::abs((got.sine[i] - sine) / (u * sine)));
    raise(worst.cosine, std::abs((got.cosine[i] - cosine) / (u * cosine)));
    raise(worst.cosine_absolute, std::abs((got.cosine[i] - cosine) / u));
    Wide const less_one = -2 * half * half;
    if (std::abs(less_one) < 2 * std::numeric_limits<T>::min()) continue;
    raise(worst.cosine_less_one, std::abs((got.cosine_less_one[i] - less_one) / (u * less_one)));
  }
}
void expect_derived(greatest const& worst) {
  EXPECT_LE(worst.sine, 2.5);
  EXPECT_LE(worst.cosine, 2.5);
  EXPECT_LE(worst.cosine_absolute, 1.8);
  EXPECT_LE(worst.cosine_less_one, 6);
  testing::Test::RecordProperty("sine", std::to_string(worst.sine));
  testing::Test::RecordProperty("cosine", std::to_string(worst.cosine));
  testing::Test::RecordProperty("cosine_absolute", std::to_string(worst.cosine_absolute));
  testing::Test::RecordProperty("cosine_less_one", std::to_string(worst.cosine_less_one));
}

constexpr std::size_t at_once = 1 << 16;

// From 0 to the greatest float, of both signs by turns.
TEST(SelectiveCircle, OfFloats) {
  constexpr std::uint32_t infinity = 0x7f800000;
  std::uint32_t const stride = laws::stride_of_floats();
  greatest worst;
  std::vector<float> x;
  std::uint64_t judged = 0;
  for (std::uint64_t bits = 0; bits < infinity; bits += stride) {
    x.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(bits)) * (bits / stride % 2 == 0 ? 1.0f : -1.0f));
    if (x.size() == at_once || bits + stride >= infinity) judge<double>(x, worst), judged += x.size(), x.clear();
  }
  EXPECT_EQ(judged, (infinity + stride - 1) / stride);
  // Where the least is left of x: next to every multiple of pi / 2 that vectors reduce.
  for (int n = 1; n < 660; ++n) {
    float near = static_cast<float>(n * 1.57079632679489662);
    for (int k = 0; k < 3; ++k) near = std::nextafter(near, 0.0f);
    for (int k = 0; k < 6; ++k) x.push_back(near), near = std::nextafter(near, 2000.0f);
  }
  judge<double>(x, worst);
  expect_derived(worst);
}

TEST(SelectiveCircle, OfDoubles) {
  std::mt19937_64 random(3);
  std::uniform_real_distribution<double> mantissa(1, 2), exponent(-40, 40);
  std::uniform_int_distribution<int> multiple(1, 1 << 26);
  std::uint32_t const batches = std::max(4096 / laws::stride_of_floats(), 4u);
  greatest worst;
  std::vector<double> x(at_once);
  for (std::uint32_t batch = 0; batch < batches; ++batch) {
    for (std::size_t i = 0; i < x.size(); ++i) {
      x[i] = std::ldexp(mantissa(random), static_cast<int>(exponent(random)));
      if (i % 4 == 1) x[i] = -std::fmod(x[i], 8);
      if (i % 4 == 2) x[i] = static_cast<double>(multiple(random) * 1.57079632679489661923L);  // little is left of it
      if (i % 4 == 3) x[i] = std::ldexp(multiple(random), static_cast<int>(i % 900));          // as far as they go
    }
    judge<long double>(x, worst);
  }
  expect_derived(worst);
}

template <class T>
class SelectiveStep : public testing::Test {};
using dtypes = testing::Types<float, double>;
TYPED_TEST_SUITE(SelectiveStep, dtypes);

TYPED_TEST(SelectiveStep, OfWhatIsNotFiniteIsNaN) {
  using T = TypeParam;
  T const infinity = std::numeric_limits<T>::infinity();
  auto const points = seen(std::vector<T>{0, infinity, -infinity, std::numeric_limits<T>::quiet_NaN(), T(1), T(1e30)});
  EXPECT_EQ(points.cosine[0], 1);
  EXPECT_EQ(points.sine[0], 0);
  EXPECT_EQ(points.cosine_less_one[0], 0);
  for (std::size_t const i : {1u, 2u, 3u})
    EXPECT_TRUE(std::isnan(points.sine[i]) && std::isnan(points.cosine[i]) && std::isnan(points.cosine_less_one[i]));
  EXPECT_EQ(points.sine[5], std::sin(T(1e30)));  // the lane beside is no concern of theirs
  EXPECT_NEAR(points.sine[4], std::sin(1.0), 1e-6);
}

// One step of every rule over many decades of A: what it adds and what it leaves of a state, within the bound.
TYPED_TEST(SelectiveStep, IsWithinItsBoundOverDecades) {
  using V = std::complex<TypeParam>;
  for (selective_rule const rule : {selective_rule::mamba, selective_rule::zoh, selective_rule::bilinear}) {
    for (bool const initial : {false, true}) {
      instance<V> one({.batch = 1,
                       .channels = 1 << 14,
                       .states = 2,
                       .time = 1,
                       .rule = rule,
                       .softplus = false,
                       .initial = initial});
      std::uniform_real_distribution<double> exponent(-24, 7), angle(0, 6.2831853);
      for (V& a : one.A) {
        double const size = std::exp2(exponent(one.random)), turn = angle(one.random);
        a = V(TypeParam(-size * std::abs(std::cos(turn))), TypeParam(size * std::sin(turn)));
      }
      for (std::size_t i = 0; i < one.A.size(); i += 3) one.A[i] = i % 2 == 0 ? V(0, one.A[i].imag()) : one.A[i].real();
      auto const expected = detail::selective_reference(one.problem(), 1);
      for (selective_mode const mode : {selective_mode::fused, selective_mode::recurrence}) {
        selective_scan(one.problem(), {.mode = mode});
        expect_inside(one, expected, std::string(name_of(rule)) + " " + std::string(name_of(mode)));
      }
    }
  }
}

// (e^v - 1) / A down to the least A: 1 / |A|^2 would be infinite, and the quotient none.
TYPED_TEST(SelectiveStep, HoldsTheStateDownToTheLeastRates) {
  using V = std::complex<TypeParam>;
  int const least = std::numeric_limits<TypeParam>::min_exponent - std::numeric_limits<TypeParam>::digits;
  instance<V> one(
      {.batch = 1, .channels = 1 << 12, .states = 2, .time = 1, .rule = selective_rule::zoh, .softplus = false});
  std::uniform_real_distribution<double> exponent(least, -24), angle(0, 6.2831853);
  for (V& a : one.A) {
    double const size = std::exp2(exponent(one.random)), turn = angle(one.random);
    a = V(TypeParam(-size * std::abs(std::cos(turn))), TypeParam(size * std::sin(turn)));
  }
  auto const expected = detail::selective_reference(one.problem(), 1);
  selective_scan(one.problem(), {.mode = selective_mode::fused});
  expect_inside(one, expected, "zoh fused");
}

// Near, far and in between, lanes of one vector.
TYPED_TEST(SelectiveStep, EverySimdTargetGivesTheSameBits) {
  using T = TypeParam;
  std::vector<T> x;
  for (int i = 0; i < 4000; ++i) x.push_back(T(std::ldexp(1 + i / 4000.0, i % 61 - 20) * (i % 2 == 0 ? 1 : -1)));
  circle_points<T> const here = seen(x);
  int targets = 0;
  test::on_every_simd_target([&](std::string const& target) {
    circle_points<T> const there = seen(x);
    EXPECT_TRUE(same_bits(there.sine, here.sine) && same_bits(there.cosine, here.cosine) &&
                same_bits(there.cosine_less_one, here.cosine_less_one))
        << target;
    ++targets;
  });
  EXPECT_GE(targets, 1);
}

}  // namespace
}  // namespace ssmscan::ssm
