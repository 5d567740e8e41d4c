// The selective scan on a device against the definition, within the bound of selective_reference.hpp with a device's errors.
#include "tests/cuda/selective_device.hpp"

#include <ssmscan/scan/backends/cuda/arena.hpp>
#include <ssmscan/scan/backends/cuda/registry.hpp>
#include <ssmscan/scan/detail/algorithm_name.hpp>

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

// fused_time on whole rows by blocks of six and of twelve channels: one tile and several (which take turns in one place of shared
// memory, or in two), a block whose last channels are not there, batches, groups of which a block's channels are, and what is not
// given; beside them odd states, and more than fit in shared memory.
TYPED_TEST(CudaSelective, WholeRowsByEveryBlockAreTheDefinition) {
  using V = typename TypeParam::first_type;
  using IO = typename TypeParam::second_type;
  if (is_complex<V>) GTEST_SKIP() << "complex numbers have no fused_time";
  using device::time_block;
  std::vector<std::pair<time_block, options>> const all{
      {time_block::six, {.batch = 1, .channels = 532, .states = 16, .time = 512, .initial = true}},
      {time_block::six, {.batch = 1, .channels = 532, .states = 2, .time = 1536, .z = false}},
      {time_block::six,
       {.batch = 5,
        .channels = 128,
        .states = 6,
        .time = 1024,
        .B = operand::grouped,
        .C = operand::grouped,
        .D = false,
        .initial = true}},
      {time_block::twelve, {.batch = 1, .channels = 1060, .states = 4, .time = 2048, .initial = true}},
      {time_block::twelve, {.batch = 2, .channels = 640, .states = 2, .time = 512, .softplus = false}},
      // more pairs of states than of a thread's steps
      {time_block::six, {.batch = 1, .channels = 532, .states = 18, .time = 1024}},
      {time_block::twelve, {.batch = 1, .channels = 1060, .states = 18, .time = 1024}},
      {time_block::twelve, {.batch = 1, .channels = 1060, .states = 2, .time = 9 * 512}},
      {time_block::twelve,
       {.batch = 3,
        .channels = 384,
        .states = 4,
        .time = 1024,
        .C = operand::grouped,
        .D = false,
        .z = false,
        .initial = true}},
      {time_block::four, {.batch = 1, .channels = 5, .states = 16, .time = 512}},
      {time_block::four, {.batch = 1, .channels = 1060, .states = 60, .time = 512}}};
  for (auto const& [block, o] : all) {
    index_t const section = o.C == operand::grouped ? o.channels / 2 : o.channels;
    if (std::is_same_v<V, float>) {  // double has blocks of four
      EXPECT_EQ(device::time_parts_of<float>(o.batch, o.channels, o.time), 1);
      EXPECT_EQ(device::time_whole_block(o.batch * o.channels / section, section, o.states, sizeof(IO)).block, block)
          << text_of(o);
    }
    check_time<V, IO>(o);
  }
  check_time<V, IO>({.batch = 1, .channels = 1060, .states = 5, .time = 512, .initial = true});
}

// fused on whole tiles, by each number of states that it has a kernel for: one chunk and several, batches, groups, and what is
// not given; beside them a state or a step less, which the other kernel takes.
TYPED_TEST(CudaSelective, FusedOnWholeTilesIsTheDefinition) {
  using V = typename TypeParam::first_type;
  using IO = typename TypeParam::second_type;
  if (is_complex<V>) GTEST_SKIP() << "complex numbers have no fused form";
  auto const is_fused = [](options const& o, index_t looked_at = -1) {
    instance<V> host(o);
    on_device<V, IO> const there(host);
    expect_inside(host, there, there.run(selective_form::fused).algorithm, text_of(o), looked_at);
  };
  for (index_t const states : {8, 16, 32, 64}) {
    index_t const channels = device::fused_block_channels(states);
    is_fused({.batch = 2, .channels = channels, .states = states, .time = 32, .initial = true});
    is_fused({.batch = 3, .channels = 3 * channels, .states = states, .time = 160, .z = false});
    is_fused({.batch = 2, .channels = 128, .states = states, .time = 64, .B = operand::grouped, .D = false});
    is_fused(
        {.channels = 128, .states = states, .time = 96, .C = operand::grouped, .softplus = false, .initial = true});
    is_fused({.batch = 1, .channels = channels, .states = states, .time = 2 * 4096 + 64, .initial = true}, 2);
    is_fused({.batch = 2, .channels = channels, .states = states - 1, .time = 64, .initial = true});
    is_fused({.batch = 2, .channels = channels, .states = states, .time = 63, .initial = true});
  }
}

