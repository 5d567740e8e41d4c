// What the laws cannot say of heinsen: its own error bound, its bars, its resets, its inner sums. The oracle is the
// recurrence itself in quadruple precision; bounds are those of reference/heinsen_bound.hpp, derived in
// docs/algorithms/heinsen.md.
#include <atomic>
#include <cmath>
#include <limits>
#include <random>

#include <gtest/gtest.h>

#include <ssmscan/scan/backends/serial.hpp>
#include <ssmscan/scan/linear_recurrence.hpp>
#include <ssmscan/scan/reference/families.hpp>
#include <ssmscan/scan/reference/heinsen_bound.hpp>
#include <ssmscan/scan/registry.hpp>
#include <ssmscan/scan/scan.hpp>

namespace ssmscan {
namespace {

using reference::families;
using reference::family;
using reference::heinsen_bound;

using quad = __float128;
struct quad_complex {
  quad re = 0, im = 0;
};
template <class T>
quad_complex wide(T const& v) {
  if constexpr (is_complex<T>) {
    return {v.real(), v.imag()};
  } else {
    return {v, 0};
  }
}
double distance(quad_complex const& p, quad_complex const& q) {
  return std::hypot(static_cast<double>(p.re - q.re), static_cast<double>(p.im - q.im));
}

// x[t] = a[t] x[t-1] + b[t], x[0] = b[0].
template <class T>
std::vector<quad_complex> exact(std::vector<T> const& a, std::vector<T> const& b) {
  std::vector<quad_complex> made(b.size());
  for (std::size_t t = 0; t < b.size(); ++t) {
    auto const x = t > 0 ? made[t - 1] : quad_complex{}, at = wide(a[t]), bt = wide(b[t]);
    made[t] = t > 0 ? quad_complex{at.re * x.re - at.im * x.im + bt.re, at.re * x.im + at.im * x.re + bt.im} : bt;
  }
  return made;
}

template <class T>
std::vector<T> run(std::vector<T> const& a, std::vector<T> const& b, execution const& how, index_t lanes = 1) {
  std::vector<T> x(b.size());
  tensor_shape const shape{1, lanes, static_cast<index_t>(b.size()) / lanes};
  recurrence<T> problem;
  problem.a = {a.data(), shape};
  problem.b = {b.data(), shape};
  problem.x = {x.data(), shape};
  linear_recurrence(problem, how);
  return x;
}

// S of the bars: sum |P||b|.
template <class T>
std::vector<double> sensitivity(std::vector<T> const& a, std::vector<T> const& b) {
  std::vector<double> made(b.size());
  for (std::size_t t = 0; t < b.size(); ++t)
    made[t] = static_cast<double>(std::abs(b[t])) + (t > 0 ? static_cast<double>(std::abs(a[t])) * made[t - 1] : 0.0);
  return made;
}

struct inner_case {
  std::string_view name;
  index_t (*roundings)(index_t);
};
std::vector<inner_case> inners() {
  std::vector<inner_case> made;
  inner_algorithms::for_each([&]<class A>(std::type_identity<A>) {
    made.push_back({A::info.name, A::info.roundings});
  });
  return made;
}

template <class T>
std::size_t check_bound(std::string_view what, std::vector<T> const& a, std::vector<T> const& b) {
  auto const truth = exact(a, b);
  for (auto const& inner : inners()) {
    auto const x = run(a, b, {"heinsen", "serial", inner.name});
    auto const bound = heinsen_bound<T>(a, b, inner.roundings(static_cast<index_t>(b.size())));
    double worst = 0;
    std::size_t at = 0;
    for (std::size_t t = 0; t < b.size(); ++t)
      if (double const error = distance(wide(x[t]), truth[t]); !(error <= worst * bound[t]))
        worst = error / bound[t], at = t;
    EXPECT_LE(worst, 1.0) << what << ", " << dtype_name<T> << ", inner " << inner.name << ", " << b.size()
                          << " elements, t = " << at;
    auto const threads = run(a, b, {"heinsen", "openmp", inner.name, 3});
    EXPECT_TRUE(std::equal(x.begin(), x.end(), threads.begin())) << what << ": openmp differs, inner " << inner.name;
  }
  return 2 * inners().size();
}

template <class T>
class heinsen_of : public testing::Test {};
using dtypes = testing::Types<float, double, std::complex<float>, std::complex<double>>;
TYPED_TEST_SUITE(heinsen_of, dtypes);

// Lengths: the least, around a power of two, and past two chunks of 4096 so that the spine carries.
TYPED_TEST(heinsen_of, is_inside_its_bound_on_every_family_by_every_inner) {
  std::size_t cases = 0;
  for (auto const& f : families)
    for (index_t n : {1, 2, 3, 17, 256, 1025, 9001}) {
      auto const data = reference::generate<TypeParam>(f.id, 1, n);
      cases += check_bound(f.name, data.a, data.b);
    }
  for (double delta : reference::near1_deltas) {
    auto const data = reference::near1_ladder<TypeParam>(delta, 2, 9001);
    cases += check_bound("ladder", data.a, data.b);
  }
  EXPECT_EQ(cases, (12 * 7 + 6) * 5 * 2);
}

// The bars on max err/(u S), at every t up to 2^20, which is every shorter length too: a prefix does not depend
// on what follows it.
template <class T>
void check_bars(index_t n) {
  double const u = std::numeric_limits<T>::epsilon() / 2;
  for (auto const& f : families) {
    bool const ssm_like = f.id == family::slow || f.id == family::mid || f.id == family::fast ||
                          f.id == family::near1 || f.id == family::sign_changing || f.id == family::zeros;
    if (!ssm_like && f.id != family::normal && f.id != family::growth) continue;
    auto const data = reference::generate<T>(f.id, 3, n);
    auto const truth = exact(data.a, data.b);
    auto const S = sensitivity(data.a, data.b);
    for (std::string_view inner : {"sequential", "chunked", "blelloch"}) {
      auto const x = run(data.a, data.b, {"heinsen", "serial", inner});
      auto const bound = heinsen_bound<T>(data.a, data.b, blelloch::info.roundings(n));  // the greatest of the three
      double worst = 0, of_bound = 0;
      for (std::size_t t = 0; t < x.size(); ++t) {
        double const error = distance(wide(x[t]), truth[t]);
        if (error > 0) worst = std::max(worst, error / (u * S[t])), of_bound = std::max(of_bound, error / bound[t]);
        if (std::isnan(error)) worst = std::numeric_limits<double>::infinity();
      }
      EXPECT_LE(worst, ssm_like ? 20 : 64) << f.name << ", " << dtype_name<T> << ", inner " << inner;
      EXPECT_LE(of_bound, 1) << f.name << ", " << dtype_name<T> << ", inner " << inner;
      testing::Test::RecordProperty(std::string(f.name) + "_" + std::string(inner), std::to_string(worst));
    }
  }
}
TEST(heinsen, keeps_the_bars_in_float_to_2_20) { check_bars<float>(index_t{1} << 20); }
TEST(heinsen, keeps_the_bars_in_double_to_2_20) { check_bars<double>(index_t{1} << 20); }

// Hill-climbing for the largest error / bound: perturb one element, keep what is worse.
template <class T>
double adversarial(std::uint64_t seed, int steps) {
  using real = decltype(std::abs(T()));
  std::mt19937_64 random(seed);
  std::normal_distribution<double> normal;
  auto const value = [&] {
    double const scale = std::exp2(std::round(3 * normal(random)));
    if constexpr (is_complex<T>) {
      return T(static_cast<real>(scale * normal(random)), static_cast<real>(scale * normal(random)));
    } else {
      return static_cast<T>(scale * normal(random));
    }
  };
  std::vector<T> a(24), b(24);
  for (auto& v : a) v = value();
  for (auto& v : b) v = value();
  auto const ratio = [&] {
    auto const truth = exact(a, b);
    auto const x = run(a, b, {"heinsen", "serial", "sequential"});
    auto const bound = heinsen_bound<T>(a, b, 1);
    double worst = 0;
    for (std::size_t t = 0; t < b.size(); ++t) worst = std::max(worst, distance(wide(x[t]), truth[t]) / bound[t]);
    return worst;
  };
  double best = ratio();
  for (int step = 0; step < steps; ++step) {
    auto& changed = random() % 2 == 0 ? a[random() % a.size()] : b[random() % b.size()];
    T const before = changed;
    changed = random() % 3 == 0 ? value() : changed * static_cast<real>(1 + 0.01 * normal(random));
    if (double const now = ratio(); now >= best) {
      best = now;
    } else {
      changed = before;
    }
  }
  return best;
}
TYPED_TEST(heinsen_of, stays_inside_its_bound_under_hill_climbing) {
  double worst = 0;
  for (std::uint64_t seed = 1; seed <= 8; ++seed) worst = std::max(worst, adversarial<TypeParam>(seed, 1500));
  EXPECT_LE(worst, 1.0);
  EXPECT_GT(worst, 0.02);  // a bound that is never approached would say little
  testing::Test::RecordProperty("worst_of_bound", std::to_string(worst));
}

// One combine: error <= rounding u |smaller|, which is what the bound's proof stands on. The oracle adds the two numbers
// that the operands stand for, in long double (2^-64: 1/1000 of what is measured). Opposite and nearly opposite phases,
// and ratios next to 1, are where it is hard.
template <number_kind Kind>
void check_combine() {
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> uniform(-1, 1);
  extended_log_sum_exp<Kind> const combine;
  for (int i = 0; i < 200000; ++i) {
    phase_t angle = random();
    if (Kind == number_kind::real)
      angle = i % 2 == 0 ? half_turn : 0;
    else if (i % 3 == 0)
      angle = half_turn + (random() >> (random() % 64)) - (random() >> (random() % 64));
    double const gap = i % 5 == 0 ? 0 : std::exp2(20 * uniform(random) - 14);
    log_number const greater{{0, 0}, 0}, smaller{{-gap, 0}, angle};
    auto const sum = i % 2 == 0 ? combine(greater, smaller) : combine(smaller, greater);
    auto const radians = [](phase_t p) {
      return static_cast<long double>(static_cast<std::int64_t>(p)) * 0x1p-63L * std::numbers::pi_v<long double>;
    };
    auto const polar = [&](long double log, long double low, phase_t p) {
      long double const r = std::exp(log + low);
      if (p == half_turn) return std::complex<long double>(-r, 0);
      return std::complex<long double>(r * std::cos(radians(p)), r * std::sin(radians(p)));
    };
    long double const size = std::exp(-static_cast<long double>(gap));
    auto const truth = 1.0L + polar(-gap, 0, angle);
    auto const got = polar(sum.magnitude.high, sum.magnitude.low, sum.phase);
    long double const quantum = 2 * std::numbers::pi_v<long double> * 0x1p-64L;
    long double const allowed = size * combine.rounding * 0x1p-53L + 2 * quantum + 0x1p-61L * size;
    ASSERT_LE(std::abs(got - truth), allowed) << "gap " << gap << ", angle " << angle;
  }
}
TEST(extended_log_sum_exp, errs_by_a_few_roundings_of_the_smaller_operand) {
  check_combine<number_kind::real>();
  check_combine<number_kind::complex>();
}

// log v to the weight that the bound gives it; |log v| <= 28, so that long double resolves u / 70.
TEST(log_number, logarithms_are_as_exact_as_the_bound_says) {
  std::mt19937_64 random(5);
  std::normal_distribution<double> normal;
  for (int i = 0; i < 200000; ++i) {
    double const v =
        i % 2 == 0 ? normal(random) * std::exp2(normal(random) * 8) : 1 + std::ldexp(normal(random), -(i % 52));
    auto const got = log_of(v);
    long double const truth = std::log(std::abs(static_cast<long double>(v)));
    long double const error = std::abs((got.magnitude.high - truth) + got.magnitude.low);
    ASSERT_LE(error, (reference::detail::weigh_log(v).error + 0.02) * 0x1p-53L) << v;
    EXPECT_EQ(got.phase, v < 0 ? half_turn : 0);

    std::complex<double> const z = std::polar(std::abs(v), normal(random) * std::exp2(-(i % 60)));
    auto const log_z = log_of(z);
    long double const re = z.real(), im = z.imag();
    long double const log_modulus = std::log1p((std::abs(re) - 1) * (std::abs(re) + 1) + im * im) / 2;
    long double const tall = std::abs(log_modulus) < 0.3L ? log_modulus : std::log(std::hypot(re, im));
    long double const angle = std::atan2(im, re);
    auto const phase =
        static_cast<long double>(static_cast<std::int64_t>(log_z.phase)) * 0x1p-63L * std::numbers::pi_v<long double>;
    long double const magnitude_error = std::abs((log_z.magnitude.high - tall) + log_z.magnitude.low);
    ASSERT_LE(std::hypot(magnitude_error, std::remainder(phase - angle, 2 * std::numbers::pi_v<long double>)),
              (reference::detail::weigh_log(z).error + 0.02) * 0x1p-53L)
        << z;
  }
}

// On multiples of 2^-56 below 2^54 quadruple precision (113 bits) adds exactly, cancellation included.
TEST(double_double, sums_and_products_are_exact_or_nearly) {
  std::mt19937_64 random(9);
  auto const integer = [&] {  // of up to 53 bits, either sign
    return static_cast<double>(static_cast<std::int64_t>(random()) >> (10 + random() % 53));
  };
  auto const exactly = [](double_double v) { return static_cast<quad>(v.high) + v.low; };
  quad const u2 = static_cast<quad>(0x1p-106);
  auto const size = [](quad v) { return v < 0 ? -v : v; };
  for (int i = 0; i < 100000; ++i) {
    double const a = integer(), b = integer(), c = integer(), d = integer();
    ASSERT_TRUE(exactly(two_prod(a, b)) == static_cast<quad>(a) * b);
    double_double const p = two_sum(a, b * 0x1p-56), q = two_sum(c, d * 0x1p-56);
    ASSERT_TRUE(exactly(p) == static_cast<quad>(a) + b * 0x1p-56 && p.high + p.low == p.high);
    ASSERT_TRUE(size(exactly(p + q) - (exactly(p) + exactly(q))) <= 3 * u2 * size(exactly(p) + exactly(q)));
    ASSERT_TRUE(size(exactly(p + c) - (exactly(p) + c)) <= 2 * u2 * size(exactly(p) + c));
    ASSERT_EQ(p < q, exactly(p) < exactly(q));
  }
  double const infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(two_sum(infinity, 1), (double_double{infinity, 0}));
  EXPECT_EQ((double_double{1, 0} + double_double{-infinity, 0}), (double_double{-infinity, 0}));
  EXPECT_TRUE(std::isnan((double_double{infinity, 0} - double_double{infinity, 0}).high));
}

TEST(log_sum_exp, adds_signed_numbers) {
  log_sum_exp<double> const combine;
  using log = signed_log<double>;
  for (double v : {3.0, -2.0, 0.5, 0.0, 1e300, -1e-300})
    for (double w : {1.0, -3.0, 0.25, 0.0, -1e300}) {
      // Two logarithms, each off by u |log| <= 700 u, and their sum's as much again.
      EXPECT_NEAR(combine(log::of(v), log::of(w)).value(), v + w, 3e3 * 0x1p-53 * (std::abs(v) + std::abs(w)));
      EXPECT_EQ(combine(combine.identity(), log::of(w)), log::of(w));
      EXPECT_EQ(combine(log::of(w), combine.identity()), log::of(w));
    }
  double const infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(combine(log::of(infinity), log::of(infinity)).value(), infinity);
  EXPECT_TRUE(std::isnan(combine(log::of(infinity), log::of(-infinity)).value()));
}

// a = 0 forgets the past to the last bit, whatever it was; what is not finite goes forward, in its lane only.
TYPED_TEST(heinsen_of, resets_exactly_and_keeps_what_is_not_finite_in_its_place) {
  using T = TypeParam;
  using real = decltype(std::abs(T()));
  index_t const n = 9001, lanes = 2, reset = 6000;
  real const nan = std::numeric_limits<real>::quiet_NaN(), infinity = std::numeric_limits<real>::infinity();
  auto clean = reference::generate<T>(family::sign_changing, 4, lanes * n);
  clean.a[reset] = T(0);
  for (auto const& inner : inners()) {
    execution const how{"heinsen", "serial", inner.name};
    auto const before = run(clean.a, clean.b, how, lanes);
    EXPECT_EQ(before[0], clean.b[0]);
    EXPECT_EQ(before[reset], clean.b[reset]);
    for (index_t at : {index_t{0}, index_t{1}, index_t{4095}, index_t{4096}, index_t{5999}})
      for (real bad : {nan, infinity, -infinity})
        for (bool const in_a : {false, true}) {
          if (in_a && at == 0) continue;  // not read
          auto data = clean;
          (in_a ? data.a : data.b)[static_cast<std::size_t>(at)] = T(bad);
          auto const x = run(data.a, data.b, how, lanes);
          for (index_t t = 0; t < lanes * n; ++t) {
            auto const i = static_cast<std::size_t>(t);
            if (t >= at && t < reset) {
              EXPECT_FALSE(std::isfinite(std::abs(x[i]))) << t;
            } else {
              ASSERT_EQ(x[i], before[i]) << "bad element at " << at << ", t = " << t << ", inner " << inner.name;
            }
          }
        }
  }
}

TYPED_TEST(heinsen_of, takes_zeros_everywhere) {
  using T = TypeParam;
  std::vector<T> const zeros(300, T(0)), ones(300, T(1));
  for (auto const& inner : inners()) {
    execution const how{"heinsen", "serial", inner.name};
    EXPECT_EQ(run(zeros, ones, how), ones);
    EXPECT_EQ(run(ones, zeros, how), zeros);
    EXPECT_EQ(run(zeros, zeros, how), zeros);
  }
}

// An initial state, both directions, and packed sequences, which are the same as separate ones bit for bit.
TYPED_TEST(heinsen_of, takes_initial_states_and_packed_sequences) {
  using T = TypeParam;
  index_t const n = 5000;
  auto const data = reference::generate<T>(family::zeros, 6, n);
  std::vector<index_t> const offsets{0, 1, 700, 700, 4500, n};
  std::vector<T> const initial{T(1), T(-2), T(3), T(4), T(5)};
  for (auto const& inner : inners()) {
    std::vector<T> packed(static_cast<std::size_t>(n));
    recurrence<T> problem;
    problem.a = {data.a.data(), {1, 1, n}};
    problem.b = {data.b.data(), {1, 1, n}};
    problem.x = {packed.data(), {1, 1, n}};
    problem.initial = {initial.data(), {1, 1, 5}};
    problem.offsets = offsets;
    linear_recurrence(problem, {"heinsen", "serial", inner.name});
    for (std::size_t k = 0; k + 1 < offsets.size(); ++k) {
      auto const begin = static_cast<std::size_t>(offsets[k]), end = static_cast<std::size_t>(offsets[k + 1]);
      std::vector<T> const a(data.a.begin() + offsets[k], data.a.begin() + offsets[k + 1]);
      std::vector<T> const b(data.b.begin() + offsets[k], data.b.begin() + offsets[k + 1]);
      if (begin == end) continue;
      auto const bound = heinsen_bound<T>(a, b, inner.roundings(n), initial[k]);
      quad_complex x = wide(initial[k]);
      for (std::size_t t = begin; t < end; ++t) {
        auto const at = wide(data.a[t]), bt = wide(data.b[t]);
        x = {at.re * x.re - at.im * x.im + bt.re, at.re * x.im + at.im * x.re + bt.im};
        ASSERT_LE(distance(wide(packed[t]), x), bound[t - begin]) << "sequence " << k << ", t = " << t;
      }
    }
  }
}

// x = e^1000 on the way is no obstacle: the logarithm does not overflow, and a later, finite x is right.
TEST(heinsen, passes_through_overflow) {
  std::vector<double> a(200, std::exp(10)), b(200, 1.0);
  std::fill(a.begin() + 100, a.end(), std::exp(-10));
  std::fill(b.begin() + 1, b.end(), 0.0);
  auto const x = run(a, b, {"heinsen", "serial"});
  EXPECT_EQ(x[99], std::numeric_limits<double>::infinity());
  double const last = static_cast<double>(exact(a, b).back().re);  // 1e-4 or so, by way of 1e430
  EXPECT_NEAR(x.back(), last, last * 0x1p-53 * 2 * 200);  // 2u for each of the 199 logarithms: l <= 0.7u, final 3u
}

// The inner algorithm counted at its monoid.
template <class Value>
struct counted_value {
  Value value;
  index_t depth;
};
std::atomic<index_t> combines{0}, longest{0};
template <monoid M>
struct counted {
  using value_type = counted_value<typename M::value_type>;
  M combine;
  value_type identity() const { return {combine.identity(), 0}; }
  value_type operator()(value_type const& earlier, value_type const& later) const {
    ++combines;
    return {combine(earlier.value, later.value), std::max(earlier.depth, later.depth) + 1};
  }
};
template <class Inner>
struct counting {
  static constexpr algorithm_info info = Inner::info;
  template <backend B, monoid M, class Load, class Store>
  static void inclusive(B& on, M const& combine, extent e, Load load, Store store) {
    index_t deepest = 0;
    auto* const deepest_here = &deepest;
    Inner::inclusive(
        on, counted<M>{combine}, e,
        [=](index_t lane, index_t t) {
          return counted_value<typename M::value_type>{load(lane, t), 0};
        },
        [=](index_t lane, index_t t, counted_value<typename M::value_type> const& prefix) {
          *deepest_here = std::max(*deepest_here, prefix.depth);
          store(lane, t, prefix.value);
        });
    longest += deepest;
  }
};

TEST(heinsen, does_the_work_it_states_in_the_span_it_states) {
  inner_algorithms::for_each([]<class Inner>(std::type_identity<Inner>) {
    for (index_t n : {1, 2, 5, 64, 1000, 9001}) {
      auto const data = reference::generate<double>(family::mid, 1, n);
      std::vector<double> x(data.b.size());
      combines = longest = 0;
      serial on;
      scan(
          on, basic_heinsen<counting<Inner>>{}, affine<double>{}, extent{1, n},
          [&](index_t, index_t t) {
            auto const i = static_cast<std::size_t>(t);
            return t == 0 ? affine<double>::start(data.b[i]) : affine<double>::step(data.a[i], data.b[i]);
          },
          [&](index_t, index_t t, affine_map<double> const& prefix) { x[static_cast<std::size_t>(t)] = prefix.b; });
      EXPECT_EQ(combines, basic_heinsen<Inner>::info.work(n)) << Inner::info.name << ", " << n;
      EXPECT_EQ(longest, basic_heinsen<Inner>::info.span(n)) << Inner::info.name << ", " << n;
      EXPECT_EQ(x, run(data.a, data.b, {"heinsen", "serial", Inner::info.name}));
    }
  });
}

// As a scan it gives the whole prefix: the product of the a's, too, to the error of exp of its logarithm.
TEST(heinsen, gives_the_product_of_the_coefficients) {
  std::vector<affine_map<double>> const leaves{{-2, 1}, {3, 1}, {-0.5, 2}, {0, 5}, {7, 1}};
  std::vector<double> const products{-2, -6, 3, 0, 0};
  serial on;
  scan(
      on, heinsen{}, affine<double>{}, extent{1, 5},
      [&](index_t, index_t t) { return leaves[static_cast<std::size_t>(t)]; },
      [&](index_t, index_t t, affine_map<double> const& prefix) {
        EXPECT_NEAR(prefix.a, products[static_cast<std::size_t>(t)], 6 * 4 * 0x1p-53) << t;
      });
}

TEST(heinsen, is_chosen_with_its_inner_algorithm_by_name) {
  std::vector<double> v(8, 0.5);
  recurrence<double> problem;
  problem.a = problem.b = {static_cast<double const*>(v.data()), {1, 1, 8}};
  problem.x = {v.data(), {1, 1, 8}};
  EXPECT_EQ(plan(problem, {"heinsen"}).inner, "chunked");
  EXPECT_EQ(plan(problem, {"heisen"}).algorithm, "heinsen");
  EXPECT_EQ(plan(problem, {"heinsen.plain"}).inner, "");
  for (auto const& inner : inners()) {
    auto const made = plan(problem, {"heinsen", "serial", inner.name});
    EXPECT_EQ(made.inner, inner.name);
    EXPECT_TRUE(made.tree.starts_with("heinsen(") && made.tree.ends_with(")/1")) << made.tree;
  }
  EXPECT_THROW(plan(problem, {"heinsen", "serial", "heinsen"}), std::invalid_argument);
  EXPECT_THROW(plan(problem, {"sequential", "serial", "chunked"}), std::invalid_argument);
}

TEST(heinsen, takes_the_affine_monoids_of_real_and_complex_numbers_only) {
  static_assert(supports<heinsen, serial, affine<float>> && supports<heinsen, serial, affine<std::complex<double>>>);
  static_assert(supports<heinsen, serial, segmented<affine<double>>>);
  static_assert(!supports<heinsen, serial, affine<std::uint32_t>>);
  static_assert(!supports<heinsen, serial, segmented<affine<std::uint32_t>>>);
  static_assert(!supports<heinsen, serial, extended_log_sum_exp<number_kind::real>>);
  static_assert(supports<heinsen_plain, serial, affine<float>> &&
                !supports<heinsen_plain, serial, affine<std::uint32_t>>);
  static_assert(!supports<heinsen_plain, serial, segmented<affine<float>>>);
}

// The paper's formula: right while |a*| is small (its law: a few |a*| u of S), without digits where |a*| u nears 1.
template <class T>
double plain_error(family f, index_t n) {
  auto const data = reference::generate<T>(f, 5, n);
  auto const truth = exact(data.a, data.b);
  auto const S = sensitivity(data.a, data.b);
  auto const x = run(data.a, data.b, {"heinsen.plain", "serial"});
  double worst = 0;
  for (std::size_t t = 0; t < x.size(); ++t) worst = std::max(worst, distance(wide(x[t]), truth[t]) / S[t]);
  return worst / (std::numeric_limits<decltype(std::abs(T()))>::epsilon() / 2);
}
TEST(heinsen_plain, loses_digits_as_the_logarithms_grow) {
  // fast: |a*| = 1.6 n. signed: real data by complex logarithms. |a*| is 256 times as great at 2^16 as at 2^8.
  for (family f : {family::fast, family::sign_changing}) {
    EXPECT_LT(plain_error<double>(f, 256), 10 * 1.6 * 256) << "small |a*|: the formula itself is right";
    EXPECT_GT(plain_error<double>(f, 65536), 16 * plain_error<double>(f, 256));
    EXPECT_GT(plain_error<float>(f, 65536), 16 * plain_error<float>(f, 256));
    EXPECT_LT(plain_error<std::complex<double>>(f, 256), 20 * 1.6 * 256);
  }
}
TEST(heinsen_plain, gives_what_the_formula_gives_at_zeros) {
  std::vector<double> const a{1, 0.5, 0.5, 0, 0.5}, b{0, 1, 0, 1, 1};
  auto const x = run(a, b, {"heinsen.plain", "serial"});
  EXPECT_EQ(x[0], 0);  // b = 0 is a term that is not there
  EXPECT_NEAR(x[1], 1, 4 * 0x1p-53);
  EXPECT_NEAR(x[2], 0.5, 4 * 0x1p-53);
  EXPECT_TRUE(std::isnan(x[3]) && std::isnan(x[4]));  // -inf + inf
}

}  // namespace
}  // namespace ssmscan
