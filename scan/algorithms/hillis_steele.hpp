#pragma once
// Doubling (Hillis & Steele 1986; Kogge & Stone 1973): after step k each element holds the product of the 2^k elements
// that end at it, so one more step combines it with the element 2^k before. Shallow, but not work-efficient.
#include <utility>

#include <ssmscan/scan/concepts.hpp>
#include <ssmscan/scan/detail/integers.hpp>

namespace ssmscan {

struct hillis_steele {
  static constexpr algorithm_info info{
      .name = "hillis_steele",
      .variant = "",
      .tree = "kogge_stone/1",
      .result = result_class::reassociates,
      .work =
          [](index_t time) {
            index_t combines = 0;
            for (index_t distance = 1; distance < time; distance *= 2) combines += time - distance;
            return combines;
          },
      .span = [](index_t time) { return detail::ceil_log2(time); },
      // Leaves in and results out (3), into scratch and out of it (4); in each step two pairs in and one out, and where
      // nothing is that far before, one in and one out: 1 + 2 + 4 + ... elements in all.
      .bytes =
          [](index_t time, double element) {
            index_t const steps = detail::ceil_log2(time), copied = (index_t{1} << steps) - 1;
            return detail::per_step((7 + 6 * steps) * time - 2 * copied, time) * element;
          },
      .roundings = [](index_t time) { return detail::ceil_log2(time); },
      .source = "Hillis & Steele 1986"};

  // store(lane, t, load(lane,0) o ... o load(lane,t)).  About n log2(n) combines in ceil(log2 n) parallel steps, 2n
  // values of scratch per lane.
  template <backend B, monoid M, class Load, class Store>
  static void inclusive(B& on, M const& combine, extent e, Load load, Store store) {
    auto const first = on.template scratch<typename M::value_type>(e.lanes * e.time);
    auto const second = on.template scratch<typename M::value_type>(e.lanes * e.time);
    auto* now = first.data();
    auto* next = second.data();

    on.parallel_for(e, [=] SSMSCAN_HOST_DEVICE(index_t lane, index_t t) { now[lane * e.time + t] = load(lane, t); });
    for (index_t distance = 1; distance < e.time; distance *= 2) {
      on.parallel_for(e, [=] SSMSCAN_HOST_DEVICE(index_t lane, index_t t) {
        auto const* values = now + lane * e.time;
        next[lane * e.time + t] = t < distance ? values[t] : combine(values[t - distance], values[t]);
      });
      std::swap(now, next);
    }
    on.parallel_for(e, [=] SSMSCAN_HOST_DEVICE(index_t lane, index_t t) { store(lane, t, now[lane * e.time + t]); });
  }
};

}  // namespace ssmscan
