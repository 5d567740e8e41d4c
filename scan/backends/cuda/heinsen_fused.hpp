#pragma once
// heinsen.fused: Heinsen's formula for float on a CUDA device, logarithms, both sums and exponentials in one kernel, every
// element read once and written once. What it says of itself; the arithmetic is in heinsen_steps.cuh, the kernel is
// look_back's.
#include <ssmscan/scan/backends/cuda/look_back.hpp>

namespace ssmscan::device {

struct heinsen_fused {
  // Combines: a map joined to a map or applied to a state, an addition to either sum of a run. look_back's, but that in its run an
  // element is added to a sum of logarithms and to one of terms, the first too.
  static constexpr index_t work(index_t time) { return time == 0 ? 0 : look_back_counts::work(time) + time + 1; }
  // The sum of terms is as deep as look_back's state, where something is before it; in the first run it waits for the logarithms'.
  static constexpr index_t span(index_t time) {
    if (time == 0) return 0;
    return std::max(look_back_counts::span(time), std::min(time, look_back_counts::run) + 1);
  }

  static constexpr algorithm_info info{.name = "heinsen",
                                       .variant = "fused",
                                       .tree = "heinsen(rows_of_32_runs_of_80_bytes)/2",
                                       .result = result_class::reformulates,
                                       .work = work,
                                       .span = span,
                                       .bytes = [](index_t, double element) { return 3 * element; },
                                       .roundings = look_back::info.roundings,
                                       .source = "Heinsen 2023, arXiv 2311.06281",
                                       .formula = log_formula::in_runs};

  // float, unpacked. Strides as for look_back.
  template <class B>
  static void solve(B& on, affine<float> const&, ssmscan::detail::recurrence_problem<float> const& problem);
};

}  // namespace ssmscan::device
