// info.bytes is what a scan moves: a, b and x, and what its bodies find in scratch and leave there, counted.
#include "contributing_example.hpp"
#include "tests/scan/reference/common.hpp"
#include "tests/scan/reference/ledger.hpp"
#include <gtest/gtest.h>

namespace ssmscan::reference {
namespace {

// Elements of an affine scan: a leaf and a pair of scratch are two, a result is one.
template <class A>
index_t elements_moved(index_t n) {
  using monoid = traced_monoid<shape_monoid>;
  constexpr index_t pair = 2;
  kept = {};
  index_t loads = 0, stores = 0;
  counting_backend<pair> on;
  scan(
      on, A{}, monoid{}, {1, n},
      [&](index_t, index_t) {
        ++loads;
        return monoid{}.identity();
      },
      [&](index_t, index_t, monoid::value_type const& prefix) { kept.read(&prefix.mark), ++stores; });
  kept.begin_body();
  return pair * loads + stores + kept.moved();
}

std::vector<index_t> byte_lengths() {
  std::vector<index_t> all;
  for (index_t n = 0; n <= 300; ++n) all.push_back(n);  // past 37 tiles of 8, and 16 runs of 16
  for (index_t n : {1000, 4095, 4096, 4097, 8191, 8192, 8193, 12289, 20011}) all.push_back(n);
  return all;
}

template <class A>
void check_bytes() {
  for (index_t const n : byte_lengths()) {
    auto const counted = static_cast<double>(elements_moved<A>(n));
    // Whole numbers below 2^53, a division and a product: right to two roundings.
    ASSERT_NEAR(A::info.bytes(n, 1.0) * static_cast<double>(n), counted, counted * 0x1p-52) << A::info.name << " " << n;
    // In the first two levels of cache: a chunk and a carry beside it, both ways.
    ASSERT_LE(kept.most_in_one_body(), 2 * (chunked::length + 1)) << A::info.name << " " << n;
  }
  EXPECT_EQ(A::info.bytes(1000, 8.0), 8 * A::info.bytes(1000, 1.0)) << A::info.name;
}

TEST(info, bytes_are_what_is_moved) {
  index_t checked = 0;
  for_each_tree([&]<class A>(std::type_identity<A>) {
    ++checked;
    check_bytes<A>();
  });
  EXPECT_EQ(checked, trees_needed());
}

TEST(info, of_the_example_of_CONTRIBUTING_says_what_is_moved) { check_bytes<sklansky>(); }

}  // namespace
}  // namespace ssmscan::reference
