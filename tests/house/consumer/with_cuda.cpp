// A consumer of the device's scans, which needs no CUDA compiler: the README's recurrence, or why there is no GPU.
#include <cstdio>
#include <stdexcept>
#include <vector>

#include <ssmscan/scan/backends/cuda/from_host.hpp>
#include <ssmscan/scan/backends/cuda/gpus.hpp>

int main() {
  bool const gpu = ssmscan::device::why_no_gpu().empty();
  std::vector<float> a(8, 0.5f), b(8, 1.0f), x(8);
  try {
    ssmscan::device::linear_recurrence_from_host<float>({.a = {a.data(), 8}, .b = {b.data(), 8}, .x = {x.data(), 8}});
    return gpu && x[7] == 1.9921875f ? 0 : 1;
  } catch (std::exception const& error) {
    std::printf("%s\n", error.what());
    return gpu ? 2 : 0;
  }
}
