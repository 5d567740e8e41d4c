#pragma once
// The sequential scan, doubling and the two sweeps, and what can go wrong in each. `none` is right, and must pass.
#include <utility>

#include <ssmscan/scan/algorithms/blelloch.hpp>
#include <ssmscan/scan/algorithms/hillis_steele.hpp>
#include <ssmscan/scan/algorithms/sequential.hpp>

namespace ssmscan::mutants {

enum class sequential_flaw { none, swapped, skips_the_first, stops_one_short, carries_into_the_next_lane };

template <sequential_flaw Flaw>
struct flawed_sequential {
  static constexpr algorithm_info info = sequential::info;
  template <backend B, monoid M, class Load, class Store>
  static void inclusive(B& on, M const& combine, extent e, Load load, Store store) {
    using enum sequential_flaw;
    on.blocks(1, [=](index_t) {
      auto prefix = combine.identity();
      for (index_t lane = 0; lane < e.lanes; ++lane) {
        bool const start = lane == 0 || Flaw != carries_into_the_next_lane;
        auto const first = load(lane, 0);
        prefix = Flaw == skips_the_first ? combine.identity() : start ? first : combine(prefix, first);
        store(lane, 0, prefix);
        for (index_t t = 1; t < (Flaw == stops_one_short ? e.time - 1 : e.time); ++t) {
          prefix = Flaw == swapped ? combine(load(lane, t), prefix) : combine(prefix, load(lane, t));
          store(lane, t, prefix);
        }
      }
    });
  }
};

enum class doubling_flaw { none, swapped, stops_one_step_early, wrong_distance, starts_one_late, reads_what_it_writes };

template <doubling_flaw Flaw>
struct flawed_doubling {
  static constexpr algorithm_info info = hillis_steele::info;
  template <backend B, monoid M, class Load, class Store>
  static void inclusive(B& on, M const& combine, extent e, Load load, Store store) {
    using enum doubling_flaw;
    auto const first = on.template scratch<typename M::value_type>(e.lanes * e.time);
    auto const second = on.template scratch<typename M::value_type>(e.lanes * e.time);
    auto* now = first.data();
    auto* next = Flaw == reads_what_it_writes ? now : second.data();
    on.parallel_for(e, [=](index_t lane, index_t t) { now[lane * e.time + t] = load(lane, t); });
    index_t const last = Flaw == stops_one_step_early ? e.time / 2 : e.time;
    for (index_t distance = 1; distance < last; distance *= 2) {
      index_t const begin = Flaw == starts_one_late ? distance + 1 : distance;
      index_t const back = Flaw == wrong_distance && distance > 2 ? distance - 1 : distance;
      on.parallel_for(e, [=](index_t lane, index_t t) {
        auto const* values = now + lane * e.time;
        auto& to = next[lane * e.time + t];
        if (t < begin) {
          to = values[t];
        } else {
          to = Flaw == swapped ? combine(values[t], values[t - back]) : combine(values[t - back], values[t]);
        }
      });
      std::swap(now, next);
    }
    on.parallel_for(e, [=](index_t lane, index_t t) { store(lane, t, now[lane * e.time + t]); });
  }
};

enum class sweep_flaw { none, swapped_going_up, swapped_going_down, powers_of_two_only, last_level_left_out };

template <sweep_flaw Flaw>
struct flawed_sweeps {
  static constexpr algorithm_info info = blelloch::info;
  template <backend B, monoid M, class Load, class Store>
  static void inclusive(B& on, M const& combine, extent e, Load load, Store store) {
    using enum sweep_flaw;
    auto const scratch = on.template scratch<typename M::value_type>(e.lanes * e.time);
    auto* const values = scratch.data();
    on.parallel_for(e, [=](index_t lane, index_t t) { values[lane * e.time + t] = load(lane, t); });
    auto const join = [combine](bool swap, auto* later, index_t d) {
      *later = swap ? combine(*later, *(later - d)) : combine(*(later - d), *later);
    };
    index_t d = 1;
    for (; d < e.time; d *= 2)
      on.parallel_for({e.lanes, blelloch::up_nodes(e.time, d)}, [=](index_t lane, index_t node) {
        join(Flaw == swapped_going_up, values + lane * e.time + (2 * node + 2) * d - 1, d);
      });
    index_t const whole = index_t{1} << detail::floor_log2(e.time);
    for (d /= 2; d >= (Flaw == last_level_left_out ? 2 : 1); d /= 2)
      on.parallel_for({e.lanes, blelloch::down_nodes(Flaw == powers_of_two_only ? whole : e.time, d)},
                      [=](index_t lane, index_t node) {
                        join(Flaw == swapped_going_down, values + lane * e.time + (2 * node + 3) * d - 1, d);
                      });
    on.parallel_for(e, [=](index_t lane, index_t t) { store(lane, t, values[lane * e.time + t]); });
  }
};

}  // namespace ssmscan::mutants
