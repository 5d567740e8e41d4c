#pragma once
// Which GPUs there are, and whether the kernels of this component can run on the current one. Asked without launching
// anything; the first question makes CUDA's context, which takes a fraction of a second.
#include <cstddef>
#include <string>
#include <vector>

#include <ssmscan/scan/backends/cuda/export.hpp>

namespace ssmscan::device {

// Empty where device::linear_recurrence can run on the current device; else why not, in the words of CUDA, and what to
// do: no GPU, no driver or an old one, code for another architecture, a context that cannot be made.
SSMSCAN_CUDA_EXPORT std::string why_no_gpu();

struct gpu {
  std::string name;
  int major, minor;  // compute capability
  int multiprocessors;
  int clock_khz, memory_clock_khz;  // the highest, as the driver states them; 0 where it does not
  std::size_t memory_bytes, l2_bytes;
};
// All of them, in CUDA's order; none where there is no driver.
SSMSCAN_CUDA_EXPORT std::vector<gpu> gpus();

// As CUDA writes them, "13.0"; of the driver: the newest CUDA that it can run, "none" where there is none.
struct versions {
  std::string runtime, driver;
};
SSMSCAN_CUDA_EXPORT versions cuda_versions();

// The compute capabilities that the kernels were compiled for, "9.0".
SSMSCAN_CUDA_EXPORT std::string compiled_architectures();

}  // namespace ssmscan::device
