#pragma once
// Blelloch's work-efficient scan (Blelloch 1990; as an inclusive circuit: Brent & Kung 1982), for any length, in place
// in scratch. Up-sweep: combine neighbours at distance 1, 2, 4, ... . Down-sweep: carry each finished prefix to the
// middle of the next gap. A node whose place would lie past the end simply is not there, so no padding is needed.
#include <algorithm>

#include <ssmscan/scan/concepts.hpp>
#include <ssmscan/scan/detail/integers.hpp>

namespace ssmscan {

struct blelloch {
  // Up-sweep at distance d fills positions 2d-1, 4d-1, 6d-1, ...; down-sweep 3d-1, 5d-1, 7d-1, ...
  static constexpr index_t up_nodes(index_t time, index_t d) { return time / (2 * d); }
  static constexpr index_t down_nodes(index_t time, index_t d) { return std::max<index_t>(time / d - 1, 0) / 2; }

  static constexpr index_t work(index_t time) {
    index_t combines = 0;
    for (index_t d = 1; d < time; d *= 2) combines += up_nodes(time, d) + down_nodes(time, d);
    return combines;
  }

  // The prefix of length m is a left fold of one balanced tree per one-bit of m, largest first.
  static constexpr index_t depth(index_t m) { return detail::floor_log2(m) + detail::count_ones(m) - 1; }

  static constexpr algorithm_info info{
      .name = "blelloch",
      .variant = "",
      .tree = "brent_kung/1",
      .result = result_class::reassociates,
      .work = work,
      .span =
          [](index_t time) {  // the deepest m <= time: time itself, or one of its one-bits traded for all lower bits
            index_t deepest = time > 0 ? depth(time) : 0;
            for (index_t bit = 1; bit <= time; bit *= 2)
              if ((time & bit) != 0 && time / bit * bit > 1) deepest = std::max(deepest, depth(time / bit * bit - 1));
            return deepest;
          },
      // Leaves in and results out (3), into scratch and out of it (4), each node two pairs in and one out.
      .bytes = [](index_t time, double element) { return detail::per_step(7 * time + 6 * work(time), time) * element; },
      .roundings = [](index_t time) { return detail::floor_log2(time); },
      .source = "Blelloch 1990; Brent & Kung 1982"};

  // store(lane, t, load(lane,0) o ... o load(lane,t)).  Less than 2n combines in 2 log2(n) parallel steps, n values of
  // scratch per lane.
  template <backend B, monoid M, class Load, class Store>
  static void inclusive(B& on, M const& combine, extent e, Load load, Store store) {
    auto const scratch = on.template scratch<typename M::value_type>(e.lanes * e.time);
    auto* const values = scratch.data();
    on.parallel_for(e, [=] SSMSCAN_HOST_DEVICE(index_t lane, index_t t) { values[lane * e.time + t] = load(lane, t); });

    index_t d = 1;
    for (; d < e.time; d *= 2)  // up-sweep
      on.parallel_for({e.lanes, up_nodes(e.time, d)}, [=] SSMSCAN_HOST_DEVICE(index_t lane, index_t node) {
        auto* const later = values + lane * e.time + (2 * node + 2) * d - 1;
        *later = combine(*(later - d), *later);
      });
    for (d /= 2; d >= 1; d /= 2)  // down-sweep
      on.parallel_for({e.lanes, down_nodes(e.time, d)}, [=] SSMSCAN_HOST_DEVICE(index_t lane, index_t node) {
        auto* const later = values + lane * e.time + (2 * node + 3) * d - 1;
        *later = combine(*(later - d), *later);
      });

    on.parallel_for(e, [=] SSMSCAN_HOST_DEVICE(index_t lane, index_t t) { store(lane, t, values[lane * e.time + t]); });
  }
};

}  // namespace ssmscan
