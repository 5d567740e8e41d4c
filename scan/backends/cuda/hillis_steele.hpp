#pragma once
// hillis_steele for the affine monoids on a CUDA device: the text's tree, bit for bit, many doublings at each reading of memory.
// What it says of itself; the kernel is in hillis_steele.cuh. semi_log and packed sequences are left to the text.
#include <ssmscan/scan/algorithms/hillis_steele.hpp>
#include <ssmscan/scan/detail/integers.hpp>
#include <ssmscan/scan/detail/recurrence_problem.hpp>
#include <ssmscan/scan/monoids/affine.hpp>

namespace ssmscan::device {

struct hillis_steele : ssmscan::hillis_steele {
  using text = ssmscan::hillis_steele;  // of what is left to it
  static constexpr algorithm_info info = [] {
    algorithm_info made = ssmscan::hillis_steele::info;
    // Of float, time contiguous: 12 doublings in one pass; or 10 in the first, then 8, in the last 10, and maps are written and read
    // between passes. What is read is up to a third more, where a pass reaches back.
    made.bytes = [](index_t time, double element) {
      index_t const doublings = ssmscan::detail::ceil_log2(time), later = doublings <= 12 ? 0 : doublings - 10;
      index_t const passes = later == 0 ? 0 : later <= 10 ? 1 : ssmscan::detail::ceil_div(later, index_t{8});
      return (3 + 4 * static_cast<double>(passes)) * element;
    };
    return made;
  }();

  // Unpacked; any strides, of any number of lanes. Fast where neighbouring lanes or neighbouring steps are contiguous.
  template <class B, class T>
  static void solve(B& on, affine<T> const&, ssmscan::detail::recurrence_problem<T> const& problem);
};

}  // namespace ssmscan::device
