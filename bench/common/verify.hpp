#pragma once
// Verify, then time. Every element of a result is compared with the definition evaluated in higher precision, and must
// lie within the a-priori bound that holds for any bracketing (docs/numerics.md):
//
//   |x - reference| <= u (n N + d S) + underflow,   S[t] = |a[t]| S[t-1] + |b[t]|,   N[t] = |a[t]| (N[t-1] + S[t-1])
//
// Each b[s] meets one rounding per coefficient between s and t, in whichever product those were multiplied (N), and one
// per combine in which it stands on the right (d S). n = 1 with a fused multiply-add, 2 with product and sum rounded
// apart; complex: 2 fused (Jeannerod et al. 2017), sqrt(5) + 1 apart (Brent et al. 2007). uint32_t is exact. Stored in 16
// bits, the result of float is rounded once more, which is v |x|, v = 2^-8 or 2^-11, or half a subnormal step.
// (reference/oracle.hpp does the same in quadruple precision, and slower than any contender: it is for the accuracy
// benchmark. This one serves 2^26 elements.)
#include <cmath>
#include <complex>
#include <limits>
#include <sstream>
#include <string>
#include <type_traits>
#include <vector>

#include "bench/common/outcome.hpp"
#include "bench/common/problem.hpp"
#include <omp.h>

namespace ssmscan::bench {

enum class rounding { fused, apart };

// What a contender promises.
struct accuracy {
  double right_steps = 1;  // d: most combines in which one element stands on the right
  bench::rounding rounding = rounding::fused;
  double logs = 0;  // greatest |log| that is rounded in the working precision on the way
};

template <class T>
struct precision {
  using real = T;
  using wide_real = std::conditional_t<std::same_as<T, float>, double, long double>;
  using wide = wide_real;
};
template <class R>
struct precision<std::complex<R>> {
  using real = R;
  using wide_real = typename precision<R>::wide_real;
  using wide = std::complex<wide_real>;
};
template <storage_dtype S>
struct precision<S> : precision<float> {};
template <>
struct precision<std::uint32_t> {
  using real = double;
  using wide_real = double;
  using wide = std::uint32_t;
};

// Of the one rounding to 16 bits: the greatest relative error of a normal number, the greatest error of a smaller one.
struct storing_error {
  double relative = 0, absolute = 0;
};
template <class T>
inline constexpr storing_error storing{};
template <>
inline constexpr storing_error storing<bfloat16>{0x1p-8, 0x1p-134};
template <>
inline constexpr storing_error storing<float16>{0x1p-11, 0x1p-25};

// The definition in higher precision with its sums, at the places in memory where x has them.
template <class T>
class oracle {
 public:
  using wide = typename precision<T>::wide;
  using real = typename precision<T>::wide_real;
  using value = detail::arithmetic<T>;
  static constexpr bool exact = std::same_as<T, std::uint32_t>;

  explicit oracle(problem<T>& given) : reference_(given.x.size()), s_(exact ? 0 : given.x.size()), n_(s_.size()) {
    auto const call = given.call();
    auto const& shape = given.shape;
    bool const reverse = shape.direction == direction::reverse;
    std::vector<bool> heads(static_cast<std::size_t>(shape.time) + 1, false);
    heads[0] = true;
    for (index_t const o : given.offsets) heads[static_cast<std::size_t>(reverse ? shape.time - o : o)] = true;

    // Lanes [first, last), along memory either way: each thread has some, with their states beside one another.
    auto const walk = [&](index_t first, index_t last) {
      std::vector<sums> lanes(static_cast<std::size_t>(last - first));
      auto const step = [&](index_t lane, index_t i) {
        index_t const t = reverse ? shape.time - 1 - i : i;
        sums& now = lanes[static_cast<std::size_t>(lane - first)];
        if (heads[static_cast<std::size_t>(i)]) now = sums(given.initial.empty() ? value() : call.initial(0, lane, 0));
        now.advance(widened(call.a(0, lane, t)), widened(call.b(0, lane, t)), shape.operation);
        auto const place = static_cast<std::size_t>(&call.x(0, lane, t) - given.x.data());
        reference_[place] = now.x;
        if constexpr (!exact) {
          s_[place] = static_cast<float>(now.s);
          n_[place] = static_cast<float>(now.n + now.logs());
        }
      };
      if (shape.layout == layout::time_major) {
        for (index_t i = 0; i < shape.time; ++i)
          for (index_t lane = first; lane < last; ++lane) step(lane, i);
      } else {
        for (index_t lane = first; lane < last; ++lane)
          for (index_t i = 0; i < shape.time; ++i) step(lane, i);
      }
    };
    int const shares = static_cast<int>(std::min<index_t>(shape.lanes, omp_get_max_threads()));
#pragma omp parallel for schedule(static)
    for (int k = 0; k < shares; ++k) walk(shape.lanes * k / shares, shape.lanes * (k + 1) / shares);
  }