// All scans but those that reformulate, by each rule; packed, padded, with states in and out.
TYPED_TEST(CudaSelective, UnfusedByEveryScanIsTheDefinition) {
  using V = typename TypeParam::first_type;
  using IO = typename TypeParam::second_type;
  std::vector<options> const all{{.initial = true},
                                 {.channels = 4, .time = 600, .B = operand::grouped, .C = operand::constant},
                                 {.rule = selective_rule::zoh, .D = false},
                                 {.rule = selective_rule::bilinear, .z = false, .softplus = false},
                                 {.time = 90, .initial = true, .offsets = {0, 1, 1, 65, 66, 90}},
                                 {.time = 70, .initial = true, .begin = {0, 5}, .end = {64, 70}},
                                 {.batch = 1, .time = 0, .initial = true},
                                 {.batch = 0}};
  int scans = 0;
  device::algorithms::for_each([&]<class Entry>(std::type_identity<Entry>) {
    if (Entry::info.result == result_class::reformulates) return;
    std::string const name = detail::full_name(Entry::info);
    ++scans;
    for (options const& o : all) {
      instance<V> host(o);
      on_device<V, IO> const there(host);
      EXPECT_EQ(there.run(selective_form::unfused, name).algorithm, name);
      expect_inside(selective_reference(host.problem(), std::max<index_t>(Entry::info.roundings(o.time), 1),
                                        ssm::detail::errors_of_a_device<typename ssm::real_part_of<V>::type>()),
                    there, "unfused by " + name, text_of(o));
    }
  });
  EXPECT_GE(scans, 5);
}

// A call takes its workspace and no other memory. fused: two values and a mark for each state of a chunk; fused_time: none, or
// a copy of B and C; neither has a and b, channels x states x time values each, as the unfused form does.
TEST(CudaSelectiveCall, FusedFormsTakeTheirWorkspaceAlone) {
  constexpr index_t channels = 64, states = 16, chunk = device::chunk_of(channels * states);
  auto const free_bytes = [] {
    std::size_t free = 0, all = 0;
    need_success(cudaMemGetInfo(&free, &all), "asking for free memory");
    return free;
  };
  for (index_t const time : {2 * chunk, 16 * chunk, 16 * chunk - 1}) {
    instance<float> host({.batch = 1, .channels = channels, .states = states, .time = time});
    on_device<float, float> const there(host);
    auto const p = there.problem();
    auto const bytes = [&](selective_form form) { return device::workspace_bytes(p, {.form = form}); };
    std::size_t const a_and_b = 2 * size(channels * states * time) * sizeof(float);
    std::size_t const B_and_C = 2 * size(states * (time + 8)) * sizeof(float);
    EXPECT_GT(bytes(selective_form::fused), 0u);
    EXPECT_LE(bytes(selective_form::fused), a_and_b / 1024) << time;
    EXPECT_LE(bytes(selective_form::fused_time), time % chunk == 0 ? 0 : B_and_C + workspace_alignment) << time;
    EXPECT_GE(bytes(selective_form::unfused), a_and_b) << time;
    {  // free_bytes sees what is taken
      std::size_t const before = free_bytes();
      gpu::memory const taken(a_and_b);
      EXPECT_GE(before - free_bytes(), a_and_b);
    }
    for (selective_form const form : {selective_form::fused, selective_form::fused_time}) {
      gpu::memory const workspace(bytes(form));
      device::selective_execution const how{.workspace = workspace.span(), .form = form};
      device::selective_scan(p, how);
      need_success(cudaDeviceSynchronize(), "running a selective scan");
      bool same = false;  // another process may take memory meanwhile: thrice is enough to tell
      for (int attempt = 0; attempt < 3 && !same; ++attempt) {
        std::size_t const before = free_bytes();
        device::selective_scan(p, how);
        std::size_t const during = free_bytes();
        need_success(cudaDeviceSynchronize(), "running a selective scan");
        same = during == before && free_bytes() == before;
      }
      EXPECT_TRUE(same) << time << " steps: free memory changes with the call";
    }
  }
}

