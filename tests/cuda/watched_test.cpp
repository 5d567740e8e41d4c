// The laws at the fewest and smallest cases in which every entry's kernels run whole, for the tools of sanitize.sh, under which a call
// takes a hundred times as long: a few steps, and past a chunk of 4096 (of two pieces and more in every tuned form but look_back
// of float, whose tiles go round in tuned_test.cu).
#include "tests/laws/exact.hpp"
#include "tests/laws/layout.hpp"
#include "tests/laws/packed.hpp"
#include "tests/laws/special_values.hpp"
#include "tests/laws/suite.hpp"
#include "tests/laws/symmetry.hpp"

namespace ssmscan::laws {
namespace {

std::vector<index_t> const lengths{9, chunked::length + 1};

template <class T>
class watched : public testing::Test {};
using dtypes = testing::Types<float, double, std::complex<float>, std::complex<double>, std::uint32_t>;
TYPED_TEST_SUITE(watched, dtypes);

TYPED_TEST(watched, exact) {
  using T = TypeParam;
  std::vector<index_t> const shorter{9, exact_data<T>::longest};
  judge_all<T>([&](auto const& s) { return exact_law<T>(s, shorter); },
               [&](auto const& s) {
                 index_t const directions = 2, initial_states = 2, aliasings = 3, lanes = 2;
                 return s.exact_on_exact_data() ? size_of(shorter) * directions * initial_states * aliasings * lanes
                                                : 0;
               });
}

TYPED_TEST(watched, layouts) {
  using T = TypeParam;
  std::vector<layout_case> cases;
  for (index_t const n : lengths)
    for (layout_case const& c : some_layouts(n, effort::fast)) cases.push_back(c);
  judge_all<T>([&](auto const& s) { return layout_law<T>(s, cases); },
               [](auto const&) { return size_of(lengths) * arrangements_for_outputs; });
}

// Past a chunk, in the layouts that tuned forms copy in bulk, forward and in reverse: rows or lanes of whole pieces of 16 bytes. Each has
// half of the cases, in which any two of direction, states, and mask or offsets meet in every way.
std::vector<packed_call> packed_calls_past_a_chunk() {
  constexpr index_t channels = 12, time = chunked::length + 4;
  arrangement const &lane_major = nth(0, arrangements_for_inputs), &time_major = nth(1, arrangements_for_inputs);
  std::vector<packed_call> calls;
  for (packed_call const& drawn : packed_calls({time})) {
    bool const backward = drawn.of.order == direction::reverse, has_states = drawn.of.initial == initial_state::given,
               by_mask = drawn.part == packed_part::reset_mask;
    arrangement const& lies = backward ^ has_states ^ by_mask ? time_major : lane_major;
    placement const where{1, channels, lies, lies, lies, lies, lies};
    calls.push_back({drawn.of, drawn.part, {drawn.around.alias, drawn.around.threads, where}});
  }
  return calls;
}

// One call a case: packed_test.cpp's law that calls for each sequence is laws_cuda_packed's alone.
template <class T>
void judge_packed(std::vector<packed_call> const& calls) {
  judge_all<T>([&](auto const& s) { return packed_definition_law<T>(s, calls); },
               [&](auto const& s) { return s.packed ? size_of(calls) : 0; });
}
TYPED_TEST(watched, packed_few_steps) { judge_packed<TypeParam>(packed_calls({9})); }
TYPED_TEST(watched, packed_past_a_chunk) { judge_packed<TypeParam>(packed_calls_past_a_chunk()); }

TYPED_TEST(watched, mirrored) {
  using T = TypeParam;
  judge_all<T>([](auto const& s) { return mirror_law<T>(s, lengths); },
               [](auto const&) { return size_of(lengths) * 2; });
}

TYPED_TEST(watched, special_values) {
  using T = TypeParam;
  if constexpr (!std::same_as<T, std::uint32_t>) {
    std::vector<index_t> const positions{0, 8, special_length - 1};
    index_t const places = 2, directions = 2, initial_states = 2;
    judge_all<T>(
        [&](auto const& s) { return special_values_law<T>(s, positions); },
        [&](auto const&) { return size_of(positions) * places * directions * initial_states * values_per_position; });
  }
}

}  // namespace
}  // namespace ssmscan::laws
