#pragma once
// What of the GPU's subjects only nvcc can make: the kernels of the forms with tiles of 8, and the count of what there
// must be, which asks `supports` of the backend.
#include "tests/laws/short_tiled.hpp"

#include <ssmscan/scan/backends/cuda/kernel_table.hpp>
#include <ssmscan/scan/backends/cuda/registry.hpp>

namespace ssmscan::laws {

// From the component's registry, the short-tiled forms, and `supports` alone.
template <class T>
index_t cuda_forms_needed();

}  // namespace ssmscan::laws
