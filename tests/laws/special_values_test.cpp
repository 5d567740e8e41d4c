#include "tests/laws/special_values.hpp"

#include <set>

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
  index_t const count = e == effort::full ? 301 : 24, places = 2, directions = 2, initial_states = 2;
  auto const positions = special_positions(e);
  judge_all<T>([&](auto const& s) { return special_values_law<T>(s, positions); },
               [&](auto const&) { return count * places * directions * initial_states * values_per_position; });
}

// What turns with the position brings every value to every one; of a complex number what is not finite in three places.
TYPED_TEST(special_values_at_every_position, each_of_the_seven) {
  using T = TypeParam;
  for (index_t position = 0; position < special_length; ++position) {
    std::set<std::string> values;  // by their bits: NaN and -0 are not to be compared
    for (direction const d : all_directions)
      for (initial_state const i : both_initial_states)
        for (T const v : special_values<T>(position, d, i))
          values.emplace(reinterpret_cast<char const*>(&v), sizeof(T));
    EXPECT_EQ(values.size(), is_complex<T> ? 4u + 3 * 3 : 7u) << position;
  }
}

}  // namespace
}  // namespace ssmscan::laws
