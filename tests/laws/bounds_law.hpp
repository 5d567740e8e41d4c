#pragma once
// The law of bounds: on every family of data, at lengths around every power of two, prime lengths and chunk ends, every
// element of every result lies inside the a-priori bound of its class, and that bound is finite: on no family does a product
// of a's or S overflow, nor are there steps enough that a proof says nothing. One oracle a family and seed, at the greatest
// length.
#include "tests/laws/data.hpp"
#include "tests/laws/effort.hpp"
#include "tests/laws/verdict.hpp"
#include "tests/laws/within.hpp"

#include <ssmscan/scan/reference/families.hpp>

namespace ssmscan::laws {

template <class T>
struct family_data {
  reference::family_info info;
  std::uint64_t seed;
  reference::sequence<T> values;
  yardstick<T> truth;

  family_data(reference::family_info const& f, std::uint64_t seed_, index_t longest)
      : info(f),
        seed(seed_),
        values(reference::generate<T>(f.id, seed, longest)),
        truth(values.a, values.b, std::nullopt) {}
};

inline constexpr index_t greatest_length = index_t{1} << 20;

// full: 2^k and its neighbours to 2^16, 2^18 and 2^20, primes, chunk ends. fast: every third of the same to 2^14, and one above.
// brief: ten.
inline std::vector<index_t> bound_lengths(effort e) {
  std::vector<index_t> lengths{0, 1, 2};
  for (index_t power = 2; power <= index_t{1} << 16; power *= 2)
    for (index_t n : {power - 1, power, power + 1})
      if (n > lengths.back()) lengths.push_back(n);
  for (index_t n : {index_t{1} << 18, greatest_length}) lengths.push_back(n);
  for (index_t n : {11, 37, 97, 211, 499, 997, 2003, 5003, 10007, 12287, 12289, 30011, 100003, 300007})
    lengths.push_back(n);
  if (e == effort::full) return lengths;
  if (e == effort::brief) return {0, 1, 2, 9, 33, 129, 1000, 4097, 12289, 65537};
  std::vector<index_t> some;
  for (std::size_t i = 0; i < lengths.size(); ++i)
    if (i % 3 == 0 && lengths[i] <= 16385) some.push_back(lengths[i]);
  some.push_back(65537);
  return some;
}

// For reverse, and for a second seed in both directions: the lengths to 2^14 + 1; fast: every second of the few there.
inline std::vector<index_t> fewer_bound_lengths(effort e) {
  auto const lengths = bound_lengths(e);
  std::vector<index_t> some;
  for (std::size_t i = 0; i < lengths.size(); i += e == effort::full ? 1 : 2)
    if (lengths[i] <= 16385) some.push_back(lengths[i]);
  return some;
}

// Every form that a user gets by its name goes to 2^20; those with tiles of 8, as many at 2^11 as the others have there, to
// 2^14 + 1. The logarithms of a reformulation, and of its bound, cost a hundred plain steps each: it goes to 2^14 + 1, and to
// the powers of two above; on an inner scan that is not its own choice to 2^12 + 1, and to the powers up to 2^16 (beyond:
// heinsen.keeps_the_bars_*).
template <class T>
std::vector<index_t> lengths_for(subject<T> const& s, std::vector<index_t> const& lengths) {
  bool const reformulates = s.result == result_class::reformulates;
  std::vector<index_t> some;
  for (index_t const n : lengths) {
    bool const power = n > 0 && (n & (n - 1)) == 0;
    bool const above = reformulates ? power && (n <= 65536 || !s.has_another_inner()) : s.registered;
    if (n <= (s.has_another_inner() ? 4097 : 16385) || above) some.push_back(n);
  }
  return some;
}

// Reverse: the mirror image of the same data, so that the same oracle judges.
template <class T>
verdict bounds_law(subject<T> const& s, family_data<T> const& data, direction d, std::vector<index_t> const& lengths) {
  verdict found;
  for (index_t const n : lengths_for(s, lengths)) {
    sequences<T> given{1, n, cut(data.values.a, 1, n, 0, n), cut(data.values.b, 1, n, 0, n)};
    if (d == direction::reverse) given.a = mirrored(given.a, 1, n), given.b = mirrored(given.b, 1, n);
    outcome<T> got = call(s, given, d);
    if (d == direction::reverse) got.x = mirrored(got.x, 1, n);
    found.add(got.fault.empty() ? data.truth.outside(s, got.x, no_bound::fails) : got.fault, [&] {
      return place(s, n, d) + ", " + std::string(data.info.name) + ", seed " + std::to_string(data.seed);
    });
    if (!found.holds()) return found;
  }
  return found;
}

// What is true of the whole is true of its parts put together: x of b + c is x of b plus x of c, and a sequence cut in two
// is the whole. Each part errs within its bound; a cut carries the first part's error on, times the product of a.
template <class T>
verdict composition_law(subject<T> const& s, std::vector<index_t> const& lengths) {
  using real = reference::real_t<T>;
  verdict found;
  for (index_t const n : lengths)
    for (direction const d : all_directions) {
      auto const given = random_sequences<T>(19, 1, n, initial_state::absent);
      auto const other = random_sequences<T>(20, 1, n, initial_state::absent);
      auto const ordered = [&](std::vector<T> v) { return d == direction::forward ? v : mirrored(std::move(v), 1, n); };
      // Summands on a grid of 2^-8, so that b + c is exact.
      auto const coarse = [](std::vector<T> v) {
        auto const round = [](real p) { return std::nearbyint(p * 256) / 256; };
        for (T& p : v) {
          if constexpr (is_complex<T>) {
            p = T(round(p.real()), round(p.imag()));
          } else {
            p = round(p);
          }
        }
        return v;
      };
      sequences<T> b{1, n, given.a, coarse(given.b)}, c{1, n, given.a, coarse(other.b)}, sum = b;
      for (std::size_t t = 0; t < sum.b.size(); ++t) sum.b[t] += c.b[t];
      auto const xb = ordered(call(s, b, d).x), xc = ordered(call(s, c, d).x);
      yardstick<T> const of_b(ordered(b.a), ordered(b.b), {}), of_c(ordered(c.a), ordered(c.b), {}),
          of_sum(ordered(sum.a), ordered(sum.b), {});
      std::string wrong = of_sum.outside(s, ordered(call(s, sum, d).x));
      for (index_t t = 0; t < n && wrong.empty(); ++t) {
        auto const i = static_cast<std::size_t>(t);
        T const together = xb[i] + xc[i];
        double const allowed =
            of_b.bound(s, t, n) + of_c.bound(s, t, n) +
            reference::unit_roundoff<T> * 2 * static_cast<double>(std::abs(together));  // of the sum; 2: two parts
        if (!reference::inside(of_sum.exact().error(t, together), allowed))
          wrong = "not linear at place " + std::to_string(t);
      }
      found.add(wrong, [&] { return place(s, n, d) + ", b + c"; });

      wrong.clear();
      if (index_t const at = n / 3; n > 0) {
        index_t const first_begin = d == direction::forward ? 0 : n - at,
                      second_begin = d == direction::forward ? at : 0;
        auto const part = [&](index_t begin, index_t length, std::vector<T> initial) {
          return call(s,
                      sequences<T>{1, length, cut(given.a, 1, n, begin, begin + length),
                                   cut(given.b, 1, n, begin, begin + length), std::move(initial)},
                      d);
        };
        auto const carry = part(first_begin, at, {}).final;
        auto second = part(second_begin, n - at, carry).x;
        if (d == direction::reverse) std::reverse(second.begin(), second.end());
        auto const a = ordered(given.a), b_all = ordered(given.b);
        yardstick<T> const whole(a, b_all, {});
        yardstick<T> const rest(std::vector<T>(a.begin() + at, a.end()),
                                std::vector<T>(b_all.begin() + at, b_all.end()), carry[0]);
        double carried = at > 0 ? whole.bound(s, at - 1, at) : 0;
        for (index_t t = at; t < n && wrong.empty(); ++t) {
          carried *= reference::inflation * static_cast<double>(std::abs(a[static_cast<std::size_t>(t)]));
          if (!reference::inside(whole.exact().error(t, second[static_cast<std::size_t>(t - at)]),
                                 rest.bound(s, t - at, n - at) + carried))
            wrong = "cut and carried over, outside at place " + std::to_string(t);
        }
      }
      found.add(wrong, [&] { return place(s, n, d) + ", cut"; });
      if (!found.holds()) return found;
    }
  return found;
}

}  // namespace ssmscan::laws
