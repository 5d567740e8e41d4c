#include <ssmscan/ssm/cuda/selective_launch.cuh>

namespace ssmscan::device::detail {
template void launch_selective<float, ssm::float16>(ssm::selective_problem<float, ssm::float16> const&,
                                                    selective_call const&, device::stream, float*);
}  // namespace ssmscan::device::detail
