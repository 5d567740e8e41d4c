#pragma once
// One sequence through one algorithm, on one thread; and the registry with short tiles, as a list to fold over.
#include <optional>
#include <vector>

#include "tests/worst.hpp"

#include <ssmscan/scan/backends/serial.hpp>
#include <ssmscan/scan/monoids/affine.hpp>
#include <ssmscan/scan/reference/bounds.hpp>
#include <ssmscan/scan/registry.hpp>
#include <ssmscan/scan/scan.hpp>

namespace ssmscan::reference {

using short_tiled = type_list<basic_chunked<8>, basic_look_back<8>>;

// Trees of the registry, and chunked and look_back with tiles of 8, so that short lengths cross many tiles.
template <class Visit>
void for_each_tree(Visit visit) {
  auto const if_tree = [&]<class A>(std::type_identity<A> algorithm) {
    if constexpr (supports<A, serial, shape_monoid>) visit(algorithm);
  };
  algorithms::for_each(if_tree);
  short_tiled::for_each(if_tree);
}

// How many it must visit: all but what reformulates.
inline index_t trees_needed() {
  auto needed = static_cast<index_t>(short_tiled::size);
  algorithms::for_each([&]<class A>(std::type_identity<A>) { needed += A::info.result != result_class::reformulates; });
  return needed;
}

// x by A over the recurrence monoid M (affine<T> or semi_log<T>).
template <class A, class M, class T = typename M::scalar>
std::vector<T> run(std::vector<T> const& a, std::vector<T> const& b, std::optional<T> initial = std::nullopt) {
  std::vector<T> x(b.size());
  serial on;
  ssmscan::scan(
      on, A{}, M{}, {1, static_cast<index_t>(b.size())},
      [&](index_t, index_t t) {
        auto const i = static_cast<std::size_t>(t);
        if (t > 0) return M::step(a[i], b[i]);
        return M::start(initial ? multiply_add(a[i], *initial, b[i]) : b[i]);
      },
      [&](index_t, index_t t, auto const& prefix) { x[static_cast<std::size_t>(t)] = M::state(prefix); });
  return x;
}

// The largest error / bound. An infinite bound says nothing of its element.
struct worst_ratio {
  double value = 0;
  void add(double error, double bound) {
    if (!std::isinf(bound)) value = tests::worse(value, tests::share(error, bound));
  }
};

}  // namespace ssmscan::reference
