#pragma once
// sequential for the affine monoids on a CUDA device: a thread for each lane, its steps on their way long before it comes
// to them; many lanes are cut in time as well (sequential_segments.cuh). The definition's own tree and bits, of
// packed sequences too; semi_log is left to the definition's text.
#include <ssmscan/scan/algorithms/sequential.hpp>
#include <ssmscan/scan/backends/cuda/packed_starts.hpp>
#include <ssmscan/scan/detail/recurrence_problem.hpp>
#include <ssmscan/scan/monoids/affine.hpp>
#include <ssmscan/scan/monoids/segmented.hpp>

namespace ssmscan::device {

struct sequential : ssmscan::sequential {
  using text = ssmscan::sequential;  // of what is left to it
  // Any strides; fast where lanes are many, and either the channels or the steps are contiguous.
  template <class B, class T>
  static void solve(B& on, affine<T> const&, ssmscan::detail::recurrence_problem<T> const& problem);

  // Packed, likewise. Which sequence each step is of is told, as in sequential_segments.cuh nobody has the time to find it.
  static constexpr bool asks_for_steps = true;
  template <class B, class T>
  static void solve(B& on, segmented<affine<T>> const&, ssmscan::detail::recurrence_problem<T> const& problem,
                    ssmscan::detail::starts_by_piece const& starts);
};

}  // namespace ssmscan::device
