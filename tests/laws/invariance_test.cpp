#include "tests/laws/invariance.hpp"

#include <map>

#include "tests/laws/suite.hpp"
#include "tests/laws/symmetry.hpp"

namespace ssmscan::laws {
namespace {

template <class T>
class invariance : public testing::Test {};
using dtypes = testing::Types<float, double, std::complex<float>, std::complex<double>, std::uint32_t>;
TYPED_TEST_SUITE(invariance, dtypes);

TYPED_TEST(invariance, one_lane_and_thirteen_bit_for_bit) {
  using T = TypeParam;
  auto const lengths = short_lengths(chosen_effort());
  judge_all<T>([&](auto const& s) { return lanes_law<T>(s, lengths); },
               [&](auto const&) { return size_of(lengths) * 2; });
}

TYPED_TEST(invariance, threads_1_2_3_7_16_bit_for_bit) {
  using T = TypeParam;
  auto const lengths = crossing_lengths(chosen_effort());
  judge_all<T>([&](auto const& s) { return threads_law<T>(s, lengths); },
               [&](auto const& s) { return s.backend == "openmp" ? size_of(lengths) * std::ssize(more_threads) : 0; });
}

TYPED_TEST(invariance, run_to_run_bit_for_bit) {
  using T = TypeParam;
  auto const lengths = crossing_lengths(chosen_effort());
  judge_all<T>([&](auto const& s) { return repetition_law<T>(s, lengths); },
               [&](auto const&) { return size_of(lengths) * (repetitions - 1); });
}

// Found from what the subjects say of themselves; at least two share each tree (two backends).
TYPED_TEST(invariance, one_tree_one_result_bit_for_bit) {
  using T = TypeParam;
  auto const lengths = crossing_lengths(chosen_effort());
  std::map<std::pair<std::string, operation>, std::vector<subject<T> const*>> trees;
  for (auto const& s : subjects<T>()) trees[{s.tree, s.represents}].push_back(&s);
  index_t judged = 0, needed = 0;
  for (auto const& [tree, group] : trees) {
    EXPECT_GE(group.size(), 2u) << tree.first;
    for (auto const* s : group) {
      if (s == group.front()) continue;
      verdict const found = same_tree_law<T>(*s, *group.front(), lengths);
      EXPECT_EQ(found.failure, "");
      judged += found.cases, needed += size_of(lengths) * 2;
    }
  }
  EXPECT_EQ(judged, needed);
  tally::add(judged);
}

TYPED_TEST(invariance, the_exact_one_is_the_definition_bit_for_bit) {
  using T = TypeParam;
  if constexpr (std::floating_point<T>) {
    auto const lengths = most_lengths(chosen_effort());
    judge_all<T>([&](auto const& s) { return definition_law<T>(s, lengths); },
                 [&](auto const& s) { return s.is_the_definition() ? size_of(lengths) * 2 : 0; });
  }
}

}  // namespace
}  // namespace ssmscan::laws
