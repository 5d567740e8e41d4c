#include <numeric>

#if SSMSCAN_BENCH_TBB
#include <execution>
#endif

#include "bench/throughput/contenders.hpp"

namespace ssmscan::bench {

template <class T>
std::vector<contender<T>> std_contenders() {
  std::vector<contender<T>> made;
  made.push_back(over_pairs<T>("std", "serial", "std::inclusive_scan over pairs", [](auto const& in, auto& out) {
    std::inclusive_scan(in.begin(), in.end(), out.begin(), plain_combine<T>{});
  }));
#if SSMSCAN_BENCH_TBB
  made.push_back(over_pairs<T>(
      "std_par", "openmp", "std::inclusive_scan(par) over pairs, threads of TBB", [](auto const& in, auto& out) {
        std::inclusive_scan(std::execution::par, in.begin(), in.end(), out.begin(), plain_combine<T>{});
      }));
#endif
  return made;
}

SSMSCAN_BENCH_INSTANTIATE(std_contenders)

}  // namespace ssmscan::bench
