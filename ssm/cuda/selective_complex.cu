#include <ssmscan/ssm/cuda/selective_launch.cuh>

namespace ssmscan::device::detail {
template void launch_selective<std::complex<float>, float>(ssm::selective_problem<std::complex<float>, float> const&,
                                                           selective_call const&, device::stream, std::complex<float>*);
template void launch_selective<std::complex<double>, double>(
    ssm::selective_problem<std::complex<double>, double> const&, selective_call const&, device::stream,
    std::complex<double>*);
}  // namespace ssmscan::device::detail
