#pragma once
// A problem of host memory, solved on the device: every byte from the first to the last element of every view is copied
// there, with poison between the views and around the workspace, and copied back afterwards. What was written between
// them is an error; what was written between the elements of a view comes back, where the laws look for it.
#include <functional>

#include "tests/cuda/gpu.hpp"

#include <ssmscan/scan/backends/cuda/linear_recurrence.hpp>

namespace ssmscan::gpu {

// How a form is run: on a problem of device memory.
template <class T>
struct device_runner {
  std::function<std::size_t(recurrence<T> const&, device::execution const&)> workspace_bytes;
  std::function<void(recurrence<T> const&, device::execution const&)> run;
};

// Throws std::runtime_error where memory outside the views and the workspace was written.
template <class T>
void solve_on_device(recurrence<T> const& on_host, device::execution how, device_runner<T> const& runner);

}  // namespace ssmscan::gpu
