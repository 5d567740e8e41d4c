#include "tests/laws/packed.hpp"

#include <set>

#include "tests/laws/suite.hpp"

namespace ssmscan::laws {
namespace {

template <class T>
class packed : public testing::Test {};
using dtypes = testing::Types<float, double, std::complex<float>, std::complex<double>, std::uint32_t>;
TYPED_TEST_SUITE(packed, dtypes);

// Full: every length across eight tiles of 8, then every third across sixteen.
std::vector<index_t> packed_lengths(effort e) {
  std::vector<index_t> lengths;
  index_t const step = e == effort::full ? 1 : e == effort::fast ? 5 : 43;
  for (index_t n = 0; n <= 130; n += n < 66 ? step : std::max<index_t>(step, 3)) lengths.push_back(n);
  lengths.insert(lengths.end(), {257, 1000, 4097});
  return lengths;
}

TYPED_TEST(packed, is_separate) {
  using T = TypeParam;
  effort const e = chosen_effort();
  auto const lengths_for = [&, all = packed_lengths(e), fewer = packed_lengths(std::min(e, effort::fast))](
                               subject<T> const& s) { return s.has_another_inner() ? fewer : all; };
  judge_all<T>([&](auto const& s) { return packed_law<T>(s, lengths_for(s)); },
               [&](auto const& s) { return s.packed ? packed_cases_needed(s, lengths_for(s)) : 0; });
}

TYPED_TEST(packed, is_the_definition) {
  using T = TypeParam;
  auto const calls = packed_calls(packed_lengths(std::min(chosen_effort(), effort::fast)));
  judge_all<T>([&](auto const& s) { return packed_definition_law<T>(s, calls); },
               [&](auto const& s) { return s.packed ? size_of(calls) : 0; });
}

// What turns with the cases takes every value, beside offsets and beside masks, in either direction and with either
// number of initial states; and x every place in every arrangement.
TEST(packed_surroundings, reach_every_value) {
  if (chosen_effort() == effort::brief) GTEST_SKIP() << "too few cases for it; fast and full have enough";
  for (packed_part const part : {packed_part::any_data, packed_part::reset_mask}) {
    std::set<std::pair<aliasing, std::string_view>> x_places;
    for (direction const d : all_directions)
      for (initial_state const i : both_initial_states) {
        std::set<std::string_view> a, b, initial, final;
        std::set<int> threads;
        std::set<std::pair<index_t, index_t>> lanes;
        for (packed_case const& c : packed_cases(packed_lengths(chosen_effort()))) {
          if (c.order != d || c.initial != i || c.time == 0) continue;
          surroundings const around = surroundings_of(c, part);
          placement const& where = around.where;
          x_places.emplace(around.alias, where.x.name);
          a.insert(where.a.name), b.insert(where.b.name), initial.insert(where.initial.name);
          final.insert(where.final.name), threads.insert(around.threads), lanes.emplace(where.batch, where.channel);
        }
        EXPECT_EQ(a.size(), arrangements_for_inputs);
        EXPECT_EQ(b.size(), arrangements_for_inputs);
        EXPECT_EQ(initial.size(), arrangements_for_inputs);
        EXPECT_EQ(final.size(), arrangements_for_outputs);
        EXPECT_EQ(threads.size(), packed_thread_counts.size());
        EXPECT_EQ(lanes.size(), batches_by_channels.size());
      }
    EXPECT_EQ(x_places.size(), std::size(all_aliasings) * arrangements_for_outputs);
  }
}

// A tree of combines takes the segmented lift of every monoid; a tuned form may leave that to its text.
TYPED_TEST(packed, is_offered_by_every_tree) {
  auto const text_of = [](subject<TypeParam> const& s) {
    auto const& all = subjects<TypeParam>();
    return std::ranges::find_if(all, [&](auto const& other) {
      return other.algorithm == s.algorithm + ".textbook" && other.represents == s.represents;
    });
  };
  for (auto const& s : subjects<TypeParam>()) {
    if (!s.exact_on_exact_data() || s.packed) continue;
    auto const text = text_of(s);
    EXPECT_TRUE(text != subjects<TypeParam>().end() && text->packed) << s.name;
  }
}

}  // namespace
}  // namespace ssmscan::laws
