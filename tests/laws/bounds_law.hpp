#pragma once
// The law of bounds: on every family of data, at lengths around every power of two, prime lengths and chunk ends, every
// element of every result lies inside the a-priori bound of its class. One oracle a family, at the greatest length.
#include "tests/laws/call.hpp"
#include "tests/laws/effort.hpp"
#include "tests/laws/verdict.hpp"
#include "tests/laws/within.hpp"

#include <ssmscan/scan/reference/families.hpp>

namespace ssmscan::laws {

template <class T>
struct family_data {
  reference::family_info info;
  reference::sequence<T> values;
  reference::oracle<T> exact;

  family_data(reference::family_info const& f, std::uint64_t seed, index_t longest)
      : info(f), values(reference::generate<T>(f.id, seed, longest)), exact(values.a, values.b) {}
};

// full: 2^k and its neighbours to 2^20, primes, chunk ends. fast: the same to 2^14, every third, and one of each above.
inline std::vector<index_t> bound_lengths(effort e) {
  std::vector<index_t> lengths{0, 1, 2};
  for (index_t power = 2; power <= (index_t{1} << 20); power *= 2)
    for (index_t n : {power - 1, power, power + 1})
      if (n > lengths.back() && n <= (index_t{1} << 20)) lengths.push_back(n);
  for (index_t n : {11, 37, 97, 211, 499, 997, 2003, 5003, 10007, 12287, 12289, 30011, 100003, 300007})
    lengths.push_back(n);
  if (e == effort::full) return lengths;
  std::vector<index_t> some;
  for (std::size_t i = 0; i < lengths.size(); ++i)
    if (i % 3 == 0 && lengths[i] <= 16385) some.push_back(lengths[i]);
  some.insert(some.end(), {65537, 100003});
  return some;
}

template <class T>
verdict bounds_law(subject<T> const& s, family_data<T> const& data, std::vector<index_t> const& lengths) {
  verdict found;
  for (index_t const n : lengths) {
    sequences<T> given{
        1, n, {data.values.a.begin(), data.values.a.begin() + n}, {data.values.b.begin(), data.values.b.begin() + n}};
    outcome<T> const got = call(s, given);
    found.add(got.fault.empty() ? outside(s, data.exact, got.x.data(), n) : got.fault,
              [&] { return s.name + ", " + std::string(data.info.name) + ", " + std::to_string(n) + " steps"; });
    if (!found.holds()) return found;
  }
  return found;
}

}  // namespace ssmscan::laws
