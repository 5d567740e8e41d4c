// What must be equal bit for bit: pieces and whole, packed and separate, batches, runs, graphs, in place; NaN and refusals.
#include "tests/cuda/selective_device.hpp"

namespace ssmscan {
namespace {

using namespace cuda_test;

template <class Types>
class CudaSelectiveBits : public testing::Test {};
TYPED_TEST_SUITE(CudaSelectiveBits, types);

// A length-300 run cut at every place, the state carried; fused_time, whose tree starts anew with a piece: inside the bound.
TYPED_TEST(CudaSelectiveBits, PiecesAreTheWhole) {
  using V = typename TypeParam::first_type;
  using IO = typename TypeParam::second_type;
  for (index_t const states : {4, 16}) {
    options const o{.batch = 1, .channels = 3, .states = states, .time = 300, .initial = true};
    instance<V> host(o), host_too(o);
    on_device<V, IO> const whole(host), cut(host_too);
    whole.run(forms<V>()[0]);
    auto const y = whole.y();
    auto const final = whole.final();
    auto const run_pieces = [&](index_t at, selective_form form) {
      for (auto const& [begin, end] : {std::pair{index_t{0}, at}, std::pair{at, o.time}}) {
        auto p = cut.problem();
        for (auto* view : {&p.u, &p.delta, &p.z}) view->data += begin, view->shape.time = end - begin;
        p.y.data += begin, p.y.shape.time = end - begin;
        p.B.data += begin, p.C.data += begin;
        if (begin == at) p.initial = ssm::dense_state<V const>(p.final.data, o.channels, o.states);  // in place
        cut.run(p, form);
      }
    };
    for (index_t at = 1; at < o.time; ++at) {
      run_pieces(at, forms<V>()[0]);
      ASSERT_TRUE(same(cut.y(), y) && same(cut.final(), final)) << "at " << at;
      if (is_complex<V> || at % 7 != 0) continue;
      run_pieces(at, selective_form::fused_time);
      expect_inside(host_too, cut, "fused_time", "in pieces at " + std::to_string(at));
    }
  }
}

TYPED_TEST(CudaSelectiveBits, PackedIsSeparate) {
  using V = typename TypeParam::first_type;
  using IO = typename TypeParam::second_type;
  for (std::vector<index_t> const& offsets :
       {std::vector<index_t>{0, 1, 1, 65, 66, 90}, {0, 0, 5000, 5001, 14500, 14500, 17007}}) {
    options const o{
        .batch = 2, .channels = 5, .states = 16, .time = offsets.back(), .initial = true, .offsets = offsets};
    instance<V> host(o), host_too(o);
    on_device<V, IO> const packed(host), separate(host_too);
    for (selective_form const form : forms<V>()) {
      expect_inside(host, packed, packed.run(form).algorithm, "packed");
      for (std::size_t k = 0; k + 1 < offsets.size(); ++k) {
        auto p = separate.problem();
        p.offsets = {};
        index_t const begin = offsets[k], time = offsets[k + 1] - begin;
        for (auto* view : {&p.u, &p.delta, &p.z}) view->data += begin, view->shape.time = time;
        p.y.data += begin, p.y.shape.time = time;
        p.B.data += begin, p.C.data += begin;
        p.initial.data += p.initial.stride.sequence * index_t(k), p.final.data += p.final.stride.sequence * index_t(k);
        separate.run(p, form);
      }
      EXPECT_TRUE(same(packed.y(), separate.y()) && same(packed.final(), separate.final()));
    }
  }
}

TYPED_TEST(CudaSelectiveBits, PaddingIsNeverRead) {
  using V = typename TypeParam::first_type;
  using IO = typename TypeParam::second_type;
  using T = typename ssm::real_part_of<V>::type;
  for (index_t const time : {70, 4100}) {
    options const o{.batch = 3,
                    .channels = 4,
                    .states = 8,
                    .time = time,
                    .initial = true,
                    .begin = {0, 5, time},
                    .end = {64, time, time}};
    instance<V> host(o);
    for (index_t i = 0; i < 12 * time; ++i)
      if (index_t const t = i % time, row = i / time / 4; t < o.begin[size(row)] || t >= o.end[size(row)])
        for (auto* values : {&host.u, &host.delta, &host.z}) (*values)[size(i)] = std::numeric_limits<T>::quiet_NaN();
    on_device<V, IO> const there(host);
    for (selective_form const form : forms<V>()) {
      expect_inside(host, there, there.run(form).algorithm, "padded");
      auto const y = there.y();
      auto const final = there.final();
      for (index_t t = 0; t < time; ++t) ASSERT_EQ(wide(y[size(2 * 4 * time + t)]), 0);
      for (std::size_t n = 64; n < 96; ++n) ASSERT_EQ(final[n], host.initial[n]);  // nothing but padding
    }
  }
}

// fused has a kernel for whole tiles; where sequences are padded, if only by nothing, it takes the other.
TYPED_TEST(CudaSelectiveBits, WholeTilesChangeNoBit) {
  using V = typename TypeParam::first_type;
  using IO = typename TypeParam::second_type;
  if (is_complex<V>) GTEST_SKIP() << "complex numbers have no fused form";
  auto const check_bits = [](options const& o) {
    options padded = o;
    padded.begin.assign(size(o.batch), 0), padded.end.assign(size(o.batch), o.time);
    instance<V> host(o), host_too(padded);
    host_too.u = host.u, host_too.delta = host.delta, host_too.z = host.z, host_too.B = host.B, host_too.C = host.C;
    host_too.A = host.A, host_too.D = host.D, host_too.bias = host.bias, host_too.initial = host.initial;
    on_device<V, IO> const whole(host), any(host_too);
    whole.run(selective_form::fused), any.run(selective_form::fused);
    EXPECT_TRUE(same(whole.y(), any.y()) && same(whole.final(), any.final())) << text_of(o);
  };
  for (index_t const states : {8, 16, 32, 64})
    for (index_t const time : {32, 416, 4096 + 64})
      check_bits({.batch = 2, .channels = 64, .states = states, .time = time, .initial = true});
  // Eight states a thread where multiprocessors are full, and its bits are those of four: a chunk, and two.
  if (!std::is_same_v<V, float>) return;
  EXPECT_TRUE(device::eight_are_faster(64, 199) && device::eight_are_faster(512, 2 * 13));
  check_bits({.batch = 199, .channels = 64, .states = 16, .time = 64, .initial = true});
  check_bits({.batch = 13, .channels = 512, .states = 16, .time = 2048 + 32, .initial = true});
}

TYPED_TEST(CudaSelectiveBits, SameBitsAgainInABatchAndFromAGraph) {
  using V = typename TypeParam::first_type;
  using IO = typename TypeParam::second_type;
  for (selective_form const form : forms<V>())
    for (index_t const time : {100, 5000}) {
      options const one{.batch = 1, .channels = 6, .states = 16, .time = time, .initial = true};
      instance<V> host(one);
      on_device<V, IO> const single(host);
      single.run(form);
      auto const y = single.y();
      auto const final = single.final();
      for (int again = 0; again < 20; ++again) {
        single.run(form);
        ASSERT_TRUE(same(single.y(), y) && same(single.final(), final));
      }
      options eight = one;
      eight.batch = 8;
      instance<V> many(eight);
      auto const repeat = [](auto& to, auto const& from) {
        for (std::size_t i = 0; i < to.size(); ++i) to[i] = from[i % from.size()];
      };
      repeat(many.u, host.u), repeat(many.delta, host.delta), repeat(many.z, host.z), repeat(many.B, host.B);
      repeat(many.C, host.C), repeat(many.initial, host.initial), many.A = host.A, many.D = host.D,
                                                                  many.bias = host.bias;
      on_device<V, IO> const batch(many);
      batch.run(form);
      auto const y8 = batch.y();
      auto const final8 = batch.final();
      for (std::size_t i = 0; i < 8; ++i) {
        EXPECT_EQ(std::memcmp(y8.data() + i * y.size(), y.data(), y.size() * sizeof(IO)), 0);
        EXPECT_EQ(std::memcmp(final8.data() + i * final.size(), final.data(), final.size() * sizeof(V)), 0);
      }

      auto const p = single.problem();
      gpu::stream stream;
      gpu::memory const workspace(device::workspace_bytes(p, {.form = form}));
      cudaGraph_t graph = nullptr;
      cudaGraphExec_t runnable = nullptr;
      need_success(cudaMemset(p.y.data, 0, y.size() * sizeof(IO)), "clearing");
      need_success(cudaDeviceSynchronize(), "waiting");
      need_success(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal), "beginning a capture");
      EXPECT_NO_THROW(device::selective_scan(p, {.stream = stream, .workspace = workspace.span(), .form = form}));
      need_success(cudaStreamEndCapture(stream, &graph), "ending a capture");
      need_success(cudaGraphInstantiate(&runnable, graph, 0), "making a graph");
      need_success(cudaGraphLaunch(runnable, stream), "launching a graph");
      stream.wait();
      EXPECT_TRUE(same(single.y(), y) && same(single.final(), final));
      need_success(cudaGraphExecDestroy(runnable), "ending a graph");
      need_success(cudaGraphDestroy(graph), "ending a graph");
    }
}

// Blocks of twelve start beside the kernel before them: four calls, each gated by what the last one put out and beginning with its
// states, on a stream and from a graph without waiting, are four calls waited for. And the other kernels: several warps a channel, B
// and C copied, chunks.
TYPED_TEST(CudaSelectiveBits, CallsOneAfterAnotherAreEachWaitedFor) {
  using V = typename TypeParam::first_type;
  using IO = typename TypeParam::second_type;
  constexpr int calls = 4;
  for (auto const& [channels, time] : {std::pair<index_t, index_t>{1060, 512}, {12, 2048}, {12, 1031}, {3, 9000}})
    for (selective_form const form : forms<V>()) {
      options const o{.batch = 1, .channels = channels, .states = 4, .time = time, .initial = true};
      instance<V> host(o);
      for (V& c : host.C) c /= 64;  // else products of four outputs leave the range of float16
      for (auto& d : host.D) d /= 4;
      on_device<V, IO> const there(host);
      auto const p = there.problem();
      index_t const all = channels * time, states = channels * o.states;
      gpu::array<IO> gates(all), out(all);
      gpu::array<V> carried(states);
      gpu::stream stream;
      gpu::memory const workspace(device::workspace_bytes(p, {.form = form}));
      auto const copied = [&](auto* to, auto const* from, index_t count) {
        need_success(cudaMemcpy(to, from, size(count) * sizeof(*from), cudaMemcpyDeviceToDevice), "copying");
      };
      auto const begin = [&] {
        copied(gates.data(), p.z.data, all), copied(carried.data(), p.initial.data, states);
        need_success(cudaDeviceSynchronize(), "waiting");
      };
      auto const run = [&](bool is_waited_for) {
        auto q = p;
        q.initial = ssm::dense_state<V const>(carried.data(), channels, o.states);
        q.final = ssm::dense_state(carried.data(), channels, o.states);
        for (int k = 0; k < calls; ++k) {
          q.z.data = (k % 2 == 0 ? gates : out).data(), q.y.data = (k % 2 == 0 ? out : gates).data();
          device::selective_scan(q, {.stream = stream, .workspace = workspace.span(), .form = form});
          if (is_waited_for) stream.wait();
        }
      };
      static_assert(calls % 2 == 0, "gates has the last call's");
      begin(), run(true);
      auto const y = gates.values();
      auto const final = carried.values();
      for (IO const value : y) ASSERT_TRUE(std::isfinite(std::abs(wide(value))));
      for (int again = 0; again < 5; ++again) {
        begin(), run(false), stream.wait();
        ASSERT_TRUE(same(gates.values(), y) && same(carried.values(), final)) << channels << ", " << time;
      }
      cudaGraph_t graph = nullptr;
      cudaGraphExec_t runnable = nullptr;
      need_success(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal), "beginning a capture");
      EXPECT_NO_THROW(run(false));
      need_success(cudaStreamEndCapture(stream, &graph), "ending a capture");
      need_success(cudaGraphInstantiate(&runnable, graph, 0), "making a graph");
      begin();
      need_success(cudaGraphLaunch(runnable, stream), "launching a graph");
      stream.wait();
      EXPECT_TRUE(same(gates.values(), y) && same(carried.values(), final)) << channels << ", " << time << ", graph";
      need_success(cudaGraphExecDestroy(runnable), "ending a graph");
      need_success(cudaGraphDestroy(graph), "ending a graph");
    }
}

