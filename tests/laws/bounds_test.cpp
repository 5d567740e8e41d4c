// Compiled once per dtype: SSMSCAN_DTYPE.
#include "tests/laws/bounds_law.hpp"
#include "tests/laws/suite.hpp"

namespace ssmscan::laws {
namespace {

using T = SSMSCAN_DTYPE;

// Every family under one seed and in one direction.
void judge_families(std::uint64_t seed, direction d, std::vector<index_t> const& lengths) {
  ASSERT_EQ(reference::families.size(), 12u);
  for (reference::family_info const& family : reference::families) {
    family_data<T> const data(family, seed, *std::max_element(lengths.begin(), lengths.end()));
    judge_all<T>([&](auto const& s) { return bounds_law<T>(s, data, d, lengths); },
                 [&](auto const& s) { return has_a_bound(s) ? size_of(lengths_for(s, lengths)) : 0; });
  }
}

TEST(bounds, every_element_of_every_family_inside) {
  judge_families(1, direction::forward, bound_lengths(chosen_effort()));
}

TEST(bounds, in_reverse_too) { judge_families(1, direction::reverse, fewer_bound_lengths(chosen_effort())); }

TEST(bounds, under_another_seed_too) {
  for (direction const d : all_directions) judge_families(2, d, fewer_bound_lengths(chosen_effort()));
}

TEST(composition, sums_and_cuts_within_their_bounds) {
  std::vector<index_t> const lengths{0, 1, 2, 3, 7, 8, 9, 17, 33, 64, 100, 257, 1000, 4097, 10007};
  judge_all<T>([&](auto const& s) { return composition_law<T>(s, lengths); },
               [&](auto const& s) {
                 index_t const directions = 2, parts = 2;
                 return has_a_bound(s) ? size_of(lengths) * directions * parts : 0;
               });
}

}  // namespace
}  // namespace ssmscan::laws
