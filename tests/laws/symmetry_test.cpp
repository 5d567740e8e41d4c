#include "tests/laws/symmetry.hpp"

#include "tests/laws/split.hpp"
#include "tests/laws/suite.hpp"

namespace ssmscan::laws {
namespace {

template <class T>
class symmetry : public testing::Test {};
using dtypes = testing::Types<float, double, std::complex<float>, std::complex<double>, std::uint32_t>;
TYPED_TEST_SUITE(symmetry, dtypes);

TYPED_TEST(symmetry, scaling_b_by_a_power_of_two_and_negating_it_bit_for_bit) {
  using T = TypeParam;
  if constexpr (!std::same_as<T, std::uint32_t>) {
    auto const lengths = most_lengths(chosen_effort());
    judge_all<T>([&](auto const& s) { return scaling_law<T>(s, lengths); },
                 [&](auto const& s) { return s.exact_on_exact_data() ? size_of(lengths) * 2 * 3 : 0; });
  }
}

TYPED_TEST(symmetry, reverse_is_forward_in_the_mirror_bit_for_bit) {
  using T = TypeParam;
  auto const lengths = most_lengths(chosen_effort());
  judge_all<T>([&](auto const& s) { return mirror_law<T>(s, lengths); },
               [&](auto const&) { return size_of(lengths) * 2; });
}

TYPED_TEST(symmetry, padding_with_the_identity_bit_for_bit) {
  using T = TypeParam;
  auto const lengths = most_lengths(chosen_effort());
  judge_all<T>([&](auto const& s) { return padding_law<T>(s, lengths); },
               [&](auto const& s) { return s.exact_on_exact_data() ? size_of(lengths) * 2 * 3 : 0; });
}

TYPED_TEST(symmetry, cut_in_two_and_carried_over) {
  using T = TypeParam;
  auto const& lengths = split_lengths();
  index_t cuts = 0;
  for (index_t const n : lengths) cuts += n + 1;
  judge_all<T>([&](auto const& s) { return split_law<T>(s, lengths); },
               [&](auto const& s) { return s.exact_on_exact_data() ? cuts * 2 * (1 + s.is_the_definition()) : 0; });
}

}  // namespace
}  // namespace ssmscan::laws
