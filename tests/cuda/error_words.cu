// What code for a GPU says where the device is another: for which it was compiled.
#include <ssmscan/scan/backends/cuda/error.cuh>

namespace ssmscan {

std::string words_of_device_code() { return cuda_category().message(cudaErrorNoKernelImageForDevice); }

std::string first_architecture() {
  constexpr int compiled_for[] = {__CUDA_ARCH_LIST__};
  return std::to_string(compiled_for[0] / 100) + "." + std::to_string(compiled_for[0] / 10 % 10);
}

}  // namespace ssmscan
