#include "tests/laws/packed.hpp"

#include "tests/laws/suite.hpp"

namespace ssmscan::laws {
namespace {

template <class T>
class packed : public testing::Test {};
using dtypes = testing::Types<float, double, std::complex<float>, std::complex<double>, std::uint32_t>;
TYPED_TEST_SUITE(packed, dtypes);

std::vector<index_t> packed_lengths() {
  std::vector<index_t> lengths;
  for (index_t n = 0; n <= 130; n += chosen_effort() == effort::full ? 1 : 5) lengths.push_back(n);
  lengths.insert(lengths.end(), {257, 1000, 4097});
  return lengths;
}

TYPED_TEST(packed, is_separate) {
  using T = TypeParam;
  auto const lengths = packed_lengths();
  judge_all<T>([&](auto const& s) { return packed_law<T>(s, lengths); },
               [&](auto const& s) { return s.packed ? packed_cases<T>(s, lengths) : 0; });
}

// A tree of combines takes the segmented lift of every monoid.
TYPED_TEST(packed, is_offered_by_every_tree) {
  for (auto const& s : subjects<TypeParam>())
    if (s.exact_on_exact_data()) { EXPECT_TRUE(s.packed) << s.name; }
}

}  // namespace
}  // namespace ssmscan::laws
