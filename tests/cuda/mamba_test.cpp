// Mamba's language model on a device against transformers, on checkpoints that transformers wrote: tests/data/tiny-mamba,
// mamba-variants; its ways of running against one another; graphs bit for bit; what is refused.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>

#include "tests/cuda/gpu.hpp"
#include "tests/ssm/mamba_reference.hpp"
#include "tests/worst.hpp"
#include <gmock/gmock.h>

#include <ssmscan/ssm/cuda/layers/embedding.hpp>
#include <ssmscan/ssm/cuda/mamba_decoder.hpp>
#include <ssmscan/ssm/cuda/mamba_from_host.hpp>
#include <ssmscan/ssm/io/safetensors.hpp>

namespace ssmscan::cuda_test {
namespace {

using ssm::test::data_path;
using ssm::test::expect_close;
using ssm::test::refusal;
using ssm::test::tolerance;
using testing::HasSubstr;
using ids_list = std::vector<index_t>;
using floats = std::vector<float>;

struct checkpoint : ssm::test::mamba_reference {
  explicit checkpoint(std::string const& name, ssm::matrix_storage storage = ssm::matrix_storage::float32)
      : mamba_reference(name), host(ssm::mamba_model::load(data_path(name), storage)), model(host) {}
  ssm::mamba_model host;
  device::mamba_model model;
};

double largest_difference(floats const& a, floats const& b) {
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) worst = tests::worse(worst, std::abs(double(a[i]) - double(b[i])));
  return worst;
}
bool same_bits(floats const& a, floats const& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

// Logits of host ids, in a workspace full of NaN. `hidden`: where those states go, or none.
floats logits_of(device::mamba_model const& model, ids_list const& ids, index_t batch, device::mamba_run run = {},
                 floats* hidden = nullptr) {
  index_t const tokens = index_t(ids.size()), time = tokens / batch;
  auto const& c = model.config();
  gpu::array<index_t> const there(ids);
  gpu::array<float> out((run.outputs == ssm::mamba_outputs::last ? batch : tokens) * c.vocabulary);
  gpu::array<float> kept((c.layers + 1) * tokens * c.hidden);
  out.fill_bytes(0xff), kept.fill_bytes(0xff);
  if (hidden != nullptr) run.hidden = {kept.data(), std::size_t((c.layers + 1) * tokens * c.hidden)};
  gpu::array<std::byte> workspace(index_t(model.workspace_bytes(batch, time, run)));
  workspace.fill_bytes(0xff);
  run.workspace = {workspace.data(), model.workspace_bytes(batch, time, run)};
  run.host_ids = ids;
  gpu::stream const stream;
  run.stream = stream;
  model.logits({there.data(), ids.size()}, batch, {out.data(), out.values().size()}, run);
  stream.wait();
  if (hidden != nullptr) *hidden = kept.values();
  return out.values();
}

double loss_of(floats const& logits, ids_list const& ids, std::size_t batch, std::size_t vocabulary) {
  double loss = 0;  // cross entropy of each next id
  std::size_t const time = ids.size() / batch;
  for (std::size_t row = 0; row < batch; ++row) {
    for (std::size_t t = 0; t + 1 < time; ++t) {
      double sum = 0;
      float const* at = logits.data() + (row * time + t) * vocabulary;
      for (std::size_t v = 0; v < vocabulary; ++v) sum += std::exp(double(at[v]));
      loss += std::log(sum) - double(at[ids[row * time + t + 1]]);
    }
  }
  return loss / double(batch * (time - 1));
}

// Greedy, by the graph of a step, until `count` ids are there or an end of text.
ids_list generate(checkpoint const& one, ids_list ids, std::size_t count) {
  device::mamba_from_host text(one.host);
  text.begin(1);
  text.read(ids);
  auto const& end = one.host.config().end_of_text;
  while (ids.size() < count) {
    index_t next = 0;
    text.likeliest({&next, 1});
    ids.push_back(next);
    if (std::find(end.begin(), end.end(), next) != end.end()) break;
    text.read({&next, 1});
  }
  return ids;
}

TEST(CudaMamba, LogitsHiddenStatesAndLossOfTinyMamba) {
  checkpoint const tiny("tiny-mamba");
  ids_list const ids = tiny.ids("ids");
  device::mamba_run unfused;
  unfused.form = device::selective_form::unfused, unfused.algorithm = "blelloch";
  for (device::mamba_run const& run : {device::mamba_run{}, unfused}) {
    std::string const way = run.form == device::selective_form::unfused ? " unfused" : "";
    floats hidden;
    floats const logits = logits_of(tiny.model, ids, 2, run, &hidden);
    expect_close(logits, tiny.values("logits"), "logits" + way);
    std::size_t const each = hidden.size() / 4;
    for (std::size_t k = 0; k < 4; ++k)
      expect_close(std::span(hidden).subspan(k * each, each), tiny.values("hidden." + std::to_string(k)),
                   "hidden." + std::to_string(k) + way);
    EXPECT_NEAR(loss_of(logits, ids, 2, 97), tiny.values("loss")[0], tolerance);
    EXPECT_TRUE(same_bits(logits_of(tiny.model, ids, 2, run), logits)) << "without hidden states";
  }
}

TEST(CudaMamba, HiddenStatesOfASingleToken) {
  checkpoint const tiny("tiny-mamba");
  ids_list const ids = tiny.ids("ids");
  floats hidden, host_hidden;
  floats const logits = logits_of(tiny.model, {ids[0], ids[33]}, 2, {}, &hidden);
  ssm::mamba_run run;
  run.hidden = [&](std::span<float const> of) { host_hidden.insert(host_hidden.end(), of.begin(), of.end()); };
  floats expected(2 * 97);
  tiny.host.logits(ids_list{ids[0], ids[33]}, 2, expected, run);
  expect_close(logits, expected, "step");
  expect_close(hidden, host_hidden, "step.hidden");
}

TEST(CudaMamba, PromptsShorterThanTheConvolution) {
  checkpoint const tiny("tiny-mamba");
  ids_list const ids = tiny.ids("ids");
  expect_close(logits_of(tiny.model, {ids[0], ids[1], ids[33], ids[34]}, 2), tiny.values("short_logits"), "short");
}

TEST(CudaMamba, GreedyIdsAreTheReferences) {
  checkpoint const tiny("tiny-mamba");
  ids_list const expected = tiny.ids("generated"), ids = tiny.ids("ids");
  EXPECT_EQ(generate(tiny, {ids.begin(), ids.begin() + 5}, 5 + 24), expected);
}

TEST(CudaMamba, OtherConfigurations) {
  for (std::string const name : {"bias-rank-untied", "bfloat16-sharded", "half"}) {
    checkpoint const one("mamba-variants/" + name);
    ids_list const ids = one.ids("ids");
    expect_close(logits_of(one.model, ids, 2), one.values("logits"), name);
    ids_list const expected = one.ids("generated");
    EXPECT_EQ(generate(one, {ids.begin(), ids.begin() + 4}, expected.size()), expected) << name;
  }
}

// Rows that end within a vector, of floats and of bfloat16, so that what stands behind them is read and must be zero; more states than
// a step's groups have threads, and a rank beyond the weights that they ask for early. No checkpoint has these.
TEST(CudaMamba, SizesThatFillNoVectors) {
  ssm::mamba_config config{
      .vocabulary = 31, .hidden = 21, .layers = 2, .inner = 45, .states = 19, .width = 3, .rank = 67};
  config.use_bias = config.use_conv_bias = true, config.tied_head = false;
  for (auto const storage : {ssm::matrix_storage::float32, ssm::matrix_storage::bfloat16}) {
    std::minstd_rand random(1);
    ssm::mamba_model const host = ssm::mamba_model::with(
        config,
        [&](std::string const&, std::vector<index_t> const& shape) {
          index_t size = 1;
          for (index_t const n : shape) size *= n;
          float const most =
              shape.size() == 1 ? 1 : std::sqrt(3 / float(shape.back()));  // outputs about as large as inputs
          std::uniform_real_distribution<float> uniform(-most, most);
          floats made(static_cast<std::size_t>(size));
          for (float& x : made) x = uniform(random);
          return made;
        },
        storage);
    device::mamba_model const model(host);
    for (index_t const batch : {1, 3, 5}) {
      for (index_t const time : {1, 7}) {
        ids_list ids;
        for (index_t i = 0; i < batch * time; ++i) ids.push_back(i * 7 % config.vocabulary);
        for (auto const outputs : {ssm::mamba_outputs::all, ssm::mamba_outputs::last}) {
          floats host_hidden, hidden;
          ssm::mamba_run on_host{.outputs = outputs};
          on_host.hidden = [&](std::span<float const> of) {
            host_hidden.insert(host_hidden.end(), of.begin(), of.end());
          };
          index_t const rows = outputs == ssm::mamba_outputs::last ? batch : batch * time;
          floats expected(static_cast<std::size_t>(rows * config.vocabulary));
          host.logits(ids, batch, expected, on_host);
          device::mamba_run run;
          run.outputs = outputs;
          std::string const what = std::to_string(batch) + " x " + std::to_string(time);
          expect_close(logits_of(model, ids, batch, run), expected, what);
          expect_close(logits_of(model, ids, batch, run, &hidden), expected, what + " with hidden");
          expect_close(hidden, host_hidden, what + " hidden");
        }
      }
    }
  }
}

// A cache carries everything: cut at any place, and token by token. cuBLAS sums by the number of tokens: close, not equal.
TEST(CudaMamba, PrefillAndStepsAreOneRun) {
  for (std::string const name : {"tiny-mamba", "mamba-variants/bias-rank-untied"}) {
    checkpoint const one(name);
    ids_list const ids = one.ids("ids");
    std::size_t const time = ids.size() / 2;
    ids_list const row(ids.begin(), ids.begin() + long(time));
    floats const whole = logits_of(one.model, row, 1);
    for (std::size_t cut = 0; cut <= time; ++cut) {
      device::mamba_cache cache = one.model.make_cache(1);
      floats pieces;
      auto const piece = [&](std::size_t begin, std::size_t end) {
        if (begin == end) return;
        device::mamba_run run;
        run.cache = &cache;
        floats const part = logits_of(one.model, {row.begin() + long(begin), row.begin() + long(end)}, 1, run);
        pieces.insert(pieces.end(), part.begin(), part.end());
      };
      if (cut == 0) {
        for (std::size_t t = 0; t < time; ++t) piece(t, t + 1);
      } else {
        piece(0, cut);
        piece(cut, time);
      }
      expect_close(pieces, whole, name + " cut at " + std::to_string(cut));
    }
  }
}

// Also the cache that it leaves is the CPU's, and what is wanted of the last token alone is that.
TEST(CudaMamba, CacheAndLastTokenAreTheHosts) {
  checkpoint const tiny("tiny-mamba");
  ids_list const ids = tiny.ids("ids");
  ssm::mamba_cache expected = tiny.host.make_cache(2);
  device::mamba_cache cache = tiny.model.make_cache(2);
  floats last(2 * 97);
  tiny.host.logits(ids, 2, last, {.outputs = ssm::mamba_outputs::last, .cache = &expected});
  device::mamba_run run;
  run.outputs = ssm::mamba_outputs::last, run.cache = &cache;
  expect_close(logits_of(tiny.model, ids, 2, run), last, "last");
  auto const taken = [](std::span<float> of) {
    floats made(of.size());
    need_success(cudaMemcpy(made.data(), of.data(), of.size_bytes(), cudaMemcpyDeviceToHost), "copying");
    return made;
  };
  for (index_t block = 0; block < 3; ++block) {
    expect_close(taken(cache.conv(block)), expected.conv[std::size_t(block)], "conv");
    expect_close(taken(cache.state(block)), expected.state[std::size_t(block)], "state");
  }
  cache.clear();
  floats const cleared = taken(cache.state(1));
  EXPECT_EQ(cleared, floats(cleared.size()));
}

// A step's bits do not depend on the sequences beside; more of them than a step takes go by the scan.
TEST(CudaMamba, BatchesOfSteps) {
  checkpoint const tiny("tiny-mamba");
  ids_list const first{3, 14, 15, 92, 65}, second{35, 89, 79, 32, 38};
  for (index_t batch = 1; batch <= 5; ++batch) {
    device::mamba_cache together = tiny.model.make_cache(batch);
    std::vector<device::mamba_cache> alone;
    for (index_t i = 0; i < batch; ++i) alone.push_back(tiny.model.make_cache(1));
    for (ids_list const& ids : {first, second}) {
      device::mamba_run run;
      run.cache = &together;
      floats const got = logits_of(tiny.model, {ids.begin(), ids.begin() + batch}, batch, run);
      for (index_t i = 0; i < batch; ++i) {
        run.cache = &alone[std::size_t(i)];
        floats const one = logits_of(tiny.model, {ids[std::size_t(i)]}, 1, run);
        floats const row(got.begin() + i * 97, got.begin() + (i + 1) * 97);
        if (batch <= 4) { EXPECT_TRUE(same_bits(row, one)) << batch << " row " << i; }
        expect_close(row, one, "row");
      }
    }
  }
}

TEST(CudaMamba, MatricesKeptInBfloat16) {
  checkpoint const tiny("tiny-mamba"), kept("tiny-mamba", ssm::matrix_storage::bfloat16);
  EXPECT_LT(kept.model.bytes_per_token(), tiny.model.bytes_per_token() * 3 / 4);
  for (ids_list const& ids : {ids_list{5}, ids_list{1, 2, 3}, tiny.ids("ids")}) {
    floats expected(ids.size() * 97);
    kept.host.logits(ids, 1, expected);
    floats const got = logits_of(kept.model, ids, 1);
    expect_close(got, expected, "bfloat16");
    // Other weights than the float's: what is compared above is not what rounding hides.
    EXPECT_GT(largest_difference(got, logits_of(tiny.model, ids, 1)), 10 * tolerance);
  }
}

// A call does nothing that a capture forbids, and its graph gives its bits each time.
TEST(CudaMamba, AGraphGivesTheBitsOfTheCall) {
  checkpoint const tiny("tiny-mamba");
  for (ids_list const& ids : {tiny.ids("ids"), ids_list{7, 11}}) {
    device::mamba_cache cache = tiny.model.make_cache(2);
    device::mamba_run run;
    run.cache = &cache;
    floats const expected = logits_of(tiny.model, ids, 2, run);
    gpu::array<index_t> const there(ids);
    gpu::array<float> out(index_t(ids.size()) * 97);
    std::size_t const bytes = tiny.model.workspace_bytes(2, index_t(ids.size()) / 2, run);
    gpu::array<std::byte> workspace{index_t(bytes)};
    gpu::stream const stream;
    run.stream = stream, run.workspace = {workspace.data(), bytes};
    cudaGraph_t graph = nullptr;
    cudaGraphExec_t ready = nullptr;
    need_success(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal), "capturing");
    cache.clear(stream);
    tiny.model.logits({there.data(), ids.size()}, 2, {out.data(), ids.size() * 97}, run);
    need_success(cudaStreamEndCapture(stream, &graph), "capturing");
    need_success(cudaGraphInstantiate(&ready, graph, 0), "capturing");
    for (int replay = 0; replay < 3; ++replay) {
      out.fill_bytes(0xff), workspace.fill_bytes(0xff);
      need_success(cudaGraphLaunch(ready, stream), "replaying");
      stream.wait();
      EXPECT_TRUE(same_bits(out.values(), expected)) << "replay " << replay;
    }
    (void)cudaGraphExecDestroy(ready), (void)cudaGraphDestroy(graph);
  }
}

// Twelve tokens without the host between: the ids and bits of calls. Of two sequences by the kernels of a step, of five by the products and
// the scan, which are captured by a model that has made no call yet.
TEST(CudaMamba, TheDecoderIsCallsAndTheGreatest) {
  constexpr std::size_t vocabulary = 97;
  constexpr int steps = 12;
  for (ids_list const& begin : {ids_list{9, 40}, ids_list{9, 40, 3, 96, 0}}) {
    checkpoint const tiny("tiny-mamba");
    gpu::stream const stream;
    std::size_t const batch = begin.size();
    auto const sequences = static_cast<index_t>(batch);
    device::mamba_cache cache = tiny.model.make_cache(sequences), called = tiny.model.make_cache(sequences);
    device::mamba_decoder decoder(tiny.model, cache, stream);
    need_success(
        cudaMemcpyAsync(decoder.ids().data(), begin.data(), batch * sizeof(index_t), cudaMemcpyHostToDevice, stream),
        "copying");
    for (int k = 0; k < steps; ++k) decoder.step();
    stream.wait();
    ids_list ids = begin;
    floats expected;
    for (int k = 0; k < steps; ++k) {
      device::mamba_run run;
      run.cache = &called;
      expected = logits_of(tiny.model, ids, sequences, run);
      for (std::size_t i = 0; i < batch; ++i) {
        auto const row = expected.begin() + static_cast<std::ptrdiff_t>(i * vocabulary);
        ids[i] = std::max_element(row, row + vocabulary) - row;
      }
    }
    floats got(batch * vocabulary);
    ids_list got_ids(batch);
    need_success(cudaMemcpy(got.data(), decoder.logits().data(), got.size() * sizeof(float), cudaMemcpyDeviceToHost),
                 "copying");
    need_success(cudaMemcpy(got_ids.data(), decoder.ids().data(), batch * sizeof(index_t), cudaMemcpyDeviceToHost),
                 "copying");
    EXPECT_TRUE(same_bits(got, expected)) << batch << " sequences";
    EXPECT_EQ(got_ids, ids) << batch << " sequences";
  }
}

TEST(CudaMamba, ATextTellsOfWhatItRead) {
  checkpoint const tiny("tiny-mamba");
  device::mamba_from_host text(tiny.host);
  ids_list const ids{1, 2, 3};
  ids_list next(1);
  floats last(97);
  EXPECT_THAT(refusal([&] { text.read(ids); }), HasSubstr("a call of begin before"));
  text.begin(1);
  EXPECT_THAT(refusal([&] { text.last_logits(last); }), HasSubstr("out: got nothing to tell"));
  text.read(ids);
  text.last_logits(last);
  text.likeliest(next);
  EXPECT_EQ(next[0], std::max_element(last.begin(), last.end()) - last.begin());
  text.begin(1);
  EXPECT_THAT(refusal([&] { text.likeliest(next); }), HasSubstr("ids: got nothing to tell"));
}

TEST(CudaMamba, AnIdThatIsNoneMakesItsSequenceNaNAndNothingElse) {
  checkpoint const tiny("tiny-mamba");
  ids_list const good{1, 2, 3, 4, 5, 6};
  floats const expected = logits_of(tiny.model, good, 2);
  gpu::array<index_t> const there(ids_list{1, 2, 3, 4, 97, 6});
  gpu::array<float> out(6 * 97);
  gpu::memory const workspace(tiny.model.workspace_bytes(2, 3));
  device::mamba_run run;
  run.workspace = workspace.span();
  tiny.model.logits({there.data(), 6}, 2, {out.data(), 6 * 97}, run);
  floats const got = out.values();
  EXPECT_TRUE(same_bits({got.begin(), got.begin() + 4 * 97}, {expected.begin(), expected.begin() + 4 * 97}));
  for (std::size_t i = 4 * 97; i < got.size(); ++i) ASSERT_TRUE(std::isnan(got[i])) << i;
}

TEST(CudaMamba, NothingToDo) {
  checkpoint const tiny("tiny-mamba");
  device::mamba_cache cache = tiny.model.make_cache(1);
  device::mamba_run run;
  run.cache = &cache;
  EXPECT_EQ(tiny.model.workspace_bytes(1, 0, run), 0u);
  tiny.model.logits({}, 1, {}, run);
  need_success(cudaDeviceSynchronize(), "doing nothing");
}

TEST(CudaMamba, RefusesCallsOfOtherShapes) {
  checkpoint const tiny("tiny-mamba");
  device::mamba_model const& model = tiny.model;
  gpu::array<index_t> const there(ids_list{1, 2, 3, 4});
  gpu::array<float> const out(4 * 97);
  std::span<index_t const> const ids(there.data(), 4);
  std::span<float> const all(out.data(), 4 * 97);
  std::size_t const bytes = model.workspace_bytes(1, 4);
  gpu::memory const workspace(bytes + 256);
  device::mamba_run run;
  run.workspace = workspace.span();
  EXPECT_THAT(refusal([&] { model.logits(ids.first(3), 2, all, run); }), HasSubstr("batch: got 2"));
  EXPECT_THAT(refusal([&] { model.logits(ids, 0, all, run); }), HasSubstr("batch: got 0"));
  EXPECT_THAT(refusal([&] { model.logits(ids.first(3), 1, all, run); }), HasSubstr("out: got 388"));
  EXPECT_EQ(refusal([&] {
              model.logits({static_cast<index_t const*>(nullptr), 4}, 1, all, run);
            }),
            "ids: got a null pointer; need device memory");
  EXPECT_EQ(refusal([&] {
              model.logits(ids, 1, {static_cast<float*>(nullptr), 4 * 97}, run);
            }),
            "out: got a null pointer; need device memory");
  ids_list const wrong{1, 2, 3, 97};
  run.host_ids = wrong;
  EXPECT_EQ(refusal([&] { model.logits(ids, 1, all, run); }), "ids[3]: got 97; need an id of 0 to 96");
  run.host_ids = std::span(wrong).first(3);
  EXPECT_THAT(refusal([&] { model.logits(ids, 1, all, run); }), HasSubstr("host_ids: got 3"));
  run.host_ids = {};
  device::mamba_cache cache = model.make_cache(2);
  run.cache = &cache;
  EXPECT_THAT(refusal([&] { model.logits(ids, 1, all, run); }), HasSubstr("cache: got one of another model or batch"));
  run.cache = nullptr;
  run.hidden = all;
  EXPECT_THAT(refusal([&] { model.logits(ids, 1, all, run); }), HasSubstr("hidden: got 388"));
  run.hidden = {};
  run.workspace = workspace.span().first(bytes - 1);
  EXPECT_THAT(refusal([&] { model.logits(ids, 1, all, run); }),
              HasSubstr("workspace: got " + std::to_string(bytes - 1)));
  run.workspace = workspace.span().subspan(4);
  EXPECT_THAT(refusal([&] { model.logits(ids, 1, all, run); }), HasSubstr("no multiple of 256"));
  run.workspace = workspace.span(), run.form = device::selective_form::unfused, run.algorithm = "fast";
  EXPECT_THAT(refusal([&] { model.logits(ids, 1, all, run); }), HasSubstr("fast"));
  run = {.outputs = ssm::mamba_outputs::last};
  EXPECT_THAT(refusal([&] { model.logits({}, 1, {}, run); }), HasSubstr("ids: got no ids"));
  ssm::mamba_config wide = tiny.host.config();
  wide.width = 17;
  device::mamba_model const too_wide(ssm::mamba_model::with(wide, [](auto const&, auto const& shape) {
    index_t size = 1;
    for (index_t const n : shape) size *= n;
    return floats(static_cast<std::size_t>(size));
  }));
  for (index_t const tokens : {1, 4})
    EXPECT_THAT(
        refusal([&] { too_wide.logits(ids.first(std::size_t(tokens)), 1, all.first(std::size_t(tokens * 97)), {}); }),
        HasSubstr("weight: got a width of 17; need 1 to 16"));
  EXPECT_THAT(refusal([&] { (void)model.make_cache(-1); }), HasSubstr("batch: got -1"));
  EXPECT_THAT(refusal([&] { device::mamba_decoder(model, cache, nullptr); }), HasSubstr("stream"));
  need_success(cudaDeviceSynchronize(), "refusing");
}

}  // namespace
}  // namespace ssmscan::cuda_test
