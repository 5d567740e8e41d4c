#include <algorithm>

#include <cuda_runtime.h>

#include <ssmscan/scan/backends/cuda/device_memory.hpp>
#include <ssmscan/scan/backends/cuda/error.cuh>

namespace ssmscan::detail {

device_memory::device_memory(std::size_t bytes) : bytes_(bytes) {
  void* made = nullptr;
  need_success(cudaMalloc(&made, std::max<std::size_t>(bytes, 1)), "allocating device memory");
  data_ = static_cast<std::byte*>(made);
}

device_memory::~device_memory() { (void)cudaFree(data_); }

void device_memory::put(void const* from) {
  need_success(cudaMemcpy(data_, from, bytes_, cudaMemcpyHostToDevice), "copying to the device");
}

void device_memory::fill(int byte) { need_success(cudaMemset(data_, byte, bytes_), "filling device memory"); }

void device_memory::take(void* to) const {
  need_success(cudaMemcpy(to, data_, bytes_, cudaMemcpyDeviceToHost), "copying a result from the device");
}

}  // namespace ssmscan::detail
