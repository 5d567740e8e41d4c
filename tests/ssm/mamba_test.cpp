// Mamba's language model against transformers, on checkpoints that transformers wrote: tests/data/tiny-mamba, mamba-variants.
#include <cmath>
#include <cstring>
#include <fstream>
#include <set>

#include "tests/ssm/mamba_reference.hpp"
#include "tests/worst.hpp"
#include <gmock/gmock.h>

#include <ssmscan/ssm/io/safetensors.hpp>
#include <ssmscan/ssm/mamba.hpp>

namespace ssmscan::ssm {
namespace {

using test::data_path;
using test::expect_close;
using test::refusal;
using test::tolerance;
using testing::HasSubstr;

struct checkpoint : test::mamba_reference {
  explicit checkpoint(std::string const& name) : mamba_reference(name), model(mamba_model::load(data_path(name))) {}
  mamba_model model;
};

std::vector<float> logits_of(mamba_model const& model, std::vector<index_t> const& ids, index_t batch,
                             mamba_run const& run = {}) {
  std::vector<float> out(ids.size() * std::size_t(model.config().vocabulary));
  model.logits(ids, batch, out, run);
  return out;
}

index_t greatest(std::span<float const> logits) {
  return std::max_element(logits.begin(), logits.end()) - logits.begin();
}

// Greedy, token by token, until `count` ids are there or an end of text.
std::vector<index_t> generate(mamba_model const& model, std::vector<index_t> ids, std::size_t count) {
  mamba_cache cache = model.make_cache(1);
  mamba_run const run{.outputs = mamba_outputs::last, .cache = &cache};
  std::vector<float> out(std::size_t(model.config().vocabulary));
  model.logits(ids, 1, out, run);
  while (ids.size() < count) {
    index_t const next = greatest(out);
    ids.push_back(next);
    auto const& end = model.config().end_of_text;
    if (std::find(end.begin(), end.end(), next) != end.end()) break;
    model.logits(std::span(&next, 1), 1, out, run);
  }
  return ids;
}

TEST(Mamba, LogitsHiddenStatesAndLossOfTinyMamba) {
  checkpoint const tiny("tiny-mamba");
  std::vector<index_t> const ids = tiny.ids("ids");
  for (selective_mode const mode : {selective_mode::fused, selective_mode::unfused, selective_mode::recurrence}) {
    std::size_t seen = 0;
    mamba_run run;
    run.scan.mode = mode;
    run.hidden = [&](std::span<float const> hidden) {
      // The last one that transformers gives is after the norm; the one before it, after the last block, comes as well.
      std::string const name = "hidden." + std::to_string(seen++);
      expect_close(hidden, tiny.values(name), name);
    };
    std::vector<float> const logits = logits_of(tiny.model, ids, 2, run);
    EXPECT_EQ(seen, 4u);
    expect_close(logits, tiny.values("logits"), "logits " + std::string(name_of(mode)));

    double loss = 0;  // cross entropy of each next id
    std::size_t const vocabulary = 97, time = 33;
    for (std::size_t row = 0; row < 2; ++row) {
      for (std::size_t t = 0; t + 1 < time; ++t) {
        double sum = 0;
        float const* at = logits.data() + (row * time + t) * vocabulary;
        for (std::size_t v = 0; v < vocabulary; ++v) sum += std::exp(double(at[v]));
        loss += std::log(sum) - double(at[ids[row * time + t + 1]]);
      }
    }
    EXPECT_NEAR(loss / (2 * (time - 1)), tiny.values("loss")[0], tolerance);
  }
}

TEST(Mamba, PromptsShorterThanTheConvolution) {
  checkpoint const tiny("tiny-mamba");
  std::vector<index_t> const ids = tiny.ids("ids");
  std::vector<index_t> const two{ids[0], ids[1], ids[33], ids[34]};
  expect_close(logits_of(tiny.model, two, 2), tiny.values("short_logits"), "short");
}

TEST(Mamba, GreedyIdsAreTheReferences) {
  checkpoint const tiny("tiny-mamba");
  std::vector<index_t> const expected = tiny.ids("generated"), ids = tiny.ids("ids");
  EXPECT_EQ(generate(tiny.model, {ids.begin(), ids.begin() + 5}, 5 + 24), expected);
}

TEST(Mamba, OtherConfigurations) {
  for (std::string const name : {"bias-rank-untied", "bfloat16-sharded", "half"}) {
    checkpoint const one("mamba-variants/" + name);
    std::vector<index_t> const ids = one.ids("ids");
    expect_close(logits_of(one.model, ids, 2), one.values("logits"), name);
    std::vector<index_t> const expected = one.ids("generated");
    EXPECT_EQ(generate(one.model, {ids.begin(), ids.begin() + 4}, expected.size()), expected) << name;
  }
}

// A cache carries everything: cut at any place, and token by token, the logits are those of one run. Products of a few
// rows and of many are summed in another order, so they are close, not equal.
TEST(Mamba, PrefillAndStepsAreOneRun) {
  checkpoint const tiny("tiny-mamba");
  std::vector<index_t> const ids = tiny.ids("ids");
  std::vector<index_t> const row(ids.begin(), ids.begin() + 33);
  std::vector<float> const whole = logits_of(tiny.model, row, 1);
  for (std::size_t cut = 0; cut <= row.size(); ++cut) {
    mamba_cache cache = tiny.model.make_cache(1);
    mamba_run const run{.cache = &cache};
    std::vector<float> pieces;
    auto const piece = [&](std::size_t begin, std::size_t end) {
      auto const part = logits_of(tiny.model, {row.begin() + long(begin), row.begin() + long(end)}, 1, run);
      pieces.insert(pieces.end(), part.begin(), part.end());
    };
    if (cut == 0) {
      for (std::size_t t = 0; t < row.size(); ++t) piece(t, t + 1);
    } else {
      piece(0, cut);
      piece(cut, row.size());
    }
    expect_close(pieces, whole, "cut at " + std::to_string(cut));
  }
}

// Matrices kept in bfloat16 are the rounded matrices in float, bit for bit.
TEST(Mamba, MatricesKeptInBfloat16) {
  checkpoint const tiny("tiny-mamba");
  tensor_files const stored = read_safetensors(data_path("tiny-mamba/model.safetensors"));
  auto const rounded = [&](std::string const& name, std::vector<index_t> const&) {
    std::vector<float> values = values_of<float>(stored.at(name), name);
    bool const matrix = name.find("proj.weight") != name.npos || name.find("embeddings") != name.npos;
    if (matrix) std::transform(values.begin(), values.end(), values.begin(), [](float w) { return widen(narrow(w)); });
    return values;
  };
  mamba_model const kept = mamba_model::load(data_path("tiny-mamba"), matrix_storage::bfloat16);
  mamba_model const wide = mamba_model::with(tiny.model.config(), rounded);
  EXPECT_LT(kept.bytes_per_token(), wide.bytes_per_token() * 3 / 4);
  for (std::vector<index_t> const& ids : {std::vector<index_t>{1, 2, 3}, tiny.ids("ids")}) {
    EXPECT_EQ(logits_of(kept, ids, 1), logits_of(wide, ids, 1));
    EXPECT_NE(logits_of(kept, ids, 1), logits_of(tiny.model, ids, 1));
  }
}

TEST(Mamba, WeightsOfAnySource) {
  checkpoint const tiny("tiny-mamba");
  tensor_files const stored = read_safetensors(data_path("tiny-mamba/model.safetensors"));
  std::set<std::string> asked;
  auto const weights = [&](std::string const& name, std::vector<index_t> const& shape) {
    EXPECT_TRUE(asked.insert(name).second) << name << " twice";
    EXPECT_EQ(stored.at(name).shape, shape) << name;
    return values_of<float>(stored.at(name), name);
  };
  mamba_model const same = mamba_model::with(tiny.model.config(), weights);
  EXPECT_EQ(asked.size(), stored.table().tensors.size());
  EXPECT_EQ(logits_of(same, {5, 6, 7}, 1), logits_of(tiny.model, {5, 6, 7}, 1));
  EXPECT_EQ(same.non_finite_weights(), 0);
  auto const with_holes = [&](std::string const& name, std::vector<index_t> const&) {
    std::vector<float> values = values_of<float>(stored.at(name), name);
    if (name == "backbone.norm_f.weight") values[0] = NAN, values[5] = -INFINITY;
    return values;
  };
  EXPECT_EQ(mamba_model::with(tiny.model.config(), with_holes).non_finite_weights(), 2);
  EXPECT_THAT(refusal([&] {
                mamba_model::with(tiny.model.config(), [](auto const&, auto const&) { return std::vector<float>(3); });
              }),
              HasSubstr("backbone.embeddings.weight: got 3 elements; need 4656"));
}

// A copy of tiny-mamba's folder, one thing in it changed.
class changed_model {
 public:
  changed_model() {
    for (std::string const file : {"config.json", "model.safetensors"})
      std::filesystem::copy_file(data_path("tiny-mamba/" + file), folder_ / file);
  }
  void config(std::string const& from, std::string const& to) const {
    std::vector<std::byte> const bytes = read_file(data_path("tiny-mamba/config.json"));
    std::string text(reinterpret_cast<char const*>(bytes.data()), bytes.size());
    std::size_t const at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    write_file(folder_ / "config.json", text.replace(at, from.size(), to), existing_file::replace);
  }
  void tensors(std::function<void(tensor_table&)> const& change) const {
    tensor_files const read = read_safetensors(data_path("tiny-mamba/model.safetensors"));
    tensor_table table = read.table();
    change(table);
    write_safetensors(folder_ / "model.safetensors", table, existing_file::replace);
  }
  std::string said() const {
    return refusal([&] { mamba_model::load(folder_.path()); });
  }
  mamba_model load() const { return mamba_model::load(folder_.path()); }

