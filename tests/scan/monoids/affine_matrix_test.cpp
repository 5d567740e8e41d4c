// Scans of affine_matrix, fixed and dynamic N, by every algorithm on every backend, against a plain loop x = A x + b.
//
// The bound. Any bracketing of a prefix of t + 1 leaves has t combines, and every product of entries that makes up the
// result passes through at most N roundings in each: |computed - exact| <= ((1+u)^(N t) - 1) S_t entry by entry, with
// S_t = |A_t| S_(t-1) + |b_t|. The loop runs in long double, whose own share (u of 2^-64) is 2^-11 of that.
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include <ssmscan/scan/backends/openmp.hpp>
#include <ssmscan/scan/backends/serial.hpp>
#include <ssmscan/scan/monoids/affine_matrix.hpp>
#include <ssmscan/scan/monoids/segmented.hpp>
#include <ssmscan/scan/registry.hpp>
#include <ssmscan/scan/scan.hpp>

namespace ssmscan {
namespace {

constexpr index_t n = 3;
constexpr extent size{2, chunked::length + 77};  // more than one chunk, and no power of two

template <class M>
M make_monoid() {
  if constexpr (std::is_default_constructible_v<M>) {
    return M();
  } else {
    return M(n);
  }
}

template <class M>
std::vector<typename M::value_type> random_leaves() {
  using T = typename M::scalar;
  std::mt19937 engine(11);
  std::normal_distribution<double> normal;
  std::vector<typename M::value_type> leaves(static_cast<std::size_t>(size.lanes * size.time),
                                             make_monoid<M>().identity());
  for (auto& leaf : leaves) {
    if constexpr (std::integral<T>) {
      for (auto& a : leaf.a) a = static_cast<T>(engine());
      for (auto& b : leaf.b) b = static_cast<T>(engine());
    } else {  // 0.3 keeps products of matrices near 1
      for (auto& a : leaf.a) a = 0.3 * normal(engine);
      for (auto& b : leaf.b) b = normal(engine);
    }
  }
  return leaves;
}

std::size_t at(index_t i) { return static_cast<std::size_t>(i); }

// x = A x + b and S = |A| S + |b|, in Wide; calls each(lane, t, i, x, S).
template <class Wide, class Leaves, class Each>
void plain_loop(Leaves const& leaves, std::vector<index_t> const& starts, Each each) {
  for (index_t lane = 0; lane < size.lanes; ++lane) {
    std::vector<Wide> x(n), s(n);
    for (index_t t = 0; t < size.time; ++t) {
      if (std::ranges::find(starts, t) != starts.end()) x.assign(n, 0), s.assign(n, 0);
      auto const& leaf = leaves[at(lane * size.time + t)];
      std::vector<Wide> next(n), next_s(n);
      for (index_t i = 0; i < n; ++i) {
        next[at(i)] = static_cast<Wide>(leaf.b[at(i)]);
        next_s[at(i)] = next[at(i)] < Wide(0) ? -next[at(i)] : next[at(i)];
        for (index_t k = 0; k < n; ++k) {
          Wide const a = static_cast<Wide>(leaf.a[at(i * n + k)]);
          next[at(i)] += a * x[at(k)];
          next_s[at(i)] += (a < Wide(0) ? -a : a) * s[at(k)];
        }
        each(lane, t, i, next[at(i)], next_s[at(i)]);
      }
      x = next, s = next_s;
    }
  }
}

template <class Made>
void compare(std::vector<Made> const& leaves, std::vector<Made> const& made, std::vector<index_t> const& starts) {
  using T = typename decltype(Made::b)::value_type;
  using wide = std::conditional_t<std::integral<T>, T, long double>;
  double worst = 0;
  plain_loop<wide>(leaves, starts, [&](index_t lane, index_t t, index_t i, wide x, wide s) {
    T const got = made[at(lane * size.time + t)].b[at(i)];
    if constexpr (std::integral<T>) {
      ASSERT_EQ(got, x) << "lane " << lane << ", t " << t;
    } else {
      long double const bound = std::expm1(static_cast<long double>(n * t) * std::log1p(0x1p-53L)) * s * (1 + 0x1p-10L);
      ASSERT_LE(std::abs(got - x), bound) << "lane " << lane << ", t " << t;
      if (bound > 0) worst = std::max(worst, static_cast<double>(std::abs(got - x) / bound));
    }
  });
  if constexpr (!std::integral<T>) {
    EXPECT_GT(worst, 0);  // roundings did happen: the loop did not compare a thing with itself
  }
}

template <class M>
class affine_matrix_scans : public testing::Test {};
using monoids = testing::Types<affine_matrix<std::uint32_t, n>, affine_matrix<std::uint32_t, dynamic>,
                               affine_matrix<double, n>, affine_matrix<double, dynamic>>;
TYPED_TEST_SUITE(affine_matrix_scans, monoids);

template <class M, class Scan>
int over_algorithms_and_backends(Scan scan_by) {
  int runs = 0;
  algorithms::for_each([&]<class A>(std::type_identity<A>) {
    type_list<serial, openmp>::for_each([&]<class B>(std::type_identity<B>) {
      if constexpr (supports<A, B, M>) {
        SCOPED_TRACE(std::string(A::info.name) + " on " + std::string(B::name));
        B on;
        scan_by(on, A{});
        ++runs;
      }
    });
  });
  return runs;
}

// heinsen is for recurrences of scalars; all others take any monoid.
constexpr int general_algorithms = 5, backends = 2;

TYPED_TEST(affine_matrix_scans, agree_with_the_loop) {
  auto const leaves = random_leaves<TypeParam>();
  auto const runs = over_algorithms_and_backends<TypeParam>([&](auto& on, auto algorithm) {
    auto made = leaves;
    scan(
        on, algorithm, make_monoid<TypeParam>(), size,
        [in = leaves.data()](index_t lane, index_t t) { return in[lane * size.time + t]; },
        [out = made.data()](index_t lane, index_t t, auto const& prefix) { out[lane * size.time + t] = prefix; });
    compare(leaves, made, {0});
  });
  EXPECT_EQ(runs, general_algorithms * backends);
}

TYPED_TEST(affine_matrix_scans, segmented_agree_with_the_loop) {
  using lifted = segmented<TypeParam>;
  auto const leaves = random_leaves<TypeParam>();
  std::vector<index_t> const starts{0, 1, 100, chunked::length - 1, chunked::length, chunked::length + 5};
  auto const runs = over_algorithms_and_backends<lifted>([&](auto& on, auto algorithm) {
    auto made = leaves;
    scan(
        on, algorithm, lifted{make_monoid<TypeParam>()}, size,
        [in = leaves.data(), &starts](index_t lane, index_t t) {
          bool const starts_here = std::ranges::find(starts, t) != starts.end();
          return
              typename lifted::value_type{in[lane * size.time + t], starts_here ? boundary::start : boundary::inside};
        },
        [out = made.data()](index_t lane, index_t t, auto const& prefix) { out[lane * size.time + t] = prefix.value; });
    compare(leaves, made, starts);
  });
  EXPECT_EQ(runs, general_algorithms * backends);
}

}  // namespace
}  // namespace ssmscan