// fused_time gives a channel more warps where there are few channels of all batch rows: with four, two and one, and there by
// blocks of six channels and of twelve where rows are whole.
TYPED_TEST(CudaSelectiveBits, WarpsOfAChannelChangeNoBit) {
  using V = typename TypeParam::first_type;
  using IO = typename TypeParam::second_type;
  using T = typename ssm::real_part_of<V>::type;
  if (is_complex<V>) GTEST_SKIP() << "complex numbers have no fused_time";
  constexpr index_t channels = 12;
  if (std::is_same_v<V, float>) {  // double has blocks of four
    EXPECT_EQ(device::time_whole_block(45, channels, 16, sizeof(IO)).block, device::time_block::six);
    EXPECT_EQ(device::time_whole_block(100, channels, 16, sizeof(IO)).block, device::time_block::twelve);
  }
  for (auto const& [states, time] :
       {std::pair<index_t, index_t>{16, 2048}, {15, 2048}, {16, 1536}, {2, 2560}, {4, 1600}, {3, 1601}, {4, 513}}) {
    instance<V> host({.batch = 1, .channels = channels, .states = states, .time = time, .initial = true});
    std::vector<IO> y;
    std::vector<V> final;
    std::vector<index_t> parts;
    for (index_t const batch : {1, 30, 45, 100}) {
      parts.push_back(device::time_parts_of<T>(batch, channels, time));
      instance<V> many({.batch = batch, .channels = channels, .states = states, .time = time, .initial = true});
      auto const repeat = [](auto& to, auto const& from) {
        for (std::size_t i = 0; i < to.size(); ++i) to[i] = from[i % from.size()];
      };
      repeat(many.u, host.u), repeat(many.delta, host.delta), repeat(many.z, host.z), repeat(many.B, host.B);
      repeat(many.C, host.C), repeat(many.initial, host.initial), repeat(many.A, host.A), repeat(many.D, host.D);
      repeat(many.bias, host.bias);
      on_device<V, IO> const there(many);
      there.run(selective_form::fused_time);
      auto const y_here = there.y();
      auto const final_here = there.final();
      if (batch == 1) y = y_here, final = final_here;
      for (std::size_t i = 0; i < size(batch); ++i) {
        ASSERT_EQ(std::memcmp(y_here.data() + i * y.size(), y.data(), y.size() * sizeof(IO)), 0)
            << batch << ' ' << time;
        ASSERT_EQ(std::memcmp(final_here.data() + i * final.size(), final.data(), final.size() * sizeof(V)), 0);
      }
      if (batch == 1) expect_inside(many, there, "fused_time", "warps");
    }
    std::vector<index_t> const most{sizeof(T) == 8 || time <= 1024 ? 2 : 4, 2, 1, 1};
    EXPECT_EQ(parts, most);
  }
}

