#pragma once
// Making device_arrays: these allocate, and wait.
#include <vector>

#include <cuda_runtime_api.h>

#include <ssmscan/scan/backends/cuda/error.cuh>
#include <ssmscan/scan/concepts.hpp>
#include <ssmscan/ssm/cuda/device_array.hpp>

namespace ssmscan::device::detail {

template <class T>
device_array<T> allocate(index_t n) {
  void* made = nullptr;
  need_success(cudaMalloc(&made, static_cast<std::size_t>(n > 0 ? n : 1) * sizeof(T)), "allocating parameters");
  return device_array<T>(static_cast<T*>(made));
}
// Copies from pageable memory, and clearing, return before the device has done them; kernels on a stream that does not wait for the
// default one would not see them.
inline void wait_for_copies() { need_success(cudaStreamSynchronize(nullptr), "copying parameters"); }

template <class T>
device_array<T> uploaded(std::vector<T> const& values) {
  auto made = allocate<T>(static_cast<index_t>(values.size()));
  need_success(cudaMemcpy(made.get(), values.data(), values.size() * sizeof(T), cudaMemcpyHostToDevice),
               "copying parameters");
  wait_for_copies();
  return made;
}

}  // namespace ssmscan::device::detail
