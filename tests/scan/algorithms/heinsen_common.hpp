#pragma once
// What the tests of heinsen share: one call of it by name, and the algorithms its two sums can be run by. The truth is
// reference/oracle.hpp's, the bound reference/heinsen_bound.hpp's.
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include <ssmscan/scan/backends/serial.hpp>
#include <ssmscan/scan/linear_recurrence.hpp>
#include <ssmscan/scan/reference/families.hpp>
#include <ssmscan/scan/reference/heinsen_bound.hpp>
#include <ssmscan/scan/reference/oracle.hpp>
#include <ssmscan/scan/registry.hpp>
#include <ssmscan/scan/scan.hpp>

namespace ssmscan::heinsen_tests {

using reference::families;
using reference::family;
using reference::heinsen_bound;
using reference::oracle;

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

struct inner_case {
  std::string_view name;
  index_t (*roundings)(index_t);
};
inline std::vector<inner_case> inners() {
  std::vector<inner_case> made;
  inner_algorithms::for_each([&]<class A>(std::type_identity<A>) {
    made.push_back({A::info.name, A::info.roundings});
  });
  return made;
}

using dtypes = testing::Types<float, double, std::complex<float>, std::complex<double>>;

}  // namespace ssmscan::heinsen_tests
