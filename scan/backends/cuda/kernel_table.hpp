#pragma once
// What the door of device::linear_recurrence hands to the kernels, and the tables in which it finds them. Plain C++, so
// that the door needs no nvcc.
#include <ssmscan/scan/backends/cuda/half_storage.hpp>
#include <ssmscan/scan/backends/cuda/linear_recurrence.hpp>
#include <ssmscan/scan/detail/kernel_table.hpp>

namespace ssmscan::detail {

// How sequences are packed, as given, in device memory.
struct device_packing {
  std::span<index_t const> offsets{};
  std::span<std::uint8_t const> reset{};
  ssmscan::direction direction = direction::forward;
  index_t sequences = 1;  // by reset: as many as states are given for, 0 where none are
};

// The problem's own heads and offsets are made from the packing, on the device.
template <class T>
struct device_call {
  recurrence_problem<T> problem;
  device_packing packing;
};

template <class T>
struct device_form {
  std::size_t (*workspace_bytes)(device_call<T> const&);
  void (*run)(device_call<T> const&, device::stream, std::span<std::byte> workspace);
};

template <class T>
using device_kernel = device_form<T> const*;
struct device_table : basic_kernel_table<device_kernel> {
  std::tuple<kernels_of<device_kernel<bfloat16>>, kernels_of<device_kernel<float16>>> stored;  // affine only
};

// Defined in kernels.cuh, instantiated in the generated translation units.
template <class A>
device_table const& device_kernels_for();

}  // namespace ssmscan::detail
