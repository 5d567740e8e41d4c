#if SSMSCAN_BENCH_TBB
#include <tbb/blocked_range.h>
#include <tbb/parallel_scan.h>
#endif

#include "bench/throughput/contenders.hpp"

namespace ssmscan::bench {

template <class T>
std::vector<contender<T>> tbb_contenders() {
#if SSMSCAN_BENCH_TBB
  auto const prepare = [](problem<T>& on, int) {
    auto const pass = [a = on.a.data(), b = on.b.data(), x = on.x.data(), n = on.x.size()] {
      using pair = affine_map<T>;
      tbb::parallel_scan(
          tbb::blocked_range<std::size_t>(0, n), pair{T(1), T(0)},
          [=](tbb::blocked_range<std::size_t> const& range, pair prefix, bool is_final) {
            for (std::size_t i = range.begin(); i < range.end(); ++i) {
              prefix = plain_combine<T>{}(prefix, {i == 0 ? T(0) : a[i], b[i]});
              if (is_final) x[i] = prefix.b;
            }
            return prefix;
          },
          [](pair const& earlier, pair const& later) { return plain_combine<T>{}(earlier, later); });
    };
    return prepared{.pass = pass,
                    .promised = tree_of_unknown_shape(on.shape.time),
                    .label = "tbb::parallel_scan over arrays a, b, x"};
  };
  return {{"tbb", "", "openmp", one_plain_sequence, prepare}};
#else
  return {};
#endif
}

SSMSCAN_BENCH_INSTANTIATE(tbb_contenders)

}  // namespace ssmscan::bench
