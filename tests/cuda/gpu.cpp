#include "tests/cuda/gpu.hpp"

namespace ssmscan::gpu {

std::string why_none() {
  int count = 0;
  cudaError_t const status = cudaGetDeviceCount(&count);
  if (status == cudaSuccess && count > 0) return "";
  return cuda_category().message(static_cast<int>(status == cudaSuccess ? cudaErrorNoDevice : status));
}

std::string description() {
  cudaDeviceProp properties{};
  need_success(cudaGetDeviceProperties(&properties, 0), "asking for a GPU's properties");
  int driver = 0;
  need_success(cudaDriverGetVersion(&driver), "asking for the driver's version");
  return std::string(properties.name) + ", compute capability " + std::to_string(properties.major) + "." +
         std::to_string(properties.minor) + ", " + std::to_string(properties.totalGlobalMem >> 30) +
         " GiB, driver for CUDA " + std::to_string(driver / 1000) + "." + std::to_string(driver / 10 % 100);
}

std::size_t free_bytes() {
  std::size_t free = 0, total = 0;
  need_success(cudaMemGetInfo(&free, &total), "asking for free memory");
  return free;
}

}  // namespace ssmscan::gpu