// Forward in its own channel only, through all chunks that follow, though the first pass never sees it.
TYPED_TEST(CudaSelectiveBits, NaNStaysInItsChannelAndGoesOn) {
  using V = typename TypeParam::first_type;
  using IO = typename TypeParam::second_type;
  using T = typename ssm::real_part_of<V>::type;
  options const o{.batch = 1, .channels = 9, .states = 3, .time = 9000};
  instance<V> host(o);
  host.u[3 * 9000 + 7] = std::numeric_limits<T>::quiet_NaN();
  on_device<V, IO> const there(host);
  for (selective_form const form : forms<V>()) {
    there.run(form);
    auto const y = there.y();
    auto const final = there.final();
    for (index_t c = 0; c < 9; ++c) {
      for (index_t t = 0; t < 9000; ++t)
        ASSERT_EQ(std::isnan(wide(y[size(c * 9000 + t)])), c == 3 && t >= 7) << c << ' ' << t;
      for (index_t n = 0; n < 3; ++n) ASSERT_EQ(std::isnan(std::real(final[size(c * 3 + n)])), c == 3);
    }
  }
}

TYPED_TEST(CudaSelectiveBits, MayWriteInPlaceOfU) {
  using V = typename TypeParam::first_type;
  using IO = typename TypeParam::second_type;
  for (selective_form const form : forms<V>())
    for (index_t const time : {100, 5000}) {
      instance<V> host({.channels = 7, .states = 8, .time = time});
      on_device<V, IO> there(host);
      there.run(form);
      auto p = there.problem();
      p.y = {const_cast<IO*>(p.u.data), p.u.shape};
      there.run(p, form);
      EXPECT_TRUE(same(there.u_memory().values(), there.y()));
    }
}

