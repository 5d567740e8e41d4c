#include <ssmscan/ssm/cuda/selective_call.hpp>

namespace ssmscan::device {

template <class V, class IO>
choice plan(ssm::selective_problem<V, IO> const& problem, selective_execution const& how) {
  return detail::checked_call(problem, how).made;
}

template <class V, class IO>
std::size_t workspace_bytes(ssm::selective_problem<V, IO> const& problem, selective_execution const& how) {
  return detail::bytes_of(detail::checked_call(problem, how), sizeof(V));
}

template <class V, class IO>
choice selective_scan(ssm::selective_problem<V, IO> const& problem, selective_execution const& how) {
  detail::selective_call call = detail::checked_call(problem, how);
  std::size_t const needed = detail::bytes_of(call, sizeof(V));
  if (how.workspace.data() == nullptr && !how.workspace.empty())
    throw_invalid("workspace", "a null pointer to " + std::to_string(how.workspace.size()) + " bytes", "device memory");
  if (how.workspace.size() < needed)
    throw_invalid("workspace", std::to_string(how.workspace.size()) + " bytes",
                  "at least " + std::to_string(needed) + ", as workspace_bytes says");
  arena const aligned_memory(how.workspace);
  detail::launch_selective(problem, call, how.stream, reinterpret_cast<V*>(how.workspace.data()));
  return std::move(call.made);
}

#define SSMSCAN_INSTANTIATE(V, IO)                                                                          \
  template SSMSCAN_SSM_CUDA_EXPORT choice selective_scan<V, IO>(ssm::selective_problem<V, IO> const&,       \
                                                                selective_execution const&);                \
  template SSMSCAN_SSM_CUDA_EXPORT std::size_t workspace_bytes<V, IO>(ssm::selective_problem<V, IO> const&, \
                                                                      selective_execution const&);          \
  template SSMSCAN_SSM_CUDA_EXPORT choice plan<V, IO>(ssm::selective_problem<V, IO> const&, selective_execution const&);
SSMSCAN_INSTANTIATE(float, float)
SSMSCAN_INSTANTIATE(float, ssm::bfloat16)
SSMSCAN_INSTANTIATE(float, ssm::float16)
SSMSCAN_INSTANTIATE(double, double)
SSMSCAN_INSTANTIATE(std::complex<float>, float)
SSMSCAN_INSTANTIATE(std::complex<double>, double)
#undef SSMSCAN_INSTANTIATE

}  // namespace ssmscan::device
