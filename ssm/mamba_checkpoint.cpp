#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <set>

#include <nlohmann/json.hpp>

#include <ssmscan/scan/error.hpp>
#include <ssmscan/ssm/detail/strict_json.hpp>
#include <ssmscan/ssm/io/npy.hpp>  // checked_bytes
#include <ssmscan/ssm/io/safetensors.hpp>
#include <ssmscan/ssm/mamba.hpp>

namespace ssmscan::ssm {
namespace {

using nlohmann::json;

constexpr std::size_t greatest_config_bytes = std::size_t{1} << 20;
constexpr index_t greatest_size = index_t{1} << 32;
constexpr index_t greatest_layers = 65536;
constexpr index_t greatest_model_bytes = index_t{1} << 42;

// Keys that the forward pass does not depend on: of training, of the writer, and what older writers left.
std::set<std::string> const without_effect{"architectures",
                                           "bos_token_id",
                                           "pad_token_id",
                                           "dtype",
                                           "torch_dtype",
                                           "transformers_version",
                                           "_name_or_path",
                                           "initializer_range",
                                           "rescale_prenorm_residual",
                                           "residual_in_fp32",
                                           "time_step_floor",
                                           "time_step_init_scheme",
                                           "time_step_max",
                                           "time_step_min",
                                           "time_step_scale",
                                           "use_associative_scan",
                                           "use_cache",
                                           "use_mambapy",
                                           "fused_add_norm",
                                           "n_layer",
                                           "d_model",
                                           "d_inner",
                                           "ssm_cfg",
                                           "pad_vocab_size_multiple",
                                           "conv_bias",
                                           "bias",
                                           "return_dict",
                                           "output_hidden_states",
                                           "output_attentions",
                                           "_from_model_config",
                                           "is_decoder",
                                           "chunk_size_feed_forward",
                                           "id2label",
                                           "label2id",
                                           "problem_type"};

class config_reader {
 public:
  config_reader(json const& file, std::string name) : file_(file), name_(std::move(name)) {}

  [[noreturn]] void fail(std::string const& key, std::string const& need) const {
    std::string const got = file_.contains(key) ? file_[key].dump().substr(0, 100) : "no value";
    throw_invalid(name_ + ": " + key, got, need);
  }
  index_t size(std::string const& key, index_t most) {
    known_.insert(key);
    if (!file_.contains(key) || !file_[key].is_number_unsigned() || file_[key].get<std::uint64_t>() < 1 ||
        file_[key].get<std::uint64_t>() > static_cast<std::uint64_t>(most))
      fail(key, "an integer of 1 to " + std::to_string(most));
    return file_[key].get<index_t>();
  }
  bool flag(std::string const& key, bool otherwise) {
    known_.insert(key);
    if (!file_.contains(key)) return otherwise;
    if (!file_[key].is_boolean()) fail(key, "true or false");
    return file_[key].get<bool>();
  }
  bool has(std::string const& key) {
    known_.insert(key);
    return file_.contains(key) && !file_[key].is_null();
  }
  json const& at(std::string const& key) const { return file_[key]; }
  void refuse_others() const {
    for (auto const& [key, value] : file_.items())
      if (!known_.contains(key) && !without_effect.contains(key))
        throw_invalid(name_, "key '" + key.substr(0, 100) + "'", "keys of a MambaConfig");
  }

 private:
  json const& file_;
  std::string name_;
  std::set<std::string> known_;
};

// Takes tensors out of the checkpoint one by one, each in the shape it must have; what is left over is refused.
class weights_reader {
 public:
  explicit weights_reader(tensor_files const& files) : files_(files) {}

  bool has(std::string const& name) const { return files_.contains(name); }
  std::vector<float> take(std::string const& name, std::vector<index_t> const& shape) {
    stored_tensor const& tensor = files_.at(name);
    if (tensor.shape != shape) throw_invalid(files_.source() + ": " + name, text_of(tensor.shape), text_of(shape));
    taken_.insert(name);
    return values_of<float>(tensor, files_.source() + ": " + name);
  }
  void refuse_others() const {
    for (auto const& [name, tensor] : files_.table().tensors)
      if (!taken_.contains(name))
        throw_invalid(files_.source(), "tensor '" + name + "'", "the tensors of the configuration only");
  }