// By the whole shape; what is named does not look at it.
TEST(CudaSelectiveCall, AutomaticChoosesByShape) {
  instance<float> host({.batch = 1, .channels = 2, .states = 16, .time = 100});
  on_device<float, float> const there(host);
  auto const chosen = [&](index_t batch, index_t channels, index_t time) {  // planned only: the memory is not there
    auto p = there.problem();
    tensor_shape const shape{batch, channels, time};
    p.u = tensor_view<float const>(p.u.data, shape), p.delta = tensor_view<float const>(p.delta.data, shape);
    p.z = tensor_view<float const>(p.z.data, shape), p.y = {p.y.data, shape};
    p.y.data += index_t{1} << 40;  // which overlaps nothing
    p.A = {p.A.data, channels, 16};
    p.B = ssm::varying_coefficient(p.B.data, 1, 16, time), p.C = ssm::varying_coefficient(p.C.data, 1, 16, time);
    p.D = {}, p.delta_bias = {}, p.final = {};
    return device::plan(p);
  };
  EXPECT_EQ(chosen(1, 1536, 2048).algorithm, "fused_time");
  EXPECT_EQ(chosen(1, 1536, 2048).reason, "real, rule mamba, contiguous in time; few channels for their length");
  EXPECT_EQ(chosen(8, 2048, 2048).algorithm, "fused");
  EXPECT_EQ(chosen(8, 128, 2048).algorithm, "fused_time");
  EXPECT_EQ(chosen(1, 1536, 128).algorithm, "fused");
  EXPECT_EQ(chosen(1, 64, 1 << 20).algorithm, "fused");
  EXPECT_EQ(chosen(1, 64, 16384).algorithm, "fused_time");
  EXPECT_EQ(chosen(1, 1536, 16384).algorithm, "fused_time");
  EXPECT_EQ(chosen(1, 1536, 16385).algorithm, "fused");
  EXPECT_EQ(chosen(1, 4096, 4096).algorithm, "fused_time");
  EXPECT_EQ(chosen(1, 4096, 16384).algorithm, "fused");
}

