#pragma once
// What CUDA was asked of a device, and of a kernel there, once for each of them and not at each call: of the time before a call's
// kernel starts, asking took a fifth (docs/experiments/selective_cuda.md, "What a call costs the host"). Any number of threads may ask
// at the same time.
#include <algorithm>
#include <array>
#include <atomic>
#include <mutex>
#include <system_error>

#include <cuda_runtime.h>

#include <ssmscan/scan/backends/cuda/error.cuh>
#include <ssmscan/scan/backends/cuda/launch.cuh>
#include <ssmscan/scan/concepts.hpp>

namespace ssmscan::device {

// Of which something is remembered; of any others CUDA is asked each time.
inline constexpr int most_devices = 64;
// One value for each device; 0: nothing is known of it.
using of_each_device = std::array<std::atomic<int>, most_devices>;

// The device that is current when this is made: a call asks once which it is.
struct this_device {
  int index = [] {
    int which = 0;
    need_success(cudaGetDevice(&which), "asking for the current device");
    return which;
  }();

  // What of a device does not change.
  template <cudaDeviceAttr which>
  int attribute() const {
    static of_each_device known{};
    int value = index < most_devices ? known[index].load(std::memory_order_relaxed) : 0;
    if (value != 0) return value;
    need_success(cudaDeviceGetAttribute(&value, which, index), "asking for what a device has");
    if (index < most_devices) known[index].store(value, std::memory_order_relaxed);
    return value;
  }
  index_t multiprocessors() const { return attribute<cudaDevAttrMultiProcessorCount>(); }
  index_t most_shared_bytes_of_block() const { return attribute<cudaDevAttrMaxSharedMemoryPerBlockOptin>(); }
};
inline index_t multiprocessors() { return this_device().multiprocessors(); }

namespace remembered {

inline constexpr int cluster_of_all = 8;  // blocks of a cluster that any kernel may have

// Allows blocks of the kernel so many bytes of dynamic shared memory on the device; at least, where it is remembered: one
// thread does not take back what another was allowed. Says whether it had been remembered.
template <auto* kernel>
bool allow_shared_bytes(this_device const& device, std::size_t of_block, bool whatever_is_remembered) {
  static of_each_device allowed{};
  static std::mutex one_at_a_time;
  auto const bytes = static_cast<int>(of_block);
  bool const has_place = device.index < most_devices;
  if (has_place && !whatever_is_remembered && allowed[device.index].load(std::memory_order_acquire) >= bytes)
    return true;
  std::lock_guard const lock(one_at_a_time);
  int const most = has_place ? std::max(bytes, allowed[device.index].load(std::memory_order_relaxed)) : bytes;
  need_success(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, most),
               "asking for shared memory");
  if (has_place) allowed[device.index].store(most, std::memory_order_release);
  return false;
}

}  // namespace remembered

// launch(...) on the device, the current one, of a kernel whose blocks may have more shared memory than any kernel may.
template <auto* kernel, class... Arguments>
void launch_with_shared(this_device const& device, cudaStream_t stream, launch_shape const& shape,
                        Arguments const&... arguments) {
  bool const is_remembered = remembered::allow_shared_bytes<kernel>(device, shape.shared_bytes, false);
  try {
    launch(stream, shape, kernel, arguments...);
  } catch (std::system_error const& error) {
    // What is remembered is of a context that was reset, or of another one of this device. (A capture ends with the refusal: there a
    // call has to come before.)
    int const refused = error.code().value();
    if (!is_remembered || (refused != cudaErrorInvalidValue && refused != cudaErrorInvalidClusterSize)) throw;
    remembered::allow_shared_bytes<kernel>(device, shape.shared_bytes, true);
    if (shape.cluster > remembered::cluster_of_all)
      need_success(cudaFuncSetAttribute(kernel, cudaFuncAttributeNonPortableClusterSizeAllowed, 1),
                   "asking for a large cluster");
    launch(stream, shape, kernel, arguments...);
  }
}

}  // namespace ssmscan::device
