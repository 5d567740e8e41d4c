#include "tests/laws/special_values.hpp"

#include "tests/laws/suite.hpp"

namespace ssmscan::laws {
namespace {

template <class T>
class special_values_at_every_position : public testing::Test {};
using dtypes = testing::Types<float, double, std::complex<float>, std::complex<double>>;
TYPED_TEST_SUITE(special_values_at_every_position, dtypes);

TYPED_TEST(special_values_at_every_position, forward_only_and_in_their_lane) {
  using T = TypeParam;
  effort const e = chosen_effort();
  // 301 positions; of every 7th: 43; fast: every 6th of both, 51 and 8.
  index_t const every = e == effort::full ? 301 : 51, seventh = e == effort::full ? 43 : 8, places = 2;
  judge_all<T>([&](auto const& s) { return special_values_law<T>(s, e); },
               [&](auto const& s) {
                 index_t const positions = s.backend == "serial" ? every + 3 * seventh : 4 * seventh;
                 return positions * places * special_value_count;
               });
}

}  // namespace
}  // namespace ssmscan::laws
