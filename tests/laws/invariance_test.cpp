#include "tests/laws/invariance.hpp"

#include <map>

#include "tests/laws/many_workers.hpp"
#include "tests/laws/signs_of_zero.hpp"
#include "tests/laws/suite.hpp"
#include "tests/laws/symmetry.hpp"

#include <ssmscan/scan/backends/openmp.hpp>
#include <ssmscan/scan/backends/simd/lane_chunks.hpp>

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

// full: every form that users get by a name, but those that reformulate or take exponentials, twenty times as dear; fast:
// the tuned ones, whose text is registered beside them.
template <class T>
bool meets_many_workers(subject<T> const& s) {
  if (!s.registered || s.backend != "openmp" || s.represents != operation::affine ||
      (s.result == result_class::reformulates && s.formula != log_formula::in_runs))
    return false;
  auto const is_its_text = [&](subject<T> const& other) { return other.algorithm == s.algorithm + ".textbook"; };
  return chosen_effort() == effort::full || std::any_of(subjects<T>().begin(), subjects<T>().end(), is_its_text);
}

TYPED_TEST(invariance, one_long_lane_on_1_to_16_workers_bit_for_bit) {
  using T = TypeParam;
  openmp on(16);
  ASSERT_EQ(simd::workers_for(on, {1, long_time}), 16);  // or the tuned forms would not run on so many
  judge_all<T>([&](auto const& s) { return long_lane_law<T>(s); },
               [&](auto const& s) { return meets_many_workers<T>(s) ? long_lane_cases : 0; });
}

TYPED_TEST(invariance, many_lanes_on_1_to_16_workers_bit_for_bit) {
  using T = TypeParam;
  openmp on(16);
  ASSERT_EQ(simd::workers_for(on, {wide_lanes, wide_time}), 16);
  judge_all<T>([&](auto const& s) { return wide_law<T>(s); },
               [&](auto const& s) { return meets_many_workers<T>(s) ? wide_cases : 0; });
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
  auto const lengths = most_lengths(chosen_effort());
  judge_all<T>([&](auto const& s) { return definition_law<T>(s, lengths); },
               [&](auto const& s) { return s.is_the_definition() ? size_of(lengths) * 2 : 0; });
}

TYPED_TEST(invariance, zeros_have_the_definition_s_signs) {
  using T = TypeParam;
  if constexpr (!std::same_as<T, std::uint32_t>) {  // which has one zero
    auto const lengths = short_lengths(chosen_effort());
    index_t const directions = 2, initial_states = 2;
    index_t const cases = size_of(lengths) * directions * initial_states * index_t{seeds_of_zeros};
    judge_all<T>([&](auto const& s) { return signs_of_zero_law<T>(s, lengths); },
                 [&](auto const& s) { return keeps_signs_of_zero(s) ? cases : 0; });
  }
}

}  // namespace
}  // namespace ssmscan::laws
