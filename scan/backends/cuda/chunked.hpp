#pragma once
// chunked for the affine monoids on a CUDA device: the text's three phases and its tree, bit for bit, from registers. What
// it says of itself; the kernels are in chunked.cuh. semi_log and packed sequences are left to the text.
#include <ssmscan/scan/algorithms/chunked.hpp>
#include <ssmscan/scan/detail/recurrence_problem.hpp>
#include <ssmscan/scan/monoids/affine.hpp>

namespace ssmscan::device {

struct chunked : ssmscan::chunked {
  using text = ssmscan::chunked;  // of what is left to it
  static constexpr algorithm_info info = [] {
    algorithm_info made = ssmscan::chunked::info;
    made.bytes = [](index_t, double element) { return 5 * element; };  // a and b twice, x
    return made;
  }();

  // Unpacked; any strides, of any number of lanes. Fast where neighbouring lanes or neighbouring steps are contiguous.
  template <class B, class T>
  static void solve(B& on, affine<T> const&, ssmscan::detail::recurrence_problem<T> const& problem);
};

}  // namespace ssmscan::device