 private:
  static std::string text_of(std::vector<index_t> const& shape) {
    std::string text("(");
    for (index_t const n : shape) text += (text.size() == 1 ? "" : ", ") + std::to_string(n);
    return text += ')';
  }

  tensor_files const& files_;
  std::set<std::string> taken_;
};

}  // namespace

mamba_config read_mamba_config(std::filesystem::path const& path) {
  std::string const name = path.string();
  json const file = detail::parse_strict_json(read_file(path, greatest_config_bytes), name, greatest_config_bytes);
  if (!file.is_object()) throw_invalid(name, "no object", "a MambaConfig");
  config_reader read(file, name);
  if (!read.has("model_type") || read.at("model_type") != "mamba") read.fail("model_type", "\"mamba\"");
  if (read.has("hidden_act") && read.at("hidden_act") != "silu") read.fail("hidden_act", "\"silu\"");
  if (read.has("rms_norm") && read.at("rms_norm") != true) read.fail("rms_norm", "true");
  mamba_config c;
  c.vocabulary = read.size("vocab_size", greatest_size);
  c.hidden = read.size("hidden_size", greatest_size);
  c.layers = read.size("num_hidden_layers", greatest_layers);
  c.states = read.size("state_size", greatest_size);
  c.width = read.has("conv_kernel") ? read.size("conv_kernel", 16) : 4;
  index_t const expand = read.has("expand") ? read.size("expand", 1024) : 2;
  c.inner = read.has("intermediate_size") ? read.size("intermediate_size", greatest_size) : expand * c.hidden;
  if (!read.has("time_step_rank") || read.at("time_step_rank") == "auto") {
    c.rank = (c.hidden + 15) / 16;  // "auto"
  } else {
    c.rank = read.size("time_step_rank", greatest_size);
  }
  if (read.has("layer_norm_epsilon")) {
    if (!read.at("layer_norm_epsilon").is_number()) read.fail("layer_norm_epsilon", "a number");
    c.epsilon = read.at("layer_norm_epsilon").get<double>();
    if (!(c.epsilon >= 0 && c.epsilon <= 1)) read.fail("layer_norm_epsilon", "a number of 0 to 1");
  }
  c.use_bias = read.flag("use_bias", false);
  c.use_conv_bias = read.flag("use_conv_bias", true);
  c.tied_head = read.flag("tie_word_embeddings", true);
  if (read.has("eos_token_id")) {
    json const& end = read.at("eos_token_id");
    for (json const& id : end.is_array() ? end : json::array({end})) {
      if (!id.is_number_unsigned() || id.get<std::uint64_t>() >= static_cast<std::uint64_t>(c.vocabulary))
        read.fail("eos_token_id", "an id of the vocabulary, or an array of them");
      c.end_of_text.push_back(id.get<index_t>());
    }
  }
  read.refuse_others();
  // Every size by itself is bounded; what they make together must be too, before anything is allocated.
  for (std::array<index_t, 3> const& shape : {std::array<index_t, 3>{c.vocabulary, c.hidden, 1},
                                              {c.layers, 2 * c.inner, c.hidden},
                                              {c.layers, c.inner, c.states},
                                              {c.layers, c.inner, c.rank}}) {
    if (detail::checked_bytes(shape, sizeof(float), name) > greatest_model_bytes)
      throw_invalid(name, "sizes of more than 4 TiB", "a smaller model");
  }
  return c;
}

mamba_model mamba_model::with(mamba_config const& c, mamba_weights const& weights, matrix_storage storage) {
  mamba_model model;
  model.config_ = c;
  auto const take = [&](std::string const& name, std::vector<index_t> const& shape) {
    std::vector<float> values = weights(name, shape);
    index_t size = 1;
    for (index_t const n : shape) size *= n;
    detail::require_size(name.c_str(), values.size(), size);
    model.non_finite_weights_ += std::count_if(values.begin(), values.end(), [](float w) { return !std::isfinite(w); });
    return values;
  };
  auto const take_if = [&](bool wanted, std::string const& name, std::vector<index_t> const& shape) {
    return wanted ? take(name, shape) : std::vector<float>();
  };
  auto const take_matrix = [&](std::string const& name, std::vector<index_t> const& shape) -> mamba_matrix {
    std::vector<float> values = take(name, shape);
    if (storage == matrix_storage::float32) return values;
    std::vector<bfloat16> narrow_ones(values.size());
    std::transform(values.begin(), values.end(), narrow_ones.begin(), narrow);
    return narrow_ones;
  };

  model.embedding_ = take_matrix("backbone.embeddings.weight", {c.vocabulary, c.hidden});
  for (index_t i = 0; i < c.layers; ++i) {
    std::string const layer = "backbone.layers." + std::to_string(i) + ".", mixer = layer + "mixer.";
    mamba_block b;
    b.norm = take(layer + "norm.weight", {c.hidden});
    b.in_proj = take_matrix(mixer + "in_proj.weight", {2 * c.inner, c.hidden});
    b.in_bias = take_if(c.use_bias, mixer + "in_proj.bias", {2 * c.inner});
    b.conv = take(mixer + "conv1d.weight", {c.inner, 1, c.width});
    b.conv_bias = take_if(c.use_conv_bias, mixer + "conv1d.bias", {c.inner});
    b.x_proj = take_matrix(mixer + "x_proj.weight", {c.rank + 2 * c.states, c.inner});
    b.dt_proj = take_matrix(mixer + "dt_proj.weight", {c.inner, c.rank});
    b.dt_bias = take(mixer + "dt_proj.bias", {c.inner});
    b.A = take(mixer + "A_log", {c.inner, c.states});
    for (float& a : b.A) a = -std::exp(a);
    b.D = take(mixer + "D", {c.inner});
    b.out_proj = take_matrix(mixer + "out_proj.weight", {c.hidden, c.inner});
    b.out_bias = take_if(c.use_bias, mixer + "out_proj.bias", {c.hidden});
    model.blocks_.push_back(std::move(b));
  }
  model.final_norm_ = take("backbone.norm_f.weight", {c.hidden});
  if (!c.tied_head) model.head_ = take_matrix("lm_head.weight", {c.vocabulary, c.hidden});
  return model;
}

mamba_model mamba_model::load(std::filesystem::path const& folder, matrix_storage storage) {
  mamba_config const c = read_mamba_config(folder / "config.json");
  std::filesystem::path const whole = folder / "model.safetensors", index = folder / "model.safetensors.index.json";
  std::error_code ignored;
  bool const sharded = !std::filesystem::exists(whole, ignored) && std::filesystem::exists(index, ignored);
  tensor_files const files = sharded ? read_sharded_safetensors(index) : read_safetensors(whole);
  weights_reader read(files);
  // The original code's name, where that is there.
  std::string const old_embedding = "backbone.embedding.weight", embedding = "backbone.embeddings.weight";
  auto const stored_name = [&](std::string const& name) {
    return name == embedding && read.has(old_embedding) ? old_embedding : name;
  };
  mamba_model model = with(
      c, [&](std::string const& name, auto const& shape) { return read.take(stored_name(name), shape); }, storage);
  if (c.tied_head && read.has("lm_head.weight")) {
    std::vector<index_t> const shape{c.vocabulary, c.hidden};
    auto const head = read.take("lm_head.weight", shape), table = read.take(stored_name(embedding), shape);
    if (!head.empty() && std::memcmp(head.data(), table.data(), head.size() * sizeof head[0]) != 0)  // a NaN is itself
      throw_invalid(files.source() + ": lm_head.weight", "other values than the embedding's",
                    "the same, or tie_word_embeddings false");
  }
  read.refuse_others();
  return model;
}

}  // namespace ssmscan::ssm
