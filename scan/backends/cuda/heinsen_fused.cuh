#pragma once
#include <ssmscan/scan/backends/cuda/heinsen_fused.hpp>
#include <ssmscan/scan/backends/cuda/heinsen_steps.cuh>
#include <ssmscan/scan/backends/cuda/look_back.cuh>

namespace ssmscan::device {

template <class B>
void heinsen_fused::solve(B& on, affine<float> const&, ssmscan::detail::recurrence_problem<float> const& problem) {
  look_back_detail::solve<heinsen_steps>(on, problem);
}

}  // namespace ssmscan::device
