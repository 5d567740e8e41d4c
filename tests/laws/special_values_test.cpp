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
  std::vector<index_t> positions;
  for (index_t p = 0; p < special_length; p += chosen_effort() == effort::full ? 1 : 6) positions.push_back(p);
  index_t const directions = 2, initial_states = 2, places = 2;
  judge_all<T>(
      [&](auto const& s) { return special_values_law<T>(s, positions); },
      [&](auto const&) { return size_of(positions) * directions * initial_states * places * special_value_count; });
}

}  // namespace
}  // namespace ssmscan::laws
