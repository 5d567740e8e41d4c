// Each algorithm does exactly the work that its info states, in chains exactly as long, and no element passes through
// more right-operand steps, nor fewer at the worst, than info.roundings. Counted, at every length 0..1100 and some
// large ones, on one thread (where look_back, too, does a determined amount of work).
#include <atomic>

#include "contributing_example.hpp"
#include "tests/scan/reference/common.hpp"
#include <gtest/gtest.h>

#include <ssmscan/scan/backends/openmp.hpp>

namespace ssmscan::reference {
namespace {

std::vector<index_t> lengths() {
  std::vector<index_t> all;
  for (index_t n = 0; n <= 1100; ++n) all.push_back(n);
  // Around one, two and three chunks of 4096, a prime, around a power of two.
  for (index_t n :
       {4095, 4096, 4097, 4098, 8191, 8192, 8193, 8194, 12288, 12289, 100003, (1 << 17) - 1, 1 << 17, (1 << 17) + 1})
    all.push_back(n);
  return all;
}

// The length of the longest chain below a value; every combine is counted.
struct counting_monoid {
  using value_type = index_t;
  index_t* combines;
  index_t identity() const { return 0; }
  index_t operator()(index_t earlier, index_t later) const {
    ++*combines;
    return std::max(earlier, later) + 1;
  }
};

template <class A>
void check_counts() {
  for (index_t n : lengths()) {
    index_t combines = 0, longest = 0;
    serial on;
    scan(
        on, A{}, counting_monoid{&combines}, {1, n}, [](index_t, index_t) { return index_t{0}; },
        [&](index_t, index_t, index_t chain) { longest = std::max(longest, chain); });
    ASSERT_EQ(combines, A::info.work(n)) << A::info.name << " work, n = " << n;
    ASSERT_EQ(longest, A::info.span(n)) << A::info.name << " span, n = " << n;
    ASSERT_EQ(measure_tree<A>(n).right, A::info.roundings(n)) << A::info.name << " roundings, n = " << n;
  }
}

TEST(info, work_span_and_roundings_are_exact) {
  index_t checked = 0;
  for_each_tree([&]<class A>(std::type_identity<A>) {
    ++checked;
    check_counts<A>();
  });
  EXPECT_EQ(checked, trees_needed());
}

TEST(info, of_the_example_of_CONTRIBUTING_is_exact) { check_counts<sklansky>(); }

TEST(info, only_what_reformulates_is_left_out) {
  algorithms::for_each([]<class A>(std::type_identity<A>) {
    constexpr bool counted = supports<A, serial, shape_monoid>;
    EXPECT_EQ(counted, A::info.result != result_class::reformulates) << A::info.name;
  });
}

// heinsen counts in its own test, at its inner sums' monoids. heinsen.plain's two sums, counted in its own formula: a
// logarithm is the length of the longest chain below it.
struct counting_logarithms {
  using value_type = index_t;
  static inline index_t combines = 0;
  static index_t of(float) { return 0; }
  static index_t less(index_t v, index_t w) { return std::max(v, w); }
  static index_t sum(index_t earlier, index_t later) {
    ++combines;
    return std::max(earlier, later) + 1;
  }
  static index_t log_sum_exp(index_t earlier, index_t later) { return sum(earlier, later); }
  static float number(index_t chain) { return static_cast<float>(chain); }
  static float product(index_t v, index_t w) { return number(std::max(v, w)); }
};

TEST(info, work_and_span_of_the_plain_formula_are_exact) {
  for (index_t n : lengths()) {
    if (n == 0) continue;
    std::vector<affine_map<float>> const leaves(static_cast<std::size_t>(n), {1, 0});
    index_t longest = 0;
    counting_logarithms::combines = 0;
    heinsen_plain::formula<counting_logarithms>(leaves.data(), n, [&](index_t, affine_map<float> const& prefix) {
      longest = std::max(longest, static_cast<index_t>(prefix.b));
    });
    ASSERT_EQ(counting_logarithms::combines, heinsen_plain::info.work(n)) << n;
    ASSERT_EQ(longest, heinsen_plain::info.span(n)) << n;
  }
}

// Of several workers, whose order is never the same: as many combines as of one, or as shared_work allows.
struct shared_counting_monoid {
  using value_type = index_t;
  std::atomic<index_t>* combines;
  index_t identity() const { return 0; }
  index_t operator()(index_t earlier, index_t later) const {
    combines->fetch_add(1, std::memory_order_relaxed);
    return std::max(earlier, later) + 1;
  }
};

TEST(info, several_workers_do_no_more_work_than_it_allows) {
  for_each_tree([]<class A>(std::type_identity<A>) {
    for (int const workers : {2, 3, 7, 16})
      for (index_t const n : {1, 8, 9, 100, 1100, 4097, 20011}) {
        std::atomic<index_t> combines{0}, longest{0};
        openmp on(workers);
        scan(
            on, A{}, shared_counting_monoid{&combines}, {1, n}, [](index_t, index_t) { return index_t{0}; },
            [&](index_t, index_t, index_t chain) {
              for (index_t old = longest; old < chain && !longest.compare_exchange_weak(old, chain);) {}
            });
        ASSERT_EQ(longest, A::info.span(n)) << A::info.name << ", n = " << n;
        ASSERT_GE(combines, A::info.work(n)) << A::info.name << ", n = " << n;
        ASSERT_LE(combines, A::info.shared_work == nullptr ? A::info.work(n) : A::info.shared_work(n, workers))
            << A::info.name << ", n = " << n;
      }
  });
}

// Leaf by leaf, without the shortcut of keeping only the worst: what shape_monoid must agree with.
struct leaf_counts {
  index_t left = 0, right = 0;
  friend bool operator==(leaf_counts const&, leaf_counts const&) = default;
};
struct symbolic_monoid {
  struct value_type {
    std::vector<leaf_counts> leaves;
    std::vector<index_t> additions;  // each log|a| of this node has gone through, on the way to the node's own sum
    index_t summed = 0;
    friend bool operator==(value_type const&, value_type const&) = default;
  };
  value_type identity() const { return {}; }
  value_type operator()(value_type earlier, value_type const& later) const {
    for (index_t n : later.additions) earlier.summed = std::max(earlier.summed, n);  // an exp is taken of later's sum
    earlier.summed = std::max(earlier.summed, later.summed);
    for (leaf_counts& leaf : earlier.leaves) ++leaf.left;
    for (leaf_counts leaf : later.leaves) earlier.leaves.push_back({leaf.left, leaf.right + 1});
    earlier.additions.insert(earlier.additions.end(), later.additions.begin(), later.additions.end());
    for (index_t& n : earlier.additions) ++n;
    return earlier;
  }
};

TEST(info, the_shape_of_a_tree_agrees_with_a_count_leaf_by_leaf) {
  for_each_tree([]<class A>(std::type_identity<A>) {
    for (index_t n = 0; n <= 70; ++n) {  // past eight tiles of 8
      tree_shape counted;
      serial on;
      scan(
          on, A{}, symbolic_monoid{}, {1, n},
          [](index_t, index_t) {
            return symbolic_monoid::value_type{{{}}, {0}};
          },
          [&](index_t, index_t t, symbolic_monoid::value_type const& prefix) {
            ASSERT_EQ(prefix.leaves.size(), static_cast<std::size_t>(t + 1));
            for (leaf_counts const& leaf : prefix.leaves) {
              counted.left = std::max(counted.left, leaf.left);
              counted.right = std::max(counted.right, leaf.right);
            }
            counted.summed = std::max(counted.summed, prefix.summed);
          });
      ASSERT_EQ(measure_tree<A>(n), counted) << A::info.name << " n = " << n;
    }
  });
}

}  // namespace
}  // namespace ssmscan::reference
