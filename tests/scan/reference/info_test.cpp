// Each algorithm does exactly the work that its info states, in chains exactly as long, and no element passes through
// more right-operand steps, nor fewer at the worst, than info.roundings. Counted, at every length 0..1100 and some
// large ones, on one thread (where look_back, too, does a determined amount of work).
#include "tests/scan/reference/common.hpp"
#include <gtest/gtest.h>

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

TEST(info, only_what_reformulates_is_left_out) {
  algorithms::for_each([]<class A>(std::type_identity<A>) {
    constexpr bool counted = supports<A, serial, shape_monoid>;
    EXPECT_EQ(counted, A::info.result != result_class::reformulates) << A::info.name;
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
