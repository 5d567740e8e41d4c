#include <cuda_runtime.h>

#include <ssmscan/scan/backends/cuda/error.cuh>
#include <ssmscan/scan/backends/cuda/gpus.hpp>

namespace ssmscan::device {
namespace {

// Of the same architectures as every kernel of the component.
__global__ void probe() {}

std::string words_of(cudaError_t status) {
  (void)cudaGetLastError();
  return cuda_category().message(static_cast<int>(status));
}

int attribute(cudaDeviceAttr which, int device) {
  int value = 0;
  return cudaDeviceGetAttribute(&value, which, device) == cudaSuccess ? value : 0;
}

std::string version_text(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version / 10 % 100);
}

}  // namespace

std::string why_no_gpu() {
  int count = 0;
  cudaError_t status = cudaGetDeviceCount(&count);
  if (status == cudaSuccess && count == 0) status = cudaErrorNoDevice;
  if (status == cudaSuccess) status = cudaFree(nullptr);  // makes the context
  cudaFuncAttributes unused{};
  if (status == cudaSuccess) status = cudaFuncGetAttributes(&unused, probe);
  return status == cudaSuccess ? "" : words_of(status);
}

std::vector<gpu> gpus() {
  int count = 0;
  if (cudaGetDeviceCount(&count) != cudaSuccess) {
    (void)cudaGetLastError();
    return {};
  }
  std::vector<gpu> found;
  for (int device = 0; device < count; ++device) {
    cudaDeviceProp properties{};
    need_success(cudaGetDeviceProperties(&properties, device), "asking for a GPU's properties");
    found.push_back({properties.name, properties.major, properties.minor, properties.multiProcessorCount,
                     attribute(cudaDevAttrClockRate, device), attribute(cudaDevAttrMemoryClockRate, device),
                     properties.totalGlobalMem, static_cast<std::size_t>(properties.l2CacheSize)});
  }
  return found;
}

versions cuda_versions() {
  int runtime = 0, driver = 0;
  if (cudaRuntimeGetVersion(&runtime) != cudaSuccess || cudaDriverGetVersion(&driver) != cudaSuccess)
    (void)cudaGetLastError();
  return {version_text(runtime), driver == 0 ? "none" : version_text(driver)};
}

std::string compiled_architectures() { return ssmscan::detail::text_of(ssmscan::detail::compiled_here{}); }

}  // namespace ssmscan::device
