#pragma once
// The one place where kernels are launched: asynchronously, on the caller's stream, with the answer looked at.
#include <array>
#include <limits>

#include <cuda_runtime.h>

#include <ssmscan/scan/backends/cuda/error.cuh>
#include <ssmscan/scan/concepts.hpp>
#include <ssmscan/scan/error.hpp>

namespace ssmscan {

// When the blocks of a kernel may start: when all before it on the stream is done, or as the blocks of the kernel before leave.
// Such a kernel writes no global memory, and reads none that a kernel writes (weights may be read), before it has called
// cudaGridDependencySynchronize(), and lets the next one come by cudaTriggerProgrammaticLaunchCompletion().
enum class start { after_all_before, beside_the_last };

struct launch_shape {
  index_t blocks;
  int threads;
  std::size_t shared_bytes = 0;
  int cluster = 1;  // blocks that run at the same time and reach one another's shared memory; divides `blocks`
  start when = start::after_all_before;
};

// kernel(arguments...) on the stream; nothing where there are no blocks. Throws std::system_error where the launch fails:
// on its own, or because of an error that an earlier kernel left in the context.
template <class... Parameters, class... Arguments>
void launch(cudaStream_t stream, launch_shape shape, void (*kernel)(Parameters...), Arguments&&... arguments) {
  if (shape.blocks == 0) return;
  if (shape.blocks > std::numeric_limits<int>::max())
    throw_invalid("blocks of one launch", std::to_string(shape.blocks), "at most 2^31 - 1, as CUDA's grids have");
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(static_cast<unsigned>(shape.blocks));
  config.blockDim = dim3(static_cast<unsigned>(shape.threads));
  config.dynamicSmemBytes = shape.shared_bytes;
  config.stream = stream;
  std::array<cudaLaunchAttribute, 2> attributes{};
  config.attrs = attributes.data();
  if (shape.cluster > 1) {
    auto& attribute = attributes[config.numAttrs++];
    attribute.id = cudaLaunchAttributeClusterDimension;
    attribute.val.clusterDim = {static_cast<unsigned>(shape.cluster), 1, 1};
  }
  if (shape.when == start::beside_the_last) {
    auto& attribute = attributes[config.numAttrs++];
    attribute.id = cudaLaunchAttributeProgrammaticStreamSerialization;
    attribute.val.programmaticStreamSerializationAllowed = 1;
  }
  need_success(cudaLaunchKernelEx(&config, kernel, std::forward<Arguments>(arguments)...), "launching a kernel");
}

}  // namespace ssmscan
