#if SSMSCAN_BENCH_THRUST
#include <thrust/scan.h>
#include <thrust/system/omp/execution_policy.h>
#include <thrust/version.h>
#endif

#include "bench/throughput/contenders.hpp"

namespace ssmscan::bench {

template <class T>
std::vector<contender<T>> thrust_contenders() {
#if SSMSCAN_BENCH_THRUST
  std::string const label =
      "thrust::inclusive_scan(omp) over pairs, Thrust " + std::to_string(THRUST_MAJOR_VERSION) + "." +
      std::to_string(THRUST_MINOR_VERSION) +
      (SSMSCAN_BENCH_THRUST_SCAN_IS_SERIAL ? ": one thread, its OpenMP scan is not parallel" : "");
  return {over_pairs<T>("thrust_omp", "openmp", label, [](auto const& in, auto& out) {
    thrust::inclusive_scan(thrust::omp::par, in.data(), in.data() + in.size(), out.data(), plain_combine<T>{});
  })};
#else
  return {};
#endif
}

SSMSCAN_BENCH_INSTANTIATE(thrust_contenders)

}  // namespace ssmscan::bench
