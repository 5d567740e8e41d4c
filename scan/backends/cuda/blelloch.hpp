#pragma once
// blelloch for the affine monoids on a CUDA device: the text's tree, bit for bit, a piece of 256 steps at a time in registers and
// shared memory. What it says of itself; the kernels are in blelloch.cuh. semi_log and packed sequences are left to the text.
#include <ssmscan/scan/algorithms/blelloch.hpp>
#include <ssmscan/scan/detail/recurrence_problem.hpp>
#include <ssmscan/scan/monoids/affine.hpp>

namespace ssmscan::device {

struct blelloch : ssmscan::blelloch {
  using text = ssmscan::blelloch;  // of what is left to it
  static constexpr algorithm_info info = [] {
    algorithm_info made = ssmscan::blelloch::info;
    made.bytes = [](index_t, double element) {
      return 5 * element;
    };  // a and b twice, x; a 256th of them again for the pieces
    return made;
  }();

  // Unpacked; any strides, of any number of lanes. Fast where neighbouring lanes are contiguous.
  template <class B, class T>
  static void solve(B& on, affine<T> const&, ssmscan::detail::recurrence_problem<T> const& problem);
};

}  // namespace ssmscan::device
