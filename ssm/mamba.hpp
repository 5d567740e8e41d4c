#pragma once
// Mamba's language model (Gu & Dao 2023), as Hugging Face's checkpoints hold it: an embedding, blocks that each add to the
// residual stream, a norm and a head. One block: RMS norm; in_proj to x and z; causal_conv1d and silu of x; from it, by
// x_proj and dt_proj, the step, B and C of a selective scan of x; gate silu(z); out_proj.
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include <ssmscan/ssm/export.hpp>
#include <ssmscan/ssm/io/half_floats.hpp>
#include <ssmscan/ssm/selective_scan.hpp>

namespace ssmscan::ssm {

struct mamba_config {
  index_t vocabulary = 0, hidden = 0, layers = 0;
  index_t inner = 0;   // channels of the scan
  index_t states = 0;  // of each channel
  index_t width = 0;   // of the convolution
  index_t rank = 0;    // of the step's projection
  double epsilon = 1e-5;
  bool use_bias = false, use_conv_bias = true, tied_head = true;
  std::vector<index_t> end_of_text{};  // ids at which generation ends
};

// config.json of MambaForCausalLM. Strict JSON; a key that it does not know, a missing size, a number out of range:
// std::invalid_argument.
SSMSCAN_SSM_EXPORT mamba_config read_mamba_config(std::filesystem::path const& path);

// How a model keeps its matrices in memory. Decoding takes the time of reading them: half as long from bfloat16, to which a
// float is rounded (to nearest, ties to even). Norms, biases, the convolution, A and D are floats in any case.
enum class matrix_storage { float32, bfloat16 };
using mamba_matrix = std::variant<std::vector<float>, std::vector<bfloat16>>;

// Row-major, as stored.
struct mamba_block {
  std::vector<float> norm;             // (hidden)
  mamba_matrix in_proj;                // (2 inner, hidden)
  std::vector<float> in_bias;          // (2 inner)
  std::vector<float> conv, conv_bias;  // (inner, width), (inner)
  mamba_matrix x_proj;                 // (rank + 2 states, inner)
  mamba_matrix dt_proj;                // (inner, rank)
  std::vector<float> dt_bias;          // (inner)
  std::vector<float> A;                // (inner, states): -exp(A_log)
  std::vector<float> D;                // (inner)
  mamba_matrix out_proj;               // (hidden, inner)
  std::vector<float> out_bias;         // (hidden)
};

// Where the weights come from: the values of the tensor of a checkpoint's name, of this shape.
using mamba_weights = std::function<std::vector<float>(std::string const& name, std::vector<index_t> const& shape)>;

// What each sequence of a batch carries from token to token.
struct mamba_cache {
  index_t batch = 0;
  std::vector<std::vector<float>> conv;   // per block: (batch, inner, width - 1)
  std::vector<std::vector<float>> state;  // per block: (batch, inner, states)
};

enum class mamba_outputs { all, last };  // logits of every token, or of the last one of each sequence

struct mamba_run {
  mamba_outputs outputs = mamba_outputs::all;
  mamba_cache* cache = nullptr;  // in and out; none: each sequence starts from rest
  selective_execution scan{};
  // Called after each block with the residual stream, (batch x time, hidden), and after the last norm: layers + 1 times.
  std::function<void(std::span<float const>)> hidden{};
};

class mamba_model {
 public:
  // `folder`: config.json, and model.safetensors or model.safetensors.index.json with its shards; F32, BF16 or F16 weights,
  // widened to float. Every tensor must be there in the shape that the configuration says, and no other:
  // std::invalid_argument.
  SSMSCAN_SSM_EXPORT static mamba_model load(std::filesystem::path const& folder,
                                             matrix_storage storage = matrix_storage::float32);
  // The same with weights of any source, asked for each tensor once; lm_head.weight only where the head is not tied.
  SSMSCAN_SSM_EXPORT static mamba_model with(mamba_config const& config, mamba_weights const& weights,
                                             matrix_storage storage = matrix_storage::float32);

  mamba_config const& config() const { return config_; }
  // How many weights were NaN or infinite as they came, which a checkpoint is not refused for.
  index_t non_finite_weights() const { return non_finite_weights_; }
  // Bytes of the weights that a token reads whole: all but the embedding, where that is not the head too.
  SSMSCAN_SSM_EXPORT std::size_t bytes_per_token() const;
  SSMSCAN_SSM_EXPORT mamba_cache make_cache(index_t batch) const;

  // The weights, for what computes with them elsewhere.
  mamba_matrix const& embedding() const { return embedding_; }
  std::vector<mamba_block> const& blocks() const { return blocks_; }
  std::vector<float> const& final_norm() const { return final_norm_; }
  SSMSCAN_SSM_EXPORT mamba_matrix const& head() const;  // the embedding where it is tied

  // ids (batch, time); out (batch, time, vocabulary), or (batch, vocabulary) for outputs = last (time at least 1 then).
  // Prefill and then token by token with a cache is the same function as one run. All in float, the norms' sums in double.
  // std::invalid_argument for ids outside the vocabulary and shapes that do not fit, before the cache is touched.
  SSMSCAN_SSM_EXPORT void logits(std::span<index_t const> ids, index_t batch, std::span<float> out,
                                 mamba_run const& run = {}) const;

 private:
  mamba_model() = default;
  void block(mamba_block const& weights, std::size_t layer, index_t batch, index_t time, std::vector<float>& residual,
             mamba_run const& run) const;

  mamba_config config_;
  mamba_matrix embedding_;  // (vocabulary, hidden)
  std::vector<mamba_block> blocks_;
  std::vector<float> final_norm_;
  mamba_matrix head_;  // (vocabulary, hidden); of no elements: the embedding
  index_t non_finite_weights_ = 0;
};

}  // namespace ssmscan::ssm
