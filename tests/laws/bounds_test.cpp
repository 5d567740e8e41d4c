// Compiled once per dtype: SSMSCAN_DTYPE.
#include "tests/laws/bounds_law.hpp"
#include "tests/laws/suite.hpp"

namespace ssmscan::laws {
namespace {

using T = SSMSCAN_DTYPE;

TEST(bounds, every_element_of_every_family_inside) {
  auto const lengths = bound_lengths(chosen_effort());
  ASSERT_EQ(reference::families.size(), 12u);
  for (reference::family_info const& family : reference::families) {
    constexpr std::uint64_t seed = 1;
    family_data<T> const data(family, seed, *std::max_element(lengths.begin(), lengths.end()));
    judge_all<T>([&](auto const& s) { return bounds_law<T>(s, data, lengths); },
                 [&](auto const&) { return size_of(lengths); });
  }
}

}  // namespace
}  // namespace ssmscan::laws
