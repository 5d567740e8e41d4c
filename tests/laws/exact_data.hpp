#pragma once
// Data on which every bracketing gives the same bits, and the definition computed on it in integers. uint32_t: any
// values, mod 2^32 (a ring). Floats: a in {-1, 0, 1} (complex: 0 and the powers of i), b small integers; every sum stays
// below longest * largest_b = 35,200 < 2^24, so no operation rounds, in affine and in semi_log (log 1 = 0, exp 0 = 1).
#include <vector>

#include "tests/laws/data.hpp"

namespace ssmscan::laws {

inline constexpr index_t largest_b = 32;

// The definition's arithmetic, exact and unlike the library's.
template <class T>
struct integer {
  std::int64_t re = 0, im = 0;

  static integer of(T v) {
    if constexpr (is_complex<T>) {
      return {static_cast<std::int64_t>(v.real()), static_cast<std::int64_t>(v.imag())};
    } else {
      return {static_cast<std::int64_t>(v), 0};
    }
  }
  T value() const {
    if constexpr (is_complex<T>) {
      using part = typename T::value_type;
      return T(static_cast<part>(re), static_cast<part>(im));
    } else {
      return static_cast<T>(re);
    }
  }
  // this * p + q
  integer times_plus(integer p, integer q) const {
    if constexpr (std::same_as<T, std::uint32_t>) {
      auto const wide = static_cast<std::uint64_t>(re) * static_cast<std::uint64_t>(p.re);
      return {static_cast<std::int64_t>((wide + static_cast<std::uint64_t>(q.re)) & 0xffffffffu), 0};
    } else {
      return {re * p.re - im * p.im + q.re, re * p.im + im * p.re + q.im};
    }
  }
};

// x of one lane, in the order of time given by d.
template <class T>
void define(T const* a, T const* b, T const* initial, index_t time, direction d, T* x) {
  using z = integer<T>;
  z state;
  for (index_t step = 0; step < time; ++step) {
    index_t const t = d == direction::forward ? step : time - 1 - step;
    bool const first_without_past = step == 0 && initial == nullptr;
    if (step == 0 && initial != nullptr) state = z::of(*initial);
    state = first_without_past ? z::of(b[t]) : z::of(a[t]).times_plus(state, z::of(b[t]));
    x[t] = state.value();
  }
}

template <class T>
T exact_coefficient(random_stream& random, index_t one_zero_in) {
  if constexpr (std::same_as<T, std::uint32_t>) {
    return static_cast<T>(random.bits());
  } else {
    if (random.below(one_zero_in) == 0) return T(0);
    index_t const turn = random.below(4);
    if constexpr (is_complex<T>) {
      return turn == 0 ? T(1, 0) : turn == 1 ? T(0, 1) : turn == 2 ? T(-1, 0) : T(0, -1);
    } else {
      return turn % 2 == 0 ? T(1) : T(-1);
    }
  }
}

template <class T>
T exact_summand(random_stream& random) {
  auto const small = [&] { return static_cast<double>(random.below(2 * largest_b + 1) - largest_b); };
  if constexpr (std::same_as<T, std::uint32_t>) {
    return static_cast<T>(random.bits());
  } else if constexpr (is_complex<T>) {
    using part = typename T::value_type;
    part const re = static_cast<part>(small());
    return T(re, static_cast<part>(small()));
  } else {
    return static_cast<T>(small());
  }
}

// One array at the greatest length; every shorter problem is a window of it, so that one oracle serves all lengths: the
// first n elements forward (prefixes share x), the last n in reverse (suffixes do).
template <class T>
class exact_data {
 public:
  static constexpr index_t longest = 1100;
  static constexpr index_t most_lanes = 5;

  exact_data() {
    random_stream random(2);
    // Some lanes forget often, some hardly ever.
    for (index_t lane = 0; lane < most_lanes; ++lane)
      for (index_t t = 0; t < longest; ++t) a_.push_back(exact_coefficient<T>(random, lane % 2 == 0 ? 500 : 20));
    for (index_t i = 0; i < most_lanes * longest; ++i) b_.push_back(exact_summand<T>(random));
    for (index_t lane = 0; lane < most_lanes; ++lane) initial_.push_back(exact_summand<T>(random));
    for (direction d : all_directions)
      for (initial_state i : both_initial_states) {
        auto& x = oracle(d, i);
        x.resize(a_.size());
        for (index_t lane = 0; lane < most_lanes; ++lane)
          define(&a_[at(lane)], &b_[at(lane)], i == initial_state::given ? &initial_[index(lane)] : nullptr, longest, d,
                 &x[at(lane)]);
      }
  }

  sequences<T> window(index_t lanes, index_t n, direction d, initial_state i) const {
    sequences<T> made{lanes, n, cut(a_, lanes, n, d), cut(b_, lanes, n, d)};
    if (i == initial_state::given) made.initial.assign(initial_.begin(), initial_.begin() + lanes);
    return made;
  }

  outcome<T> expected(index_t lanes, index_t n, direction d, initial_state i) const {
    outcome<T> made{cut(oracle(d, i), lanes, n, d), {}, ""};
    for (index_t lane = 0; lane < lanes; ++lane)
      made.final.push_back(n > 0                       ? made.x[index(lane * n + (d == direction::forward ? n - 1 : 0))]
                           : i == initial_state::given ? initial_[index(lane)]
                                                       : T(0));
    return made;
  }

 private:
  static std::size_t index(index_t i) { return static_cast<std::size_t>(i); }
  static std::size_t at(index_t lane) { return index(lane * longest); }
  static std::vector<T> cut(std::vector<T> const& from, index_t lanes, index_t n, direction d) {
    std::vector<T> made;
    made.reserve(index(lanes * n));
    for (index_t lane = 0; lane < lanes; ++lane) {
      auto const begin = from.begin() + lane * longest + (d == direction::forward ? 0 : longest - n);
      made.insert(made.end(), begin, begin + n);
    }
    return made;
  }
  std::vector<T>& oracle(direction d, initial_state i) {
    return oracles_[index(static_cast<index_t>(d))][index(static_cast<index_t>(i))];
  }
  std::vector<T> const& oracle(direction d, initial_state i) const {
    return const_cast<exact_data*>(this)->oracle(d, i);
  }

  std::vector<T> a_, b_, initial_;
  std::vector<T> oracles_[2][2];
};

}  // namespace ssmscan::laws
