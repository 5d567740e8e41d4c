// The oracle against closed forms, exact integers and sums taken from their definition.
#include <complex>
#include <random>

#include <gtest/gtest.h>

#include <ssmscan/scan/reference/oracle.hpp>

namespace ssmscan::reference {
namespace {

__extension__ using wide_integer = __int128;

// x = a x + b over the Gaussian integers, exactly, while it fits in 106 bits (so that two doubles hold it).
struct gaussian {
  wide_integer real, imag;
};
gaussian step(gaussian a, gaussian x, gaussian b) {
  return {a.real * x.real - a.imag * x.imag + b.real, a.real * x.imag + a.imag * x.real + b.imag};
}
double distance(double value, wide_integer exact) {  // value is an integer below 2^106
  wide_integer const difference = static_cast<wide_integer>(value) - exact;
  return static_cast<double>(difference < 0 ? -difference : difference);
}

TEST(oracle, integers_are_exact) {
  std::mt19937 random(1);
  std::uniform_int_distribution<int> small(-3, 3);
  constexpr std::size_t n = 60;  // |x| < 4 * 3^60 < 2^100
  std::vector<double> a(n), b(n);
  for (std::size_t t = 0; t < n; ++t) a[t] = small(random) == 0 ? -3 : 3, b[t] = small(random);
  oracle<double> const exact(a, b);
  wide_integer x = 0;
  for (std::size_t t = 0; t < n; ++t) {
    x = (t == 0 ? 0 : static_cast<wide_integer>(a[t]) * x) + static_cast<wide_integer>(b[t]);
    auto const rounded = static_cast<double>(x);
    ASSERT_EQ(exact.value(static_cast<index_t>(t)), rounded) << t;
    ASSERT_EQ(exact.error(static_cast<index_t>(t), rounded), distance(rounded, x)) << t;
    ASSERT_EQ(exact.error(static_cast<index_t>(t), 2 * rounded), distance(2 * rounded, x)) << t;
  }
  EXPECT_GT(std::abs(exact.value(n - 1)), 0x1p53);  // past what a double can count: the low half was needed
}

TEST(oracle, gaussian_integers_are_exact) {
  constexpr std::size_t n = 60;  // |1 + 2i|^60 = 5^30 < 2^70
  std::vector<std::complex<double>> a(n, {1, 2}), b(n, {3, -1});
  std::complex<double> const initial(-2, 5);
  oracle<std::complex<double>> const exact(a, b, initial);
  gaussian x{-2, 5};
  for (index_t t = 0; t < static_cast<index_t>(n); ++t) {
    x = step({1, 2}, x, {3, -1});
    std::complex<double> const rounded(static_cast<double>(x.real), static_cast<double>(x.imag));
    ASSERT_EQ(exact.value(t), rounded) << t;
    ASSERT_EQ(exact.error(t, rounded), std::hypot(distance(rounded.real(), x.real), distance(rounded.imag(), x.imag)));
  }
}

TEST(oracle, the_geometric_series) {
  for (float const ratio : {0.97F, 0.5F, -0.875F, 0.9999F}) {
    constexpr index_t n = 5000;
    std::vector<float> const a(n, ratio), b(n, 1.0F);
    oracle<float> const exact(a, b);
    auto const r = static_cast<long double>(ratio);
    for (index_t t = 0; t < n; t += 7) {
      long double const closed = (1 - std::pow(r, static_cast<long double>(t + 1))) / (1 - r);
      // Rounded to double (2^-53), the closed form to a few of its own 2^-64, of numbers up to 1/|closed| < 2 as large.
      ASSERT_NEAR(exact.value(t), static_cast<double>(closed), std::abs(static_cast<double>(closed)) * 1.1 * 0x1p-52);
    }
  }
}

// The n-fold composition of x -> a x + b mod 2^32, by squaring: O(log n).
struct ring_map {
  std::uint64_t a, b;
};
ring_map compose(ring_map earlier, ring_map later) {
  constexpr std::uint64_t mask = 0xffffffff;
  return {later.a * earlier.a & mask, (later.a * earlier.b + later.b) & mask};
}
ring_map power(ring_map base, index_t n) {
  ring_map result{1, 0};
  for (; n > 0; n /= 2, base = compose(base, base))
    if (n % 2 == 1) result = compose(result, base);
  return result;
}

TEST(oracle, the_ring_by_repeated_squaring) {
  constexpr index_t n = 1'000'003;
  constexpr std::uint32_t a = 1664525, b = 1013904223, initial = 20;  // the generator of Numerical Recipes
  std::vector<std::uint32_t> const as(n, a), bs(n, b);
  oracle<std::uint32_t> const from_zero(as, bs), from_initial(as, bs, initial);
  for (index_t t : {index_t{0}, index_t{1}, index_t{2}, index_t{1000}, index_t{65535}, index_t{65536}, n - 1}) {
    ring_map const f = power({a, b}, t + 1);
    ASSERT_EQ(from_zero.value(t), static_cast<std::uint32_t>(f.b)) << t;
    ASSERT_EQ(from_initial.value(t), static_cast<std::uint32_t>(f.a * initial + f.b)) << t;
    ASSERT_EQ(from_zero.error(t, from_zero.value(t)), 0);
    ASSERT_NE(from_zero.error(t, from_zero.value(t) + 1), 0);
  }
}

// Every sum from its definition, O(n^2), in long double.
TEST(oracle, the_sums_are_what_they_are_defined_as) {
  constexpr int n = 40;
  std::mt19937 random(7);
  std::uniform_real_distribution<float> modulus(0.3F, 1.2F);
  std::normal_distribution<float> normal;
  for (bool const has_initial : {false, true}) {
    std::vector<float> a(n), b(n);
    for (int t = 0; t < n; ++t)
      a[static_cast<std::size_t>(t)] = (t % 3 == 0 ? -1.0F : 1.0F) * modulus(random),
      b[static_cast<std::size_t>(t)] = normal(random);
    float const initial = 1.5F;
    oracle<float> const exact(a, b, has_initial ? std::optional(initial) : std::nullopt);

    int const first = has_initial ? -1 : 0;
    auto const b_at = [&](int s) -> long double { return std::abs(s < 0 ? initial : b[static_cast<std::size_t>(s)]); };
    auto const a_at = [&](int j) -> long double { return std::abs(a[static_cast<std::size_t>(j)]); };
    auto const product = [&](int t, int s) {  // P(t,s)
      long double p = 1;
      for (int j = s + 1; j <= t; ++j) p *= a_at(j);
      return p;
    };
    auto const logs = [&](int t, int s) {
      long double sum = 0;
      for (int j = s + 1; j <= t; ++j) sum += std::abs(std::log(a_at(j)));
      return sum;
    };
    long double q = 0, s_greatest = first < 0 ? b_at(-1) : 0;
    std::vector<long double> s_greatest_before;
    for (int t = 0; t < n; ++t) {
      s_greatest_before.push_back(s_greatest);
      long double s_sum = 0, n_sum = 0, m_sum = 0, u_sum = 0, w_sum = 0, logs_most = 0;
      for (int s = first; s <= t; ++s) {
        long double const p = product(t, s);
        s_sum += p * b_at(s);
        n_sum += static_cast<long double>(t - s) * p * b_at(s);
        m_sum += logs(t, s) * p * b_at(s);
        logs_most = std::max(logs_most, logs(t, s));
        if (s >= 0) u_sum += p, w_sum += p * s_greatest_before[static_cast<std::size_t>(s)];
        if (s < t) q = std::max(q, p);
      }
      s_greatest = std::max(s_greatest, s_sum);
      condition const& c = exact.at(t);
      auto const near = [&](double got, long double want) {
        return std::abs(got - static_cast<double>(want)) <= 4 * (n + 1) * 0x1p-53 * static_cast<double>(want) * 2;
      };
      ASSERT_TRUE(near(c.s, s_sum) && near(c.n, n_sum) && near(c.u, u_sum) && near(c.w, w_sum) && near(c.q, q))
          << "t = " << t;
      // M's weights are perturbed upwards, by no more than the worst perturbation of a whole product.
      ASSERT_GE(c.m, static_cast<double>(m_sum) * (1 - 1e-12));
      ASSERT_LE(c.m, static_cast<double>(m_sum * std::exp(log_perturbation<float> * logs_most)) * (1 + 1e-12));
    }
  }
}

TEST(oracle, an_initial_state_is_an_earlier_element) {
  std::vector<double> const a{5, 0.5, -0.75, 0.25, 1.5}, b{2, -1, 0.5, 3, 0.125};
  oracle<double> const whole(a, b),
      rest(std::span<double const>(a).subspan(1), std::span<double const>(b).subspan(1), b[0]);
  for (index_t t = 0; t < rest.size(); ++t) {
    EXPECT_EQ(rest.value(t), whole.value(t + 1));
    EXPECT_EQ(rest.at(t).s, whole.at(t + 1).s);
    EXPECT_EQ(rest.at(t).n, whole.at(t + 1).n);
    EXPECT_EQ(rest.at(t).m, whole.at(t + 1).m);
    EXPECT_EQ(rest.at(t).q, whole.at(t + 1).q);
  }
}

TEST(oracle, what_is_not_a_number_is_not_near) {
  std::vector<float> const a{0, 1}, b{1, 1};
  oracle<float> const exact(a, b);
  EXPECT_TRUE(std::isnan(exact.error(1, std::numeric_limits<float>::quiet_NaN())));
  EXPECT_TRUE(std::isinf(exact.error(1, std::numeric_limits<float>::infinity())));
}

TEST(oracle, knows_whether_subnormals_are_kept) {
  EXPECT_TRUE(subnormals_kept());
#if defined(__SSE__)
  unsigned const before = _mm_getcsr();
  for (unsigned const flag : {0x8000U, 0x0040U}) {  // FTZ, DAZ
    _mm_setcsr(before | flag);
    bool const kept = subnormals_kept();
    _mm_setcsr(before);
    EXPECT_FALSE(kept);
  }
#endif
}

}  // namespace
}  // namespace ssmscan::reference
