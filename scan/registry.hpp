#pragma once
// THE lists. Tests, benchmarks, the run-time table behind `--algorithm` and the tables of the documents are folds over
// them. Adding an algorithm is one file in algorithms/ and its two entries here: the include and the name; adding a
// backend is one file in backends/, its two here, the declaration and the name, and its include in backends/all.hpp.
#include <type_traits>

#include <ssmscan/scan/algorithms/blelloch.hpp>
#include <ssmscan/scan/algorithms/chunked.hpp>
#include <ssmscan/scan/algorithms/heinsen.hpp>
#include <ssmscan/scan/algorithms/heinsen_plain.hpp>
#include <ssmscan/scan/algorithms/hillis_steele.hpp>
#include <ssmscan/scan/algorithms/look_back.hpp>
#include <ssmscan/scan/algorithms/sequential.hpp>

namespace ssmscan {

template <class... Types>
struct type_list {
  static constexpr std::size_t size = sizeof...(Types);

  // visit(std::type_identity<T>{}) for each T, in order.
  template <class Visit>
  static constexpr void for_each(Visit&& visit) {
    (visit(std::type_identity<Types>{}), ...);
  }
};

using algorithms = type_list<sequential, hillis_steele, blelloch, chunked, heinsen, heinsen_plain, look_back>;

// What an algorithm with an inner one (`using inner = ...`) can be given instead of its default.
using inner_algorithms = type_list<sequential, hillis_steele, blelloch, chunked, look_back>;

// Whoever runs on one includes <ssmscan/scan/backends/NAME.hpp>; whoever folds over them, <ssmscan/scan/backends/all.hpp>.
class serial;
class openmp;
using backends = type_list<serial, openmp>;

}  // namespace ssmscan
