#pragma once
// How a kernel of the selective scan begins that is launched beside the last one (start::beside_the_last).
#include <cuda_runtime.h>

namespace ssmscan::device {

// The next kernel's blocks may come as this one's leave. Then waits for all kernels before: whatever of global memory comes after.
// In every block, and before any return: what the next kernel waits for is this one, which has to have waited for those before.
__device__ inline void wait_for_kernels_before() {
  cudaTriggerProgrammaticLaunchCompletion();
  cudaGridDependencySynchronize();
}

}  // namespace ssmscan::device
