#include <ssmscan/ssm/cuda/device_array.cuh>
#include <ssmscan/ssm/cuda/diagonal_layer.hpp>
#include <ssmscan/ssm/cuda/layer_from_host.hpp>

namespace ssmscan::device {

template <class T>
void diagonal_layer_from_host(ssm::diagonal_system const& system, index_t batch, std::span<T const> u, std::span<T> y,
                              ssm::mode mode) {
  index_t const samples = static_cast<index_t>(u.size());
  if (batch < 1 || samples % batch != 0)
    throw_invalid("u", std::to_string(samples) + " values", "batch = " + std::to_string(batch) + " rows of one length");
  if (y.size() != u.size())
    throw_invalid("y", std::to_string(y.size()) + " values", std::to_string(samples) + ", as u");
  if (mode == ssm::mode::recurrence) throw_invalid("mode", "recurrence", "scan or convolution");
  tensor_shape const shape{batch, 1, samples / batch};
  diagonal_layer<T> const layer({&system, 1});
  auto const there = detail::uploaded(std::vector<T>(u.begin(), u.end()));
  auto const workspace = [](std::size_t bytes) { return detail::allocate<std::byte>(static_cast<index_t>(bytes)); };
  tensor_view<T const> const in(there.get(), shape);
  tensor_view<T> const out(there.get(), shape);  // in place
  if (mode == ssm::mode::scan) {
    std::size_t const bytes = layer.workspace_bytes(batch, shape.time);
    auto const memory = workspace(bytes);
    layer.scan({.u = in, .y = out}, {.workspace = {memory.get(), bytes}});
  } else {
    causal_convolution<T> const plan({batch, 1, shape.time, shape.time});
    auto const taps = detail::allocate<T>(shape.time);
    auto const skip = detail::uploaded(std::vector<T>{static_cast<T>(system.d)});
    auto const memory = workspace(plan.workspace_bytes());
    layer.kernel({taps.get(), 1, shape.time});
    plan.run({.kernel = {taps.get(), 1, shape.time}, .u = in, .y = out, .skip = {skip.get(), 1}},
             {.workspace = {memory.get(), plan.workspace_bytes()}});
    need_success(cudaDeviceSynchronize(), "running a layer");  // before what it uses goes
  }
  need_success(cudaMemcpy(y.data(), there.get(), u.size() * sizeof(T), cudaMemcpyDeviceToHost),
               "copying from the device");
}

template SSMSCAN_SSM_CUDA_EXPORT void diagonal_layer_from_host(ssm::diagonal_system const&, index_t,
                                                               std::span<float const>, std::span<float>, ssm::mode);
template SSMSCAN_SSM_CUDA_EXPORT void diagonal_layer_from_host(ssm::diagonal_system const&, index_t,
                                                               std::span<double const>, std::span<double>, ssm::mode);

}  // namespace ssmscan::device
