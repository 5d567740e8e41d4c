#pragma once
// sequential for the affine monoids on a CUDA device: a thread for each lane, its steps on their way long before it comes
// to them; many lanes are cut in time as well (sequential_segments.cuh). The definition's own tree and bits; semi_log and packed
// sequences are left to the definition's text.
#include <ssmscan/scan/algorithms/sequential.hpp>
#include <ssmscan/scan/detail/recurrence_problem.hpp>
#include <ssmscan/scan/monoids/affine.hpp>

namespace ssmscan::device {

struct sequential : ssmscan::sequential {
  using text = ssmscan::sequential;  // of what is left to it
  // Unpacked. Any strides; fast where lanes are many, and either the channels or the steps are contiguous.
  template <class B, class T>
  static void solve(B& on, affine<T> const&, ssmscan::detail::recurrence_problem<T> const& problem);
};

}  // namespace ssmscan::device
