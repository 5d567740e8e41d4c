#pragma once
// The contract of an algorithm (concepts.hpp), watched from inside: the monoid here is that of stretches of time, in
// which only neighbours can be combined, the earlier one on the left. A scan over it shows, without any arithmetic, that
//   every element is loaded once and stored once, the store after the load, and nothing outside the extent is either;
//   no combine swaps its operands, leaves a gap, overlaps or mixes lanes (an identity may take part);
//   every prefix is whole; combines, longest chain and right-operand steps are what `info` says.
#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/laws/verdict.hpp"

#include <ssmscan/scan/scan.hpp>

namespace ssmscan::laws {

// Elements [begin, end) of a lane; empty: the identity.
struct stretch {
  index_t lane, begin, end;
  index_t depth;  // combines on the longest way to a leaf
  index_t right;  // most steps in which one leaf was in the right operand
  friend bool operator==(stretch const&, stretch const&) = default;
};

enum class fault : int { none, no_such_element, not_neighbours };

struct stretches {
  using value_type = stretch;
  std::atomic<index_t>* combines;
  std::atomic<fault>* broken;

  value_type identity() const { return {0, 0, 0, 0, 0}; }
  value_type operator()(value_type const& earlier, value_type const& later) const {
    combines->fetch_add(1, std::memory_order_relaxed);
    if (earlier.begin == earlier.end) return later;
    if (later.begin == later.end) return earlier;
    if (earlier.lane != later.lane || earlier.end != later.begin) *broken = fault::not_neighbours;
    return {earlier.lane, earlier.begin, later.end, std::max(earlier.depth, later.depth) + 1,
            std::max(earlier.right, later.right + 1)};
  }
};

// An algorithm on a backend, for the contract only.
struct contractor {
  std::string name;
  std::string backend;
  algorithm_info info;
  std::function<void(extent, stretches const&, std::function<stretch(index_t, index_t)> const&,
                     std::function<void(index_t, index_t, stretch const&)> const&)>
      run;
};

template <class A, class B>
contractor contractor_of(std::string const& name) {
  return {name + "/" + std::string(B::name), std::string(B::name), A::info,
          [](extent e, stretches const& monoid, auto const& load, auto const& store) {
            B on;
            scan(
                on, A{}, monoid, e, [&load](index_t lane, index_t t) { return load(lane, t); },
                [&store](index_t lane, index_t t, stretch const& v) { store(lane, t, v); });
          }};
}

inline std::string contract_broken(contractor const& c, extent e) {
  index_t const total = e.lanes * e.time;
  std::vector<std::atomic<int>> loads(static_cast<std::size_t>(total)), stores(static_cast<std::size_t>(total));
  std::atomic<index_t> combines{0};
  std::atomic<fault> broken{fault::none};
  std::atomic<bool> early{false}, incomplete{false};
  std::atomic<index_t> depth{0}, right{0};
  auto const at_most = [](std::atomic<index_t>& greatest, index_t v) {
    for (index_t old = greatest; old < v && !greatest.compare_exchange_weak(old, v);) {}
  };
  auto const inside = [&](index_t lane, index_t t) {
    bool const is = lane >= 0 && lane < e.lanes && t >= 0 && t < e.time;
    if (!is) broken = fault::no_such_element;
    return is;
  };
  c.run(
      e, stretches{&combines, &broken},
      [&](index_t lane, index_t t) {
        if (!inside(lane, t)) return stretch{lane, t, t + 1, 0, 0};
        ++loads[static_cast<std::size_t>(lane * e.time + t)];
        return stretch{lane, t, t + 1, 0, 0};
      },
      [&](index_t lane, index_t t, stretch const& v) {
        if (!inside(lane, t)) return;
        auto const i = static_cast<std::size_t>(lane * e.time + t);
        if (loads[i] != 1) early = true;
        ++stores[i];
        if (v.lane != lane || v.begin != 0 || v.end != t + 1) incomplete = true;
        at_most(depth, v.depth), at_most(right, v.right);
      });
  if (broken == fault::no_such_element) return "touched an element outside the extent";
  if (broken == fault::not_neighbours) return "combined what are not neighbours, earlier first";
  for (auto const& n : loads)
    if (n != 1) return "an element was loaded " + std::to_string(n) + " times";
  for (auto const& n : stores)
    if (n != 1) return "an element was stored " + std::to_string(n) + " times";
  if (early) return "an element was stored before it was loaded";
  if (incomplete) return "a stored prefix is not whole";
  if (depth != c.info.span(e.time))
    return "the longest chain is " + std::to_string(depth) + ", info says " + std::to_string(c.info.span(e.time));
  if (e.time > 1 && right > c.info.roundings(e.time))
    return "right-operand steps: " + std::to_string(right) + ", info says " + std::to_string(c.info.roundings(e.time));
  // Out of order a look-back repeats folds, so the number of combines is a promise for blocks in order only.
  if (c.backend == "serial" && combines != e.lanes * c.info.work(e.time))
    return std::to_string(combines) + " combines, info says " + std::to_string(e.lanes * c.info.work(e.time));
  return "";
}

inline verdict contract_law(contractor const& c, std::vector<index_t> const& lanes,
                            std::vector<index_t> const& lengths) {
  verdict found;
  for (index_t const n : lengths)
    for (index_t const l : lanes) {
      found.add(contract_broken(c, {l, n}),
                [&] { return c.name + ", " + std::to_string(l) + " lanes of " + std::to_string(n); });
      if (!found.holds()) return found;
    }
  return found;
}

}  // namespace ssmscan::laws
