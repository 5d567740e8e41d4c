#include "tests/laws/exact.hpp"

#include "tests/laws/suite.hpp"

namespace ssmscan::laws {
namespace {

template <class T>
class exact : public testing::Test {};
using dtypes = testing::Types<float, double, std::complex<float>, std::complex<double>, std::uint32_t>;
TYPED_TEST_SUITE(exact, dtypes);

TYPED_TEST(exact, every_length_bit_for_bit) {
  using T = TypeParam;
  auto const lengths = exact_lengths(chosen_effort());
  judge_all<T>([&](auto const& s) { return exact_law<T>(s, lengths); },
               [&](auto const& s) {
                 if (!s.exact_on_exact_data()) return index_t{0};
                 index_t const directions = 2, initial_states = 2, aliasings = 3, lanes = s.backend == "serial" ? 1 : 2;
                 return size_of(lengths) * directions * initial_states * aliasings * lanes;
               });
}

}  // namespace
}  // namespace ssmscan::laws
