// The selective scan on a device against the definition, within the bound of selective_reference.hpp with a device's errors.
#include "tests/cuda/selective_device.hpp"

namespace ssmscan {
namespace {

using namespace cuda_test;

template <class Types>
class CudaSelective : public testing::Test {};
TYPED_TEST_SUITE(CudaSelective, types);

TYPED_TEST(CudaSelective, IsTheDefinitionOverTheWholeGrid) {
  using V = typename TypeParam::first_type;
  using IO = typename TypeParam::second_type;
  int fused = 0;
  int const cases = over_the_grid([&](options const& o) { fused += check<V, IO>(o) == "fused"; });
  EXPECT_EQ(cases, 3 * 3 * 3 * 16);
  EXPECT_EQ(fused, is_complex<V> ? 0 : 16);
}

TYPED_TEST(CudaSelective, AnyLengthChannelsStatesAndAlignment) {
  using V = typename TypeParam::first_type;
  using IO = typename TypeParam::second_type;
  constexpr bool real = !is_complex<V>;
  for (index_t const shift : {0, 1})
    for (index_t const time : {0, 1, 3, 31, 32, 33, 64, 68, 128, 255, 256, 301, 511, 512, 513, 516, 1100})
      check<V, IO>({.batch = 1, .channels = 5, .states = 16, .time = time, .initial = true}, shift);
  for (index_t const channels : {1, 2, 7, 8, 31, 32, 33, 64, 128, 130})
    check<V, IO>({.batch = 2, .channels = channels, .states = 16, .time = 40, .B = operand::grouped, .initial = true});
  for (index_t const states : {1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100, 700, 5000})
    check<V, IO>({.batch = 1, .channels = 3, .states = states, .time = 37, .initial = true});
  EXPECT_EQ((check<V, IO>({.channels = 128, .states = 16, .time = 70, .B = operand::grouped, .C = operand::grouped})),
            real ? "fused" : "general");
  check<V, IO>({.batch = 0});
}

// Beyond one chunk: what decays fast, what hardly decays, and A = 0, which does not at all.
TYPED_TEST(CudaSelective, ChunksAreTheDefinition) {
  using V = typename TypeParam::first_type;
  using IO = typename TypeParam::second_type;
  constexpr bool real = !is_complex<V>;
  if (!real) GTEST_SKIP() << "complex numbers are not cut into chunks";
  for (index_t const time : {4096, 4097, 8192, 9000, 20007}) {
    for (bool const slow : {false, true}) {
      instance<V> host({.batch = 2, .channels = 3, .states = 16, .time = time, .initial = true});
      if (slow)
        for (V& a : host.A) a = a * V(0.001F);
      on_device<V, IO> const there(host);
      for (selective_form const form : forms<V>())
        expect_inside(host, there, there.run(form).algorithm, std::to_string(time) + (slow ? " slow" : ""));
    }
  }
}

// The other two lengths of a chunk, which more channels and states have.
TYPED_TEST(CudaSelective, LongAndShortChunksAreTheDefinition) {
  using V = typename TypeParam::first_type;
  using IO = typename TypeParam::second_type;
  if (is_complex<V>) GTEST_SKIP() << "complex numbers are not cut into chunks";
  constexpr index_t channels = 512, looked_at = 3;
  for (index_t const states : {16, 64}) {
    index_t const chunk = device::chunk_of(channels * states);
    EXPECT_EQ(chunk, states == 16 ? 2048 : 8192);
    instance<V> host({.batch = 1, .channels = channels, .states = states, .time = 2 * chunk + 37, .initial = true});
    for (V& a : host.A) a = a * V(0.01F);  // so that what a chunk enters with is seen at its end
    on_device<V, IO> const there(host);
    expect_inside(host, there, there.run(selective_form::fused).algorithm, std::to_string(chunk), looked_at);
  }
}

}  // namespace
}  // namespace ssmscan
