// Every monoid of the library through every algorithm that takes it, on every backend, and lifted to packed sequences:
// against a left fold. (The recurrence's own, affine and semi_log, stand before all other laws.) Data are such that a
// combine is exact, and then bits are compared; log_sum_exp rounds, and has a bound, derived below.
#include <array>
#include <cmath>
#include <numeric>
#include <vector>

#include "tests/laws/effort.hpp"
#include "tests/laws/fenced.hpp"
#include "tests/laws/random.hpp"
#include "tests/laws/tally.hpp"
#include "tests/must_take.hpp"
#include <gtest/gtest.h>

#include <ssmscan/scan/monoids/affine_matrix.hpp>
#include <ssmscan/scan/monoids/log_sum_exp.hpp>
#include <ssmscan/scan/monoids/maximum.hpp>
#include <ssmscan/scan/monoids/plus.hpp>
#include <ssmscan/scan/monoids/segmented.hpp>
#include <ssmscan/scan/reference/bounds.hpp>
#include <ssmscan/scan/registry.hpp>
#include <ssmscan/scan/scan.hpp>

namespace ssmscan::laws {
namespace {

constexpr index_t lengths[] = {0, 1, 2, 17, 4097};  // a fan of 16, and a chunk of 4096, and one
constexpr index_t lanes = 3;

// --- leaves, and whether what came out is what had to; `depth`: combines on the longest way to a leaf

template <class M>
struct sample;

// Integers: sums of 4097 of them are exact in any dtype.
template <class T>
T whole_number(random_stream& random) {
  return static_cast<T>(random.below(201) - 100);
}
template <class T>
struct sample<plus<T>> {
  static T leaf(random_stream& random) {
    if constexpr (is_complex<T>) {
      using real = typename T::value_type;
      return T(whole_number<real>(random), whole_number<real>(random));
    } else {
      return whole_number<T>(random);
    }
  }
  static bool right(T const& needed, T const& got, index_t, double) { return same_bits(needed, got); }
};

template <class T>
struct sample<maximum<T>> {
  static T leaf(random_stream& random) { return static_cast<T>(random.between(-1e6, 1e6)); }
  static bool right(T const& needed, T const& got, index_t, double) { return same_bits(needed, got); }
};

// A: a permutation of the axes, each turned by a sign (complex: by a power of i), so that any product of them is one too,
// and b of integers: exact, and no two of them commute in general. -0 and 0 are one number here: which of them a sum of
// zeros gives is a matter of bracketing.
template <class T, index_t N>
struct sample<affine_matrix<T, N>> {
  using value = typename affine_matrix<T, N>::value_type;
  static T turn(random_stream& random) {
    if constexpr (is_complex<T>) {
      T const turns[] = {T(1, 0), T(0, 1), T(-1, 0), T(0, -1)};
      return turns[random.below(4)];
    } else {
      return random.below(2) == 0 ? T(1) : T(-1);
    }
  }
  static value leaf(random_stream& random) {
    constexpr auto n = static_cast<std::size_t>(N);
    std::array<std::size_t, n> column;
    std::iota(column.begin(), column.end(), std::size_t{0});
    for (std::size_t i = n - 1; i > 0; --i)
      std::swap(column[i], column[static_cast<std::size_t>(random.below(static_cast<index_t>(i) + 1))]);
    value made;
    for (std::size_t i = 0; i < n; ++i) {
      made.a[i * n + column[i]] = turn(random);
      made.b[i] = sample<plus<T>>::leaf(random);
    }
    return made;
  }
  static bool right(value const& needed, value const& got, index_t, double) { return needed == got; }
};

// A combine of magnitudes g >= s gives fl(g + log1p(+-r)), r = exp(s - g) <= 1. In the value it errs by at most e^g times
//   u r (s - g), of the difference, <= u / e;  2u r, of exp;  2u (1 +- r) |log1p(+-r)| <= 4 log(2) u, of log1p
// (C library: 1 ulp each at most, 2 u), and u |L| of the sum itself, |L| <= `widest` or, where it cancels, e^L |L| <= e^g / e
// beside that. So less than (widest + 6) u times the greater operand, which is no more than the sum S of all leaves'
// magnitudes; and each of a leaf's `depth` combines errs once so.
template <class T>
struct sample<log_sum_exp<T>> {
  using value = signed_log<T>;
  static constexpr double widest = 16;  // |log| of leaves is at most 6, and log 4097 < 9
  static value leaf(random_stream& random) {
    if (random.below(9) == 0) return log_sum_exp<T>{}.identity();  // a zero
    return {static_cast<T>(random.between(-6, 6)), random.below(2) == 0 ? log_sign::positive : log_sign::negative};
  }
  static long double number(value const& v) {
    long double const size = std::exp(static_cast<long double>(v.magnitude));
    return v.sign == log_sign::negative ? -size : size;
  }
  static bool right(long double needed, value const& got, index_t depth, double sum_of_sizes) {
    double const u = reference::unit_roundoff<T>;
    // The fold's: a rounding of long double a leaf, and one of each exponential.
    double const of_oracle = 2 * 4097 * 0x1p-64 * sum_of_sizes;
    double const bound =
        reference::inflation * static_cast<double>(depth) * (widest + 6) * u * sum_of_sizes + of_oracle;
    return std::abs(static_cast<double>(number(got) - needed)) <= bound;
  }
};

// --- the left fold: by the monoid itself where it is exact, in long double where it is not

template <class M>
struct left_fold {
  using value = typename M::value_type;
  value prefix{};
  double sum_of_sizes = 0;
  void start(value const& v) { prefix = v; }
  void then(value const& v) { prefix = M{}(prefix, v); }
};
template <class T>
struct left_fold<log_sum_exp<T>> {
  using value = signed_log<T>;
  long double prefix = 0;
  double sum_of_sizes = 0;
  void start(value const& v) { prefix = 0, sum_of_sizes = 0, then(v); }
  void then(value const& v) {
    long double const number = sample<log_sum_exp<T>>::number(v);
    prefix += number, sum_of_sizes += static_cast<double>(std::abs(number));
  }
};

// Lift: the monoid itself or its segmented lift, where a leaf in seven starts a sequence.
template <class M>
struct as_it_is {
  using monoid_type = M;
  static typename M::value_type const& value(typename M::value_type const& v) { return v; }
  static bool starts(typename M::value_type const&) { return false; }
  static typename M::value_type leaf(random_stream& random) { return sample<M>::leaf(random); }
};
template <class M>
struct lifted {
  using monoid_type = segmented<M>;
  using value_type = typename segmented<M>::value_type;
  static typename M::value_type const& value(value_type const& v) { return v.value; }
  static bool starts(value_type const& v) { return v.at == boundary::start; }
  static value_type leaf(random_stream& random) {
    auto const value = sample<M>::leaf(random);
    return {value, random.below(7) == 0 ? boundary::start : boundary::inside};
  }
};

template <class M, class Lift, class A, class B>
void judge(index_t& cases) {
  using monoid_type = typename Lift::monoid_type;
  using value = typename monoid_type::value_type;
  for (index_t const n : lengths) {
    random_stream random(23);
    std::vector<value> leaves, got(static_cast<std::size_t>(lanes * n));
    for (index_t i = 0; i < lanes * n; ++i) leaves.push_back(Lift::leaf(random));
    value const* const in = leaves.data();
    value* const out = got.data();
    B on;
    scan(
        on, A{}, monoid_type{}, {lanes, n}, [=](index_t lane, index_t t) { return in[lane * n + t]; },
        [=](index_t lane, index_t t, value const& prefix) { out[lane * n + t] = prefix; });
    index_t wrong = 0;
    for (index_t lane = 0; lane < lanes; ++lane) {
      left_fold<M> fold;
      bool started = false;
      for (index_t t = 0; t < n; ++t) {
        auto const at = static_cast<std::size_t>(lane * n + t);
        bool const starts = Lift::starts(leaves[at]);
        started |= starts;
        if (t == 0 || starts) {
          fold.start(Lift::value(leaves[at]));
        } else {
          fold.then(Lift::value(leaves[at]));
        }
        wrong += !sample<M>::right(fold.prefix, Lift::value(got[at]), A::info.span(n), fold.sum_of_sizes) ||
                 Lift::starts(got[at]) != started;
      }
    }
    EXPECT_EQ(wrong, 0) << A::info.name << '/' << B::name << ", " << n << " steps";
    ++cases;
  }
}

template <class M>
class every_monoid : public testing::Test {};
using monoids = testing::Types<plus<float>, plus<double>, plus<std::complex<float>>, plus<std::int64_t>, maximum<float>,
                               maximum<double>, maximum<int>, log_sum_exp<float>, log_sum_exp<double>,
                               affine_matrix<float, 3>, affine_matrix<double, 2>, affine_matrix<std::complex<float>, 2>,
                               affine_matrix<std::complex<double>, 3>>;
TYPED_TEST_SUITE(every_monoid, monoids);

TYPED_TEST(every_monoid, is_a_left_fold_by_every_tree_on_every_backend_lifted_or_not) {
  using M = TypeParam;
  index_t cases = 0;
  algorithms::for_each([&]<class A>(std::type_identity<A>) {
    backends::for_each([&]<class B>(std::type_identity<B>) {
      if constexpr (supports<A, B, M>) judge<M, as_it_is<M>, A, B>(cases);
      if constexpr (supports<A, B, segmented<M>>) judge<M, lifted<M>, A, B>(cases);
    });
  });
  EXPECT_GT(cases, 0);
  EXPECT_EQ(cases, tests::trees_on_backends<algorithms>() * 2 * std::ssize(lengths));
  tally::add(cases);
}

}  // namespace
}  // namespace ssmscan::laws