// More channels than stand in memory at once.
TEST(CudaSelectiveCall, UnfusedGoesByChannels) {
  constexpr index_t time = 1 << 20, channels = 12, states = 16;  // 128 MiB of a and b for each channel
  instance<float> host({.batch = 1, .channels = channels, .states = states, .time = time});
  on_device<float, float> const there(host);
  there.run(selective_form::unfused, "look_back");
  auto const y = there.y();
  for (index_t const c : {index_t{0}, channels - 1}) {
    auto p = there.problem();
    auto const row = [&](auto& view) { view.data += c * time, view.shape.channel = 1; };
    row(p.u), row(p.delta), row(p.z), row(p.y);
    p.A.data += c * states, p.A.rows = 1, p.D = p.D.subspan(size(c), 1),
                            p.delta_bias = p.delta_bias.subspan(size(c), 1);
    there.run(p, selective_form::unfused, "look_back");
  }
  EXPECT_TRUE(same(there.y(), y));
}

// For sanitize.sh: every kernel at sizes at which all of it happens and its tools get through: whole tiles, their ends, rows that
// are not aligned, states and channels that are not there, chunks, sequences, padding, each rule.
TYPED_TEST(CudaSelective, EveryKernelOnce) {
  using V = typename TypeParam::first_type;
  using IO = typename TypeParam::second_type;
  check<V, IO>({.batch = 1, .channels = 40, .states = 16, .time = 600, .initial = true});
  check<V, IO>({.batch = 1, .channels = 3, .states = 15, .time = 600}, 1);
  // fused_time with one warp a channel, two and four: whole tiles, and others.
  for (index_t const channels : {532, 40})
    for (index_t const time : {1024, 1032, 1031})
      check<V, IO>({.batch = 1, .channels = channels, .states = 4, .time = time});
  // Of those the first, 532 channels of 1024 steps, is by blocks of six channels; by blocks of twelve:
  if (!is_complex<V>) check_time<V, IO>({.batch = 1, .channels = 1060, .states = 4, .time = 1024, .initial = true});
  check<V, IO>({.batch = 1, .channels = 5, .states = 6, .time = 1536});
  // fused on whole tiles.
  for (index_t const states : {8, 16, 32, 64})
    check<V, IO>({.batch = 1, .channels = 64, .states = states, .time = 64, .initial = true});
  if (std::is_same_v<V, float>) {  // by threads of eight states
    options const o{.batch = 1, .channels = 199 * 64, .states = 16, .time = 64, .initial = true};
    EXPECT_TRUE(device::eight_are_faster(o.channels, o.batch));
    instance<V> host(o);
    on_device<V, IO> const there(host);
    there.run(selective_form::fused);
    expect_inside(host, there, "fused", text_of(o), 70);
  }
  check<V, IO>({.batch = 1, .channels = 3, .states = 4, .time = 0, .initial = true});
  for (index_t const states : {7, 20, 33, 65}) check<V, IO>({.batch = 2, .channels = 3, .states = states, .time = 70});
  check<V, IO>({.batch = 1, .channels = 2, .states = 16, .time = 5007, .offsets = {0, 0, 4100, 4101, 5007}});
  check<V, IO>({.batch = 2, .channels = 2, .time = 600, .begin = {0, 5}, .end = {64, 600}});
  for (selective_rule const rule : {selective_rule::zoh, selective_rule::bilinear})
    check<V, IO>({.batch = 1, .rule = rule});
}

}  // namespace
}  // namespace ssmscan