 private:
  test::scratch_folder folder_;
};

TEST(Mamba, BothSpellingsOfTheEmbeddingAndATiedHeadInTheFile) {
  changed_model const other;
  other.tensors([](tensor_table& t) {
    auto node = t.tensors.extract("backbone.embeddings.weight");
    t.tensors["lm_head.weight"] = node.mapped();
    node.key() = "backbone.embedding.weight";
    t.tensors.insert(std::move(node));
  });
  checkpoint const tiny("tiny-mamba");
  EXPECT_EQ(logits_of(other.load(), {1, 2, 3}, 1), logits_of(tiny.model, {1, 2, 3}, 1));
  std::vector<float> const zeros(97 * 48);
  other.tensors([&](tensor_table& t) { t.tensors["lm_head.weight"] = view_of<float>({97, 48}, zeros); });
  EXPECT_THAT(other.said(), HasSubstr("lm_head.weight: got other values"));
}

TEST(Mamba, RefusesConfigurationsByTheirKey) {
  std::vector<std::array<std::string, 3>> const table{
      {"\"vocab_size\": 97", "\"vocab_size\": 97.0", "vocab_size: got 97.0; need an integer of 1"},
      {"\"vocab_size\": 97", "\"vocab_size\": 0", "vocab_size: got 0"},
      {"\"vocab_size\": 97", "\"vocab_size\": -97", "vocab_size: got -97"},
      {"\"vocab_size\": 97", "\"vocab_size\": \"97\"", "vocab_size: got \"97\""},
      {"\"vocab_size\": 97", "\"vocab_size\": 18446744073709551616", "vocab_size"},
      {"\"vocab_size\": 97", "\"vocab_size\": 96", "embeddings.weight: got (97, 48); need (96, 48)"},
      {"\"hidden_size\": 48", "\"hidden_size\": 4294967296", "4 TiB"},
      {"\"state_size\": 8,", "", "state_size: got no value"},
      {"\"state_size\": 8", "\"state_size\": 9", "x_proj.weight: got (19, 96); need (21, 96)"},
      {"\"num_hidden_layers\": 3", "\"num_hidden_layers\": 2", "tensor 'backbone.layers.2."},
      {"\"num_hidden_layers\": 3", "\"num_hidden_layers\": 4", "no tensor 'backbone.layers.3.norm.weight'"},
      {"\"time_step_rank\": 3", "\"time_step_rank\": \"any\"", "time_step_rank"},
      {"\"use_bias\": false", "\"use_bias\": true", "no tensor 'backbone.layers.0.mixer.in_proj.bias'"},
      {"\"use_bias\": false", "\"use_bias\": 0", "use_bias: got 0; need true or false"},
      {"\"use_conv_bias\": true", "\"use_conv_bias\": false", "tensor 'backbone.layers.0.mixer.conv1d.bias'"},
      {"\"tie_word_embeddings\": true", "\"tie_word_embeddings\": false", "no tensor 'lm_head.weight'"},
      {"\"hidden_act\": \"silu\"", "\"hidden_act\": \"gelu\"", "hidden_act: got \"gelu\""},
      {"\"model_type\": \"mamba\"", "\"model_type\": \"mamba2\"", "model_type: got \"mamba2\""},
      {"\"layer_norm_epsilon\": 1e-05", "\"layer_norm_epsilon\": -1", "layer_norm_epsilon"},
      {"\"layer_norm_epsilon\": 1e-05", "\"layer_norm_epsilon\": NaN", "JSON text"},
      {"\"eos_token_id\": 0", "\"eos_token_id\": 97", "eos_token_id: got 97"},
      {"\"vocab_size\": 97", "\"vocab_size\": 97, \"vocab_size\": 97", "key 'vocab_size' twice"},
      {"\"vocab_size\": 97", "\"vocab_size\": 97, \"more\": 1", "key 'more'"},
      {"\"vocab_size\": 97\n}", "\"vocab_size\": 97\n", "JSON text"},
  };
  changed_model const one;
  for (auto const& [from, to, said] : table) {
    one.config(from, to);
    EXPECT_THAT(one.said(), HasSubstr(said)) << to;
  }
}

TEST(Mamba, RefusesTensorsOfOtherTypesAndCallsOfOtherShapes) {
  changed_model const one;
  std::vector<double> const doubles(48);
  one.tensors([&](tensor_table& t) { t.tensors["backbone.norm_f.weight"] = view_of<double>({48}, doubles); });
  EXPECT_THAT(one.said(), HasSubstr("backbone.norm_f.weight: got F64"));

  checkpoint const tiny("tiny-mamba");
  std::vector<float> out(97 * 4);
  std::vector<index_t> const ids{1, 2, 3, 97};
  EXPECT_EQ(refusal([&] { tiny.model.logits(ids, 1, out); }), "ids[3]: got 97; need an id of 0 to 96");
  EXPECT_THAT(refusal([&] { tiny.model.logits(std::span(ids).first(3), 2, out); }), HasSubstr("batch: got 2"));
  EXPECT_THAT(refusal([&] { tiny.model.logits(std::span(ids).first(3), 1, out); }), HasSubstr("out: got 388"));
  mamba_cache cache = tiny.model.make_cache(2);
  EXPECT_THAT(
      refusal([&] { tiny.model.logits(std::span(ids).first(3), 1, std::span(out).first(291), {.cache = &cache}); }),
      HasSubstr("cache"));
}

}  // namespace
}  // namespace ssmscan::ssm