  // Empty, or a sentence about the first place where the result is wrong.
  std::string compare(std::vector<T> const& x, accuracy const& promised) const {
    auto first_wrong = static_cast<std::ptrdiff_t>(x.size());
#pragma omp parallel for reduction(min : first_wrong)
    for (std::ptrdiff_t i = 0; i < std::ssize(x); ++i)
      if (i < first_wrong && !is_right(static_cast<std::size_t>(i), x, promised)) first_wrong = i;
    if (first_wrong == std::ssize(x)) return "";
    auto const i = static_cast<std::size_t>(first_wrong);
    if constexpr (exact) {
      return sentence(i, x[i], reference_[i], 0.0L);
    } else {
      return sentence(i, wide(widened(x[i])), reference_[i], static_cast<long double>(bound_at(i, promised)));
    }
  }

 private:
  bool is_right(std::size_t i, std::vector<T> const& x, accuracy const& promised) const {
    if constexpr (exact) {
      return x[i] == reference_[i];
    } else {
      return static_cast<real>(std::abs(wide(widened(x[i])) - reference_[i])) <= bound_at(i, promised);
    }
  }
  real bound_at(std::size_t i, accuracy const& promised) const {
    auto const computed = static_cast<real>(allowed(promised, static_cast<double>(s_[i]), static_cast<double>(n_[i])));
    auto const largest = static_cast<real>(std::abs(reference_[i])) + computed;
    return computed + static_cast<real>(storing<T>.relative) * largest + static_cast<real>(storing<T>.absolute);
  }

  struct sums {
    wide x{};
    double s = 0, n = 0;
    double m = 0, q = 0;  // semi_log: sums of L |P||b| and (t - s) L |P||b|, L = the sum of |log a| over (s, t]

    sums() = default;
    explicit sums(value initial) : x(initial) {
      if constexpr (!exact) s = static_cast<double>(std::abs(wide(initial)));
    }

    void advance(value a, value b, ssmscan::operation operation) {
      if constexpr (exact) {
        x = a * x + b;
      } else {
        auto const size = static_cast<double>(std::abs(wide(a)));
        if (operation == operation::semi_log) {
          double const log = size > 0 ? std::abs(std::log(size)) : 0;
          q = size * (q + m + log * (n + s));
          m = size * (m + log * s);
        }
        n = size * (n + s);
        s = size * s + static_cast<double>(std::abs(wide(b)));
        x = wide(a) * x + wide(b);
        if (operation == operation::semi_log) extra = q + 2.5 * m + 2 * n;
      }
    }

    // semi_log: a product over (s, t] comes back as exp of a rounded sum of rounded logarithms. Relative error: the
    // absolute error of that sum, (t - s) u L for the additions and 2.5u L for the logarithms, and 2u per exp, by whichever
    // of reference/math_library.hpp.
    double logs() const { return extra; }
    double extra = 0;
  };

  static double allowed(accuracy const& promised, double s, double n) {
    // Second order, and the oracle's own sums in float: distances beyond 10^4 steps weigh less than exp(-23) in all
    // data here, and (1 + u)^(10^4) < 1.001.
    constexpr double inflation = 1.001;
    // Subnormal roundings, each of eta / 2: their weights sum to at most (1 / (1 - 0.9975))^2 here.
    constexpr double underflows = 2e5;
    using limits = std::numeric_limits<typename precision<T>::real>;
    double const u = static_cast<double>(limits::epsilon()) / 2;
    double const wide_u = static_cast<double>(std::numeric_limits<real>::epsilon()) / 2;
    bool const fused = promised.rounding == rounding::fused;
    double const each = is_complex<T> ? (fused ? 2 : std::sqrt(5.0) + 1) : (fused ? 1 : 2);
    // One right step more than promised: the first step of a sequence that has an initial state.
    // A value that passes through log and exp loses its logarithm's size at each of the steps between: the sums log a,
    // log b - a*, their log-sum and the sum of both.
    double const steps = 1 + 4 * promised.logs;
    return u * each * steps * (n + (promised.right_steps + 1) * s) * inflation +
           underflows * static_cast<double>(limits::denorm_min()) + 4 * wide_u * (n + s);
  }

  template <class Value>
  static std::string sentence(std::size_t i, Value const& got, Value const& reference, long double bound) {
    std::ostringstream text;
    text.precision(9);
    text << wrong_result << "x[" << i << "]: got " << got << "; need " << reference << " within " << bound;
    return text.str();
  }

  std::vector<wide> reference_;
  std::vector<float> s_, n_;
};

}  // namespace ssmscan::bench