// By the type's size and by ragged lengths too: the faster form of those that docs/experiments/selective_cuda.md has times of.
TEST(CudaSelectiveCall, AutomaticChoosesByTypeAndLength) {
  constexpr index_t of_float = 4, of_half = 2;
  EXPECT_FALSE(device::time_is_faster(7, 1024, 16, 2048, of_float));  // 0.143 for 0.145 ms
  EXPECT_TRUE(device::time_is_faster(7, 1024, 16, 2048, of_half));    // 0.131 for 0.139
  EXPECT_FALSE(device::time_is_faster(8, 1536, 16, 2048, of_half));   // 0.191 for 0.209
  EXPECT_TRUE(device::time_is_faster(1, 4096, 16, 2047, of_half));    // 0.130 for 0.207
  EXPECT_TRUE(device::time_is_faster(1, 4096, 16, 1023, of_half));    // 0.071 for 0.100
}

// Of fused_time on whole rows: what was fastest on an H200, of what fits in shared memory.
TEST(CudaSelectiveCall, BlocksAreChosenByShape) {
  using device::time_block;
  auto const chosen = [](index_t channels, index_t states, index_t step_bytes, auto... shared) {
    return device::time_whole_block(1, channels, states, step_bytes, shared...).block;
  };
  EXPECT_EQ(chosen(64, 16, 4), time_block::four);
  EXPECT_EQ(chosen(768, 16, 4), time_block::six);
  EXPECT_EQ(chosen(1024, 16, 4), time_block::twelve);
  EXPECT_EQ(chosen(1536, 16, 4), time_block::twelve);
  EXPECT_EQ(chosen(2048, 16, 2), time_block::six);
  EXPECT_EQ(chosen(3072, 16, 2), time_block::twelve);
  EXPECT_EQ(chosen(1536, 32, 2), time_block::twelve);
  EXPECT_EQ(chosen(1536, 32, 4), time_block::four);
  EXPECT_EQ(chosen(1536, 16, 4, index_t{99} << 10), time_block::four);  // a device with less of it
}

