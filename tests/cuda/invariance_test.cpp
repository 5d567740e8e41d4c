// Bits depend on (algorithm, tree, dtype, time length) and on nothing else: not on the number of lanes nor on the run; and
// a tree that the CPU carries too has the CPU's bits.
#include "tests/laws/invariance.hpp"

#include "tests/laws/registered.hpp"
#include "tests/laws/suite.hpp"
#include "tests/laws/symmetry.hpp"

namespace ssmscan::laws {
namespace {

template <class T>
class invariance : public testing::Test {};
using dtypes = testing::Types<float, double, std::complex<float>, std::complex<double>, std::uint32_t>;
TYPED_TEST_SUITE(invariance, dtypes);

TYPED_TEST(invariance, one_lane_and_thirteen_bit_for_bit) {
  using T = TypeParam;
  auto const lengths = short_lengths(chosen_effort());
  judge_all<T>([&](auto const& s) { return lanes_law<T>(s, lengths); },
               [&](auto const&) { return size_of(lengths) * 2; });
}

TYPED_TEST(invariance, run_to_run_bit_for_bit) {
  using T = TypeParam;
  auto const lengths = crossing_lengths(chosen_effort());
  judge_all<T>([&](auto const& s) { return repetition_law<T>(s, lengths); },
               [&](auto const&) { return size_of(lengths) * (repetitions - 1); });
}

TYPED_TEST(invariance, the_exact_one_is_the_definition_bit_for_bit) {
  using T = TypeParam;
  if constexpr (std::floating_point<T>) {
    auto const lengths = crossing_lengths(chosen_effort());
    judge_all<T>([&](auto const& s) { return definition_law<T>(s, lengths); },
                 [&](auto const& s) { return s.is_the_definition() ? size_of(lengths) * 2 : 0; });
  }
}

// A form that carries the tree of the CPU's of its name has the CPU's bits; what takes a logarithm carries another.
TYPED_TEST(invariance, one_tree_one_result_on_gpu_and_cpu_bit_for_bit) {
  using T = TypeParam;
  auto const lengths = crossing_lengths(chosen_effort());
  index_t judged = 0, needed = 0, twins = 0;
  for (auto const& s : subjects<T>()) {
    for (capability const& offer : capabilities()) {
      if (offer.dtype != dtype_name<T> || offer.backend != "serial" || offer.operation != s.represents ||
          offer.tree != s.tree)
        continue;
      ++twins;
      verdict const found = same_tree_law<T>(s, registered<T>(offer), lengths);
      EXPECT_EQ(found.failure, "");
      judged += found.cases, needed += size_of(lengths) * 2;
      break;
    }
    bool const logarithms = s.represents == operation::semi_log || s.result == result_class::reformulates;
    if (logarithms) { EXPECT_TRUE(s.tree.ends_with("/cuda_math")) << s.name; }
  }
  EXPECT_GE(twins, 5);  // the textbook forms of sequential, hillis_steele, blelloch, chunked and look_back
  EXPECT_EQ(judged, needed);
  tally::add(judged);
}

}  // namespace
}  // namespace ssmscan::laws
