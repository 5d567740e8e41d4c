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
  std::vector<index_t> const lengths =
      chosen_effort() == effort::full ? std::vector<index_t>{0, 1, 2, 9, 33} : std::vector<index_t>{0, 1, 9};
  judge_all<T>([&](auto const& s) { return layout_law<T>(s, lengths); },
               [&](auto const&) {
                 index_t const directions = 2, aliasings = 3;
                 return size_of(lengths) * directions * aliasings * arrangements_for_outputs * arrangements_for_inputs;
               });
}

}  // namespace
}  // namespace ssmscan::laws
