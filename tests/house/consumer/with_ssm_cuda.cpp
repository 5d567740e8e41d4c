// A consumer of the device's models, cuFFT and cuBLAS among them: a plan and a language model, or why there is no GPU.
#include <cstdio>
#include <stdexcept>
#include <vector>

#include <ssmscan/scan/backends/cuda/gpus.hpp>
#include <ssmscan/ssm/cuda/convolution.hpp>
#include <ssmscan/ssm/cuda/mamba_model.hpp>

int main() {
  bool const gpu = ssmscan::device::why_no_gpu().empty();
  try {
    ssmscan::device::causal_convolution<float> const plan({.batch = 1, .channels = 1, .taps = 8, .length = 8});
    ssmscan::device::mamba_model const model(ssmscan::ssm::mamba_model::with(
        {.vocabulary = 2, .hidden = 8, .layers = 1, .inner = 16, .states = 1, .width = 2, .rank = 1},
        [](auto const&, auto const& shape) {
          std::size_t size = 1;
          for (auto const n : shape) size *= static_cast<std::size_t>(n);
          return std::vector<float>(size, 1.0f);
        }));
    return gpu && plan.workspace_bytes() > 0 && model.workspace_bytes(1, 1) > 0 ? 0 : 1;
  } catch (std::exception const& error) {
    std::printf("%s\n", error.what());
    return gpu ? 2 : 0;
  }
}
