// No constant in (A) can be made smaller: data made so that all roundings go one way come within a few per cent of the
// bound, and with d - 1 in the place of d, half of N, or without the underflow terms, it is broken.
#include <random>

#include "tests/scan/reference/common.hpp"
#include <gtest/gtest.h>

namespace ssmscan::reference {
namespace {

// Where the last leaf of a value has been the right operand: the last leaf of each left operand that it met.
struct last_leaf_monoid {
  struct value_type {
    index_t begin = 0;
    std::vector<index_t> met;
    friend bool operator==(value_type const&, value_type const&) = default;
  };
  value_type identity() const { return {}; }
  value_type operator()(value_type const& earlier, value_type const& later) const {
    value_type both{earlier.begin, later.met};
    both.met.push_back(later.begin - 1);
    return both;
  }
};

// The prefix, of those up to `time`, whose last leaf has been the right operand most often: its length, what it met.
struct worst_prefix {
  index_t time = 0;
  std::vector<index_t> met;
};
template <class A>
worst_prefix find_worst_prefix(index_t time) {
  worst_prefix worst;
  serial on;
  scan(
      on, A{}, last_leaf_monoid{}, {1, time},
      [](index_t, index_t t) {
        return last_leaf_monoid::value_type{t, {}};
      },
      [&](index_t, index_t t, last_leaf_monoid::value_type const& prefix) {
        if (prefix.met.size() > worst.met.size()) worst = {t + 1, prefix.met};
      });
  return worst;
}

// b = 1 at the last leaf, and in each left operand that it meets a term just short of half an ulp of 1, which rounding
// drops, every time: an error of nearly d u, where N = O(n u) and S = 1. Complex: a = 1 + i at the last leaf, so that
// both fused multiply-adds of each step drop their part: 2 d u.
template <class T, class A>
void check_d_is_sharp(index_t up_to) {
  index_t const d = A::info.roundings(up_to);
  auto const [time, met] = find_worst_prefix<A>(up_to);
  ASSERT_EQ(static_cast<index_t>(met.size()), d) << A::info.name << " n = " << time;
  using real = real_t<T>;
  real const dropped = static_cast<real>(unit_roundoff<T> * (1 - 0x1p-10));
  std::vector<T> a(static_cast<std::size_t>(time), T(1)), b(a.size(), T(0));
  b.back() = T(1);
  for (index_t const place : met) b[static_cast<std::size_t>(place)] = T(dropped);
  if constexpr (is_complex<T>) {
    a.back() = T(1, 1);
    for (index_t const place : met) b[static_cast<std::size_t>(place)] = T(dropped, -dropped);
  }
  oracle<T> const exact(a, b);
  double const error = exact.error(time - 1, run<A, affine<T>>(a, b).back());
  EXPECT_LE(error, a_priori(exact, time - 1, d)) << A::info.name;
  EXPECT_GT(error, 0.95 * a_priori(exact, time - 1, d)) << A::info.name << " n = " << time;
  EXPECT_GT(error, a_priori(exact, time - 1, d - 1)) << A::info.name << " n = " << time;  // d - 1 is refuted
}

TEST(sharpness, every_d_is_the_least) {
  index_t checked = 0;
  for_each_tree([&]<class A>(std::type_identity<A>) {
    for (index_t const time : {2, 8, 32, 1024, 5000}) {
      ++checked;
      check_d_is_sharp<float, A>(time);
      check_d_is_sharp<double, A>(time);
      check_d_is_sharp<std::complex<float>, A>(time);
      check_d_is_sharp<std::complex<double>, A>(time);
    }
  });
  EXPECT_EQ(checked, 7 * 5);
}

// Products whose roundings all go one way, by search. value: as computed; exact: the product of the leaves.
struct product {
  float value;
  double exact;
  std::vector<float> leaves;  // in time
  double error() const { return (exact - value) / exact; }
};
product times(product const& earlier, product const& later) {
  product p{later.value * earlier.value, later.exact * earlier.exact, earlier.leaves};
  p.leaves.insert(p.leaves.end(), later.leaves.begin(), later.leaves.end());
  return p;
}
void keep_best(std::vector<product>& pool, std::size_t keep) {
  std::ranges::sort(pool, std::ranges::greater(), &product::error);
  pool.resize(std::min(pool.size(), keep));
}

// levels[k]: balanced products of 2^k factors near 1 (just above a power of two a rounding weighs most).
std::vector<std::vector<product>> balanced_products(int count) {
  std::mt19937 random(5);
  std::uniform_real_distribution<float> near_one(0.996F, 1.004F);
  std::vector<std::vector<product>> levels(1);
  for (int i = 0; i < 400; ++i) {
    float const leaf = near_one(random);
    levels[0].push_back({leaf, leaf, {leaf}});
  }
  for (int k = 1; k < count; ++k) {
    std::vector<product> next;
    for (product const& earlier : levels.back())
      for (product const& later : levels.back()) next.push_back(times(earlier, later));
    keep_best(next, 150);
    levels.push_back(next);
  }
  return levels;
}

struct measured {
  double error, bound, bound_with_half_of_n;
};
// x[t] = P(t,0) b[0]: N = t S, so that what is sharp here is the coefficient of N.
template <class A>
measured measure(std::vector<float> const& a) {
  std::vector<float> b(a.size(), 0.0F);
  b[0] = 1;
  oracle<float> const exact(a, b);
  auto const last = exact.size() - 1;
  double const error = exact.error(last, run<A, affine<float>>(a, b).back());
  double const bound = a_priori(exact, last, A::info.roundings(last + 1));
  return {error, bound, bound - unit_roundoff<float> * exact.at(last).n / 2};
}

TEST(sharpness, the_coefficient_of_n_sequential) {
  std::mt19937 random(3);
  std::uniform_real_distribution<float> near_one(0.996F, 1.004F);
  std::vector<float> a{1};
  product x{1, 1, {}};
  for (int t = 1; t < 100; ++t) {  // the factor, of some thousand, that is rounded down most
    product best{};
    for (int trial = 0; trial < 3000; ++trial) {
      float const factor = near_one(random);
      product const tried{x.value * factor, x.exact * factor, {}};
      if (tried.value >= 1 && tried.value < 1.01F && (best.exact == 0 || tried.error() > best.error()))
        best = product{tried.value, tried.exact, {factor}};
    }
    a.push_back(best.leaves[0]);
    x = {best.value, best.exact, {}};
  }
  auto const found = measure<sequential>(a);
  std::printf("sequential: error/bound %.3f\n", found.error / found.bound);
  EXPECT_LE(found.error, found.bound);
  EXPECT_GT(found.error, 0.9 * found.bound);
  EXPECT_GT(found.error, found.bound_with_half_of_n);
}

TEST(sharpness, the_coefficient_of_n_in_trees) {
  constexpr int levels_used = 6;
  auto const levels = balanced_products(levels_used);
  // The last prefix of 2^6 elements, in both trees: b[0] meets balanced products of 1, 2, 4, ... factors.
  product x{1, 1, {1.0F}};
  for (auto const& level : levels) {
    std::vector<product> tried;
    for (product const& p : level) tried.push_back(times(x, p));
    keep_best(tried, 1);
    x = tried[0];
  }
  ASSERT_EQ(x.leaves.size(), 64U);
  auto const check = [&]<class A>(std::type_identity<A>) {
    auto const found = measure<A>(x.leaves);
    std::printf("%s: error/bound %.3f\n", std::string(A::info.name).c_str(), found.error / found.bound);
    EXPECT_LE(found.error, found.bound);
    // N = 63 S, d = 6: roundings come to 63 of the bound's 69; 0.75 leaves a sixth for what the search does not find.
    EXPECT_GT(found.error, 0.75 * found.bound) << A::info.name;
    EXPECT_GT(found.error, found.bound_with_half_of_n) << A::info.name;
  };
  check(std::type_identity<hillis_steele>{});
  check(std::type_identity<blelloch>{});
}

// A product of a's that underflows to zero before it meets a large b: all of x is lost, and only the W term says so.
TEST(sharpness, underflow_in_products_is_part_of_the_bound) {
  std::vector<float> a(11, 1.0F), b(11, 0.0F);
  // Two neighbours that one tree node multiplies: the last two of four; elements 8, 9 open the second tile of 8.
  auto const check = [&]<class A>(std::type_identity<A>, std::size_t first, index_t time) {
    auto small = a;
    auto large = b;
    small[first] = small[first + 1] = 1e-23F;
    large[first - 1] = 1e38F;
    small.resize(static_cast<std::size_t>(time));
    large.resize(static_cast<std::size_t>(time));
    oracle<float> const exact(small, large);
    index_t const last = time - 1, d = A::info.roundings(time);
    condition const& c = exact.at(last);
    double const error = exact.error(last, run<A, affine<float>>(small, large).back());
    double const guess = unit_roundoff<float> * (c.n + static_cast<double>(d) * c.s) +
                         underflow<float> * static_cast<double>(d) * c.u;  // underflow in b's only
    EXPECT_GT(error, guess) << A::info.name;
    EXPECT_LE(error, a_priori(exact, last, d)) << A::info.name;
  };
  check(std::type_identity<hillis_steele>{}, 2, 4);
  check(std::type_identity<blelloch>{}, 2, 4);
  check(std::type_identity<basic_chunked<8>>{}, 8, 11);
  check(std::type_identity<basic_look_back<8>>{}, 8, 11);
}

}  // namespace
}  // namespace ssmscan::reference
