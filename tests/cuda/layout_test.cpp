// (Strides beyond 2^32 elements: large_test.cu.)
#include "tests/laws/layout.hpp"

#include "tests/laws/suite.hpp"

namespace ssmscan::laws {
namespace {

template <class T>
class layouts : public testing::Test {};
using dtypes = testing::Types<float, double, std::complex<float>, std::complex<double>, std::uint32_t>;
TYPED_TEST_SUITE(layouts, dtypes);

TYPED_TEST(layouts, never_change_a_bit_nor_memory_that_is_not_in_a_view) {
  using T = TypeParam;
  std::vector<index_t> const lengths = chosen_effort() == effort::full   ? std::vector<index_t>{0, 1, 2, 9, 33}
                                       : chosen_effort() == effort::fast ? std::vector<index_t>{0, 1, 9}
                                                                         : std::vector<index_t>{9};
  std::vector<layout_case> cases;
  for (index_t const n : lengths)
    for (layout_case const& c : every_layout(n)) cases.push_back(c);
  judge_all<T>([&](auto const& s) { return layout_law<T>(s, cases); },
               [&](auto const&) {
                 index_t const directions = 2, aliasings = 3;
                 return size_of(lengths) * directions * aliasings * arrangements_for_outputs * arrangements_for_inputs;
               });
}

// Past a chunk and a tile of the tuned forms, and where there is nothing.
TYPED_TEST(layouts, never_change_a_bit_past_a_chunk) {
  using T = TypeParam;
  std::vector<index_t> const lengths{0, 1, chunked::length + 1, 2 * chunked::length + 7};
  std::vector<layout_case> cases;
  for (index_t const n : lengths)
    for (layout_case const& c : some_layouts(n, effort::fast)) cases.push_back(c);
  judge_all<T>([&](auto const& s) { return layout_law<T>(s, cases); },
               [&](auto const&) { return size_of(lengths) * arrangements_for_outputs; });
}

}  // namespace
}  // namespace ssmscan::laws
