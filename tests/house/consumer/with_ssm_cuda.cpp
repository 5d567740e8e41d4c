// A consumer of the device's models, cuFFT among them: a plan, or why there is no GPU.
#include <cstdio>
#include <stdexcept>

#include <ssmscan/scan/backends/cuda/gpus.hpp>
#include <ssmscan/ssm/cuda/convolution.hpp>

int main() {
  bool const gpu = ssmscan::device::why_no_gpu().empty();
  try {
    ssmscan::device::causal_convolution<float> const plan({.batch = 1, .channels = 1, .taps = 8, .length = 8});
    return gpu && plan.workspace_bytes() > 0 ? 0 : 1;
  } catch (std::exception const& error) {
    std::printf("%s\n", error.what());
    return gpu ? 2 : 0;
  }
}
