#pragma once
// A lane as units of a few chunks that workers draw in order, of numbers of 4 bytes and by semi_log.
#include <algorithm>

#include <ssmscan/scan/backends/simd/lane_chunks.hpp>

namespace ssmscan::simd {

// A lane of `count` chunks as units, in groups: one is walked as it comes, workers - 1 are summed first. A sum takes
// half of a walk's time at most; so a third more chunks for the one that is walked, and all take about as long. What
// was summed stays in the second-level cache until it is walked, and as much that is on its way: of 4-byte numbers (semi_log of
// double was not measured) 384 KiB by six chunks, twice that where there is room, as to begin and to end a unit takes time.
struct look_back_units {
  static constexpr index_t most_by_any = 12;  // chunks
  static index_t most_summed() { return second_level_bytes() < (1 << 20) ? most_by_any / 2 : most_by_any; }
  index_t count, workers;
  index_t summed = std::clamp<index_t>(count / (8 * workers), 1, most_summed()), walked = summed + summed / 3;
  index_t group = walked + (workers - 1) * summed;

  index_t in_a_lane() const {
    index_t const left = count % group;
    return count / group * workers + (left > 0) + (left > walked ? detail::ceil_div(left - walked, summed) : 0);
  }
  bool is_walked(index_t unit) const { return unit % workers == 0; }
  index_t begin(index_t unit) const {
    index_t const place = unit % workers;
    return unit / workers * group + (place == 0 ? 0 : walked + (place - 1) * summed);
  }
  index_t end(index_t unit) const { return std::min(begin(unit) + (is_walked(unit) ? walked : summed), count); }
  // Chunks with a summary: a lane's last enters nothing.
  index_t summaries() const {
    index_t made = 0;
    for (index_t unit = 0; unit < in_a_lane(); ++unit)
      if (!is_walked(unit)) made += std::min(end(unit), count - 1) - begin(unit);
    return made;
  }
};

}  // namespace ssmscan::simd
