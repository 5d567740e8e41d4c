#pragma once
// Device memory that an object keeps: what a layer or a set of kernels is made of.
#include <memory>

namespace ssmscan::device::detail {

struct free_device_memory {
  void operator()(void* memory) const;
};
template <class T>
using device_array = std::unique_ptr<T, free_device_memory>;

}  // namespace ssmscan::device::detail
