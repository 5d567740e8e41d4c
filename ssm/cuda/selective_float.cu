#include <ssmscan/ssm/cuda/selective_launch.cuh>

namespace ssmscan::device::detail {
template void launch_selective<float, float>(ssm::selective_problem<float, float> const&, selective_call const&,
                                             device::stream, float*);
}  // namespace ssmscan::device::detail
