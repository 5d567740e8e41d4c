// The laws of every monoid and of its segmented lift: identity on both sides, associativity (bit for bit where
// arithmetic is exact, inside a bound counted from the roundings elsewhere), and a witness that it does not commute,
// where it does not.
//
// The bounds. u = unit roundoff. Both bracketings of p, q, r compute the same sum of products of the operands' entries;
// if each term passes through at most k roundings on either side, the two results differ by at most 2 ((1+u)^k - 1)
// times the sum M of the terms' magnitudes. (1+u)^k - 1 <= 1.01 k u for every k used here.
#include <cmath>
#include <complex>
#include <cstring>
#include <random>

#include <gtest/gtest.h>

#include <ssmscan/scan/monoids/affine.hpp>
#include <ssmscan/scan/monoids/affine_matrix.hpp>
#include <ssmscan/scan/monoids/maximum.hpp>
#include <ssmscan/scan/monoids/plus.hpp>
#include <ssmscan/scan/monoids/segmented.hpp>
#include <ssmscan/scan/monoids/semi_log.hpp>

namespace ssmscan {
namespace {

constexpr double second_order = 1.01;
template <class T>
constexpr double unit_roundoff = std::numeric_limits<decltype(std::abs(T()))>::epsilon() / 2.0;

std::mt19937_64& engine() {
  static std::mt19937_64 made(42);
  return made;
}

template <class T>
T draw() {
  std::normal_distribution<double> normal;
  if constexpr (is_complex<T>) {
    using part = typename T::value_type;
    return T(static_cast<part>(normal(engine())), static_cast<part>(normal(engine())));
  } else if constexpr (std::integral<T>) {
    return static_cast<T>(engine()());
  } else {
    return static_cast<T>(normal(engine()));
  }
}

double size(double v) { return std::abs(v); }
double size(float v) { return std::abs(v); }
template <class T>
double size(std::complex<T> v) {
  return std::abs(std::complex<double>(v));
}

// --- one specialisation a monoid: a random value, and how far the two bracketings of three may lie apart

enum class order { commutes, matters };

template <class M>
struct law;

template <class T>
struct law<plus<T>> {
  static constexpr order operands = order::commutes;
  static plus<T> monoid() { return {}; }
  static T value() { return draw<T>(); }
  static void near(T p, T q, T r, T left, T right) {
    if constexpr (std::integral<T>) {
      EXPECT_EQ(left, right);
    } else {  // two additions on either side
      EXPECT_LE(size(left - right), 2 * second_order * 2 * unit_roundoff<T> * (size(p) + size(q) + size(r)));
    }
  }
};

template <class T>
struct law<affine<T>> {
  static constexpr order operands = order::matters;
  static affine<T> monoid() { return {}; }
  static affine_map<T> value() { return {draw<T>(), draw<T>()}; }
  using map = affine_map<T>;
  static void near(map const& p, map const& q, map const& r, map const& left, map const& right) {
    if constexpr (std::integral<T>) {
      EXPECT_EQ(left, right);
    } else {
      // Two operations on either side. A complex one is two roundings per part, sqrt(2) of them by modulus.
      double const k = 2 * (is_complex<T> ? 2 * std::sqrt(2.0) : 1.0);
      double const u = 2 * second_order * k * unit_roundoff<T>;
      EXPECT_LE(size(left.a - right.a), u * size(p.a) * size(q.a) * size(r.a));
      EXPECT_LE(size(left.b - right.b), u * (size(r.a) * size(q.a) * size(p.b) + size(r.a) * size(q.b) + size(r.b)));
    }
  }
};

template <class T>
struct law<semi_log<T>> {
  static constexpr order operands = order::matters;
  using map = semi_log_map<T>;
  static semi_log<T> monoid() { return {}; }
  static map value() { return semi_log<T>::step(draw<T>(), draw<T>()); }
  static void near(map const& p, map const& q, map const& r, map const& left, map const& right) {
    double const u = 2 * second_order * unit_roundoff<T>;
    EXPECT_EQ(left.sign, right.sign);
    EXPECT_LE(size(left.log_a - right.log_a), u * 2 * (size(p.log_a) + size(q.log_a) + size(r.log_a)));
    // exp is within one ulp, two roundings; a term meets two of them and two fmas, 6 roundings, on one side; on the
    // other one exp of a rounded sum, which adds u |sum| to the relative error.
    double const sum = size(r.log_a) + size(q.log_a);
    double const ra = std::exp(double{r.log_a}), qa = std::exp(double{q.log_a});
    EXPECT_LE(size(left.b - right.b), u * (6 + sum) * (ra * qa * size(p.b) + ra * size(q.b) + size(r.b)));
  }
};

template <class T, index_t N, index_t Size>
struct matrix_law {
  using monoid_type = affine_matrix<T, N>;
  using map = typename monoid_type::value_type;
  static constexpr order operands = order::matters;
  static monoid_type monoid() {
    if constexpr (N == dynamic) {
      return monoid_type(Size);
    } else {
      return {};
    }
  }
  static map value() {
    map made = monoid().identity();
    for (auto& a : made.a) a = draw<T>();
    for (auto& b : made.b) b = draw<T>();
    return made;
  }
  static double norm(auto const& values) {
    double sum = 0;
    for (auto const& v : values) sum += size(v) * size(v);
    return std::sqrt(sum);
  }
  static void near(map const& p, map const& q, map const& r, map const& left, map const& right) {
    if constexpr (std::integral<T>) {
      EXPECT_EQ(left, right);
    } else {
      // Two combines of at most N roundings a term on either side. The Frobenius norms bound |r||q||p| by entries.
      double const u = 2 * second_order * 2 * static_cast<double>(Size) * unit_roundoff<T>;
      auto difference = left;
      for (std::size_t i = 0; i < left.a.size(); ++i) difference.a[i] = left.a[i] - right.a[i];
      for (std::size_t i = 0; i < left.b.size(); ++i) difference.b[i] = left.b[i] - right.b[i];
      EXPECT_LE(norm(difference.a), u * norm(p.a) * norm(q.a) * norm(r.a));
      EXPECT_LE(norm(difference.b), u * (norm(r.a) * norm(q.a) * norm(p.b) + norm(r.a) * norm(q.b) + norm(r.b)));
    }
  }
};
template <class T, index_t N>
struct law<affine_matrix<T, N>> : matrix_law<T, N, N> {};
template <class T>
struct law<affine_matrix<T, dynamic>> : matrix_law<T, dynamic, 5> {};

template <class T>
struct law<maximum<T>> {
  static constexpr order operands = order::commutes;
  static maximum<T> monoid() { return {}; }
  static T value() { return draw<T>(); }
  static void near(T, T, T, T left, T right) { EXPECT_EQ(left, right); }
};

template <class M>
struct law<segmented<M>> {
  using map = typename segmented<M>::value_type;
  static constexpr order operands = order::matters;
  static segmented<M> monoid() { return {law<M>::monoid()}; }
  static map value() {
    return {law<M>::value(), std::bernoulli_distribution(0.3)(engine()) ? boundary::start : boundary::inside};
  }
  // A start forgets what is earlier: then, and only then, bit for bit whatever the base; else the base's own law.
  static void near(map const& p, map const& q, map const& r, map const& left, map const& right) {
    EXPECT_EQ(left.at, right.at);
    if (q.at == boundary::start || r.at == boundary::start) {
      EXPECT_EQ(left, right);
    } else {
      law<M>::near(p.value, q.value, r.value, left.value, right.value);
    }
  }
};

// --- the laws

template <class M>
class monoid_laws : public testing::Test {};

using plain =
    testing::Types<plus<float>, plus<double>, plus<std::uint32_t>, plus<std::complex<float>>, affine<float>,
                   affine<double>, affine<std::complex<float>>, affine<std::complex<double>>, affine<std::uint32_t>,
                   semi_log<float>, semi_log<double>, affine_matrix<float, 3>, affine_matrix<double, 1>,
                   affine_matrix<double, 4>, affine_matrix<std::complex<double>, 2>, affine_matrix<std::uint32_t, 3>,
                   affine_matrix<double, dynamic>, affine_matrix<std::uint32_t, dynamic>, maximum<float>,
                   maximum<double>, maximum<int>, maximum<std::uint32_t>>;
TYPED_TEST_SUITE(monoid_laws, plain);

template <class M>
void check_laws() {
  auto const combine = law<M>::monoid();
  static_assert(monoid<M>);
  auto const id = combine.identity();
  EXPECT_EQ(combine(id, id), id);
  int differ = 0;
  for (int i = 0; i < 2000; ++i) {
    auto const p = law<M>::value(), q = law<M>::value(), r = law<M>::value();
    ASSERT_EQ(combine(id, p), p);  // finite values: multiplying by 1 and adding 0 round nothing
    ASSERT_EQ(combine(p, id), p);
    law<M>::near(p, q, r, combine(combine(p, q), r), combine(p, combine(q, r)));
    differ += !(combine(p, q) == combine(q, p));
    if (testing::Test::HasFailure()) return;
  }
  if (law<M>::operands == order::matters) {
    EXPECT_GT(differ, 400);  // the lift of a commuting base differs only where one of the two is a start
  } else {
    EXPECT_EQ(differ, 0);
  }
}

TYPED_TEST(monoid_laws, hold) { check_laws<TypeParam>(); }
TYPED_TEST(monoid_laws, hold_for_the_segmented_lift) { check_laws<segmented<TypeParam>>(); }

// --- what single monoids promise beyond the laws

template <class T>
std::uint64_t bits(T v) {
  std::uint64_t made = 0;
  std::memcpy(&made, &v, sizeof v);
  return made;
}

// Over special values, bit for bit: associativity with NaN payloads, infinities and both zeros.
template <class T>
void maximum_is_exact_on_special_values() {
  using limits = std::numeric_limits<T>;
  std::vector<T> const values{-limits::infinity(),
                              limits::lowest(),
                              T(-1),
                              -limits::denorm_min(),
                              T(-0.0),
                              T(0),
                              limits::denorm_min(),
                              T(1),
                              limits::infinity(),
                              limits::quiet_NaN(),
                              std::copysign(limits::quiet_NaN(), T(-1))};
  maximum<T> const combine;
  for (T p : values) {
    EXPECT_EQ(bits(combine(combine.identity(), p)), bits(p));
    EXPECT_EQ(bits(combine(p, combine.identity())), bits(p));
    for (T q : values) {
      T const made = combine(p, q);
      EXPECT_EQ(std::isnan(made), std::isnan(p) || std::isnan(q));
      if (std::isnan(p)) { EXPECT_EQ(bits(made), bits(p)); }
      if (!std::isnan(made)) {
        EXPECT_GE(made, p);
        EXPECT_GE(made, q);
      }
      for (T r : values) EXPECT_EQ(bits(combine(combine(p, q), r)), bits(combine(p, combine(q, r))));
    }
  }
  EXPECT_EQ(bits(combine(T(-0.0), T(0))), bits(T(0)));
  EXPECT_EQ(bits(combine(T(0), T(-0.0))), bits(T(0)));
}
TEST(maximum_monoid, is_exact_on_special_values) {
  maximum_is_exact_on_special_values<float>();
  maximum_is_exact_on_special_values<double>();
}

TEST(segmented_monoid, nan_and_infinity_do_not_cross_a_start) {
  segmented<affine<double>> const combine;
  double const inf = std::numeric_limits<double>::infinity();
  for (double bad : {std::nan(""), inf, -inf})
    for (double a : {0.0, 1.0, inf})
      EXPECT_EQ(combine({{bad, bad}, boundary::inside}, {{a, 2.0}, boundary::start}),
                (segmented_value<affine_map<double>>{{a, 2.0}, boundary::start}));
}

TEST(semi_log_monoid, zero_forgets_a_finite_past) {
  semi_log<double> const combine;
  auto const prefix =
      combine(combine(semi_log<double>::step(0.5, 3), semi_log<double>::step(-2, 1e300)), semi_log<double>::step(0, 7));
  EXPECT_EQ(semi_log<double>::state(prefix), 7);
  EXPECT_EQ(prefix.log_a, -std::numeric_limits<double>::infinity());
}

TEST(affine_matrix_monoid, of_size_one_is_affine) {
  affine_matrix<double, 1> const matrix;
  affine<double> const scalar;
  for (int i = 0; i < 1000; ++i) {
    affine_map<double> const p{draw<double>(), draw<double>()}, q{draw<double>(), draw<double>()};
    auto const expected = scalar(p, q);
    auto const made = matrix({{p.a}, {p.b}}, {{q.a}, {q.b}});
    EXPECT_EQ(made.a[0], expected.a);
    EXPECT_EQ(made.b[0], expected.b);
  }
}

TEST(affine_matrix_monoid, fixed_and_dynamic_give_the_same_bits) {
  affine_matrix<double, 4> const fixed;
  affine_matrix<double, dynamic> const free(4);
  using fixed_law = law<affine_matrix<double, 4>>;
  auto const copy = [](auto const& v) {
    return affine_matrix_map<double, dynamic>{{v.a.begin(), v.a.end()}, {v.b.begin(), v.b.end()}};
  };
  for (int i = 0; i < 200; ++i) {
    auto const p = fixed_law::value(), q = fixed_law::value();
    EXPECT_EQ(copy(fixed(p, q)), free(copy(p), copy(q)));
  }
}

TEST(affine_matrix_monoid, refuses_a_size_below_one) {
  EXPECT_THROW((affine_matrix<double, dynamic>(0)), std::invalid_argument);
  EXPECT_THROW((affine_matrix<double, dynamic>(-3)), std::invalid_argument);
}

}  // namespace
}  // namespace ssmscan