// Every chunk of every sequence has a slot of its own, as range_of deals them out; one sequence has no slot too many.
TEST(CudaSelectiveCall, SlotsAreEnough) {
  constexpr index_t chunk = 8;
  for (index_t time = 0; time <= 3 * chunk; ++time) {
    EXPECT_EQ(device::slots_of(time, 1, chunk, false), std::max<index_t>(device::in_whole(time, chunk), 1)) << time;
    for (index_t first = 0; first <= time; ++first)
      for (index_t second = first; second <= time; ++second) {
        index_t const offsets[] = {0, first, second, time};
        index_t next = 0;
        for (index_t k = 0; k < 3; ++k) {
          index_t const from = offsets[k] / chunk + k,
                        chunks = std::max<index_t>(device::in_whole(offsets[k + 1] - offsets[k], chunk), 1);
          EXPECT_GE(from, next) << time << ", " << first << ", " << second;
          next = from + chunks;
        }
        EXPECT_LE(next, device::slots_of(time, 3, chunk, true)) << time << ", " << first << ", " << second;
      }
  }
}

TEST(CudaSelectiveCall, RefusesInWords) {
  instance<float> host({.time = 5000});
  on_device<float, float> const there(host);
  auto const said = [&](auto change) {
    auto p = there.problem();
    device::selective_execution how{.form = selective_form::fused};  // which takes a workspace here
    change(p, how);
    try {
      device::selective_scan(p, how);
    } catch (std::invalid_argument const& error) { return std::string(error.what()); }
    return std::string();
  };
  using problem = selective_problem<float>;
  using execution = device::selective_execution;
  EXPECT_EQ(said([](problem& p, execution&) { p.delta.shape.time = 36; }),
            "delta: got (2, 6, 36); need (2, 6, 5000), as u");
  EXPECT_EQ(said([](problem& p, execution&) { p.A.columns = 0; }), "A: got 0 states; need at least 1");
  EXPECT_EQ(said([](problem& p, execution& how) {
              p.rule = selective_rule::zoh, how.form = selective_form::fused_time;
            }).substr(0, 39),
            "form: got fused_time; need general, or ");
  std::string const small = said([](problem&, execution&) {});
  EXPECT_EQ(small.substr(0, 26), "workspace: got 0 bytes; ne") << small;
  std::vector<index_t> const past{0, 5001};
  EXPECT_NE(said([&](problem& p, execution& how) { p.offsets = past, how.host_offsets = past; }).find("offsets"),
            std::string::npos);
  EXPECT_NE(said([&](problem& p, execution& how) { how.host_begin = past, p.z = {}; }).find("host_begin"),
            std::string::npos);
}

}  // namespace
}  // namespace ssmscan
