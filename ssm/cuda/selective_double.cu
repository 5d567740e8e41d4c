#include <ssmscan/ssm/cuda/selective_launch.cuh>

namespace ssmscan::device::detail {
template void launch_selective<double, double>(ssm::selective_problem<double, double> const&, selective_call const&,
                                               device::stream, double*);
}  // namespace ssmscan::device::detail
