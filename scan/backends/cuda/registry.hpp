#pragma once
// THE lists of component ssmscan::cuda, as scan/registry.hpp is that of ssmscan::scan: adding an entry makes its
// translation unit, its row of capabilities() and its place before the laws. Plain C++: what an entry says of itself.
//
// An entry is either the textbook form, the algorithm's own text of scan/algorithms/, or a tuned one: a type of its own,
// with `info` and
//
//   template <class B, class M, class T>                                             // B: cuda, and workspace_query
//   static void solve(B& on, M const&, detail::recurrence_problem<T> const& problem);
//
// (M segmented: with one parameter more, detail::sequence_starts const& or detail::starts_by_piece const&)
//
// declared in scan/backends/cuda/NAME.hpp and defined in NAME.cuh, which its translation unit includes. A tuned form takes
// the plain name, and the text stands beside it as textbook<NAME>; one that keeps its algorithm's tree id may leave some problems
// to the text (`scan`).
#include <ssmscan/scan/backends/cuda/blelloch.hpp>
#include <ssmscan/scan/backends/cuda/chunked.hpp>
#include <ssmscan/scan/backends/cuda/heinsen_fused.hpp>
#include <ssmscan/scan/backends/cuda/hillis_steele.hpp>
#include <ssmscan/scan/backends/cuda/look_back.hpp>
#include <ssmscan/scan/backends/cuda/sequential.hpp>
#include <ssmscan/scan/registry.hpp>

namespace ssmscan::device {

// "NAME.textbook".
template <algorithm A>
struct textbook : A {
  static constexpr algorithm_info info = [] {
    algorithm_info made = A::info;
    made.variant = "textbook";
    return made;
  }();
};

using algorithms = type_list<sequential, hillis_steele, blelloch, chunked, heinsen, heinsen_fused, heinsen_plain,
                             look_back, textbook<ssmscan::sequential>, textbook<ssmscan::hillis_steele>,
                             textbook<ssmscan::blelloch>, textbook<ssmscan::chunked>, textbook<ssmscan::look_back>>;

// What heinsen can be given instead of its default.
using inner_algorithms =
    type_list<ssmscan::sequential, ssmscan::hillis_steele, ssmscan::blelloch, ssmscan::chunked, ssmscan::look_back>;

}  // namespace ssmscan::device
