#pragma once
// heinsen.fused: Heinsen's formula for float on a CUDA device, logarithms, both sums and exponentials in one kernel, every
// element read once and written once. What it says of itself; the arithmetic is in heinsen_steps.cuh, the kernel is
// look_back's.
#include <ssmscan/scan/backends/cuda/look_back.hpp>

namespace ssmscan::device {

struct heinsen_fused {
  static constexpr algorithm_info info{.name = "heinsen",
                                       .variant = "fused",
                                       .tree = "heinsen(rows_of_32_runs_of_80_bytes)/2",
                                       .result = result_class::reformulates,
                                       .work = [](index_t time) { return 2 * look_back::info.work(time); },
                                       .span = [](index_t time) { return 2 * look_back::info.span(time); },
                                       .bytes = [](index_t, double element) { return 3 * element; },
                                       .roundings = look_back::info.roundings,
                                       .source = "Heinsen 2023, arXiv 2311.06281",
                                       .formula = log_formula::in_runs};

  // float, unpacked. Strides as for look_back.
  template <class B>
  static void solve(B& on, affine<float> const&, ssmscan::detail::recurrence_problem<float> const& problem);
};

}  // namespace ssmscan::device
