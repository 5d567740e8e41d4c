#pragma once
// Which algorithm `automatic` stands for. It may look at the whole shape and the number of threads; it says why.
#include <string>
#include <utility>

#include <ssmscan/scan/algorithms/chunked.hpp>
#include <ssmscan/scan/concepts.hpp>
#include <ssmscan/scan/linear_recurrence.hpp>

namespace ssmscan::detail {

// An element costs chunked about this many times what it costs sequential: twice the combines, and the scratch between
// its phases (bench_throughput, 1 x 2^22 float, one thread: 14 ns against 3.9 ns).
inline constexpr int price_of_splitting = 4;

inline std::pair<std::string, std::string> automatic(extent size, int threads, operation represents) {
  std::string const shape = std::to_string(size.lanes) + " lanes of " + std::to_string(size.time) + ", " +
                            std::to_string(threads) + (threads == 1 ? " thread: " : " threads: ");
  if (represents == operation::semi_log && size.time > chunked::length)
    return {"chunked", shape + "semi_log is for long sequences with a near 1, and only a tree keeps its promise there"};
  if (threads == 1) return {"sequential", shape + "one thread has nothing to share out"};
  if (size.lanes >= threads)
    return {"sequential", shape + "lanes enough for every thread, and no combine is done twice"};
  // Splitting time needs enough threads to pay for it, and chunks to hand out.
  if (threads > price_of_splitting * size.lanes && size.time >= 2 * threads * chunked::length)
    return {"chunked", shape + "fewer lanes than threads, and time enough to split"};
  return {"sequential", shape + "splitting time would cost more combines than the threads can save"};
}

}  // namespace ssmscan::detail
