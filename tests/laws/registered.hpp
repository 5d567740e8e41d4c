#pragma once
// A subject made of a row of capabilities() and of what its registry entry says of itself.
#include <map>
#include <stdexcept>

#include "tests/laws/subject.hpp"

#include <ssmscan/scan/backends/simd/registry.hpp>
#include <ssmscan/scan/detail/catalogue.hpp>
#include <ssmscan/scan/detail/make_kernels.hpp>

namespace ssmscan::laws {

// Of an entry of a registry's lists, by its name and its inner algorithm's.
template <class Algorithms, class Inners>
algorithm_info info_of(std::string_view name, std::string_view inner) {
  algorithm_info found{};
  detail::for_each_form<Algorithms, Inners>([&]<class A>(std::type_identity<A>) {
    if (detail::is_named(A::info, name) && detail::inner_of<A>() == inner) found = A::info;
  });
  if (found.name.empty()) throw std::logic_error("capabilities() offers an algorithm that the registry lacks");
  return found;
}

template <class T>
subject<T> described(capability const& offer, algorithm_info const& info) {
  subject<T> made;
  made.algorithm = offer.algorithm;
  made.inner = offer.inner;
  made.backend = offer.backend;
  made.represents = offer.operation;
  made.name = made.algorithm;
  if (!made.inner.empty()) made.name.append("(").append(made.inner).append(")");
  made.name.append("/").append(made.backend);
  if (offer.operation == operation::semi_log) made.name.append("/semi_log");
  made.tree = offer.tree;
  made.result = info.result;
  made.roundings = info.roundings;
  made.packed = offer.packed;
  made.registered = true;
  made.formula = info.formula;
  made.library =
      offer.tree == simd::semi_log_tree ? reference::own_semi_log_library : reference::library_of(info.formula);
  made.shape = [algorithm = std::string(info.name)](index_t n) { return reference::tree_of(algorithm, n).value(); };
  return made;
}

// Run by the public call, on the backend of the row.
template <class T>
subject<T> registered(capability const& offer) {
  auto made = described<T>(offer, info_of<simd::algorithms, simd::inner_algorithms>(offer.algorithm, offer.inner));
  made.run = [algorithm = made.algorithm, inner = made.inner, backend = made.backend, represents = made.represents](
                 recurrence<T> problem, int threads) {
    problem.operation = represents;
    int const allowed = backend == serial::name ? 0 : threads;
    linear_recurrence<T>(problem, {.algorithm = algorithm, .backend = backend, .inner = inner, .threads = allowed});
  };
  return made;
}

// Measured once a length: it is asked for each element.
template <class A>
reference::tree_shape measured_shape(index_t n) {
  static std::map<index_t, reference::tree_shape> known;
  auto const at = known.find(n);
  return at != known.end() ? at->second : known.emplace(n, reference::measure_tree<A>(n)).first->second;
}

}  // namespace ssmscan::laws
