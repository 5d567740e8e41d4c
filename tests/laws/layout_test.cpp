#include "tests/laws/layout.hpp"

#include "tests/laws/huge_strides.hpp"
#include "tests/laws/suite.hpp"

namespace ssmscan::laws {
namespace {

template <class T>
class layouts : public testing::Test {};
using dtypes = testing::Types<float, double, std::complex<float>, std::complex<double>, std::uint32_t>;
TYPED_TEST_SUITE(layouts, dtypes);

TYPED_TEST(layouts, never_change_a_bit_nor_memory_that_is_not_in_a_view) {
  using T = TypeParam;
  std::vector<index_t> const lengths =
      chosen_effort() == effort::full ? std::vector<index_t>{0, 1, 2, 7, 9, 33} : std::vector<index_t>{0, 1, 9};
  std::vector<layout_case> cases;
  for (index_t const n : lengths)
    for (layout_case const& c : every_layout(n)) cases.push_back(c);
  judge_all<T>([&](auto const& s) { return layout_law<T>(s, cases); },
               [&](auto const&) {
                 index_t const directions = 2, aliasings = 3;
                 return size_of(lengths) * directions * aliasings * arrangements_for_outputs * arrangements_for_inputs;
               });
}

// Past one chunk, and past two, of the forms that users get; the forms with tiles of 8 do so above.
TYPED_TEST(layouts, never_change_a_bit_past_a_chunk) {
  using T = TypeParam;
  constexpr index_t chunk = chunked::length;
  std::vector<index_t> const lengths = chosen_effort() == effort::full ? std::vector<index_t>{chunk + 1, 2 * chunk + 7}
                                                                       : std::vector<index_t>{chunk + 1};
  std::vector<layout_case> cases;
  for (index_t const n : lengths)
    for (layout_case const& c : some_layouts(n, chosen_effort())) cases.push_back(c);
  judge_all<T>([&](auto const& s) { return layout_law<T>(s, cases); },
               [&](auto const& s) {
                 index_t const aliasings = chosen_effort() == effort::full ? 3 : 1;
                 return s.registered ? size_of(lengths) * aliasings * arrangements_for_outputs : 0;
               });
}

TEST(layouts, strides_beyond_32_bits) {
  judge_all<float>([](auto const& s) { return huge_strides_law<float>(s); },
                   [](auto const&) { return huge_strides_cases; });
  judge_all<std::uint32_t>([](auto const& s) { return huge_strides_law<std::uint32_t>(s); },
                           [](auto const&) { return huge_strides_cases; });
}

}  // namespace
}  // namespace ssmscan::laws
