#pragma once
// The deep model around the layer (Gu, Goel, Re 2022; the Annotated S4): encoder, blocks, decoder, forward only.
//   x = encoder(u)                                  linear, or an embedding of ids
//   x = x + GLU(W gelu(S(norm(x))) + w)  per block   pre-norm layer norm; S: a channel of S4 or S4D for each feature
//   y = decoder(pool(x))                            pooling: none, the mean over time, or the last step
// Run as a convolution (how it is trained) or as a recurrence (how it generates, a piece at a time with its states) it
// is one function. Parameters are kept in safetensors files.
#include <complex>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include <ssmscan/ssm/export.hpp>
#include <ssmscan/ssm/io/file.hpp>
#include <ssmscan/ssm/layer.hpp>
#include <ssmscan/ssm/layers/matrix_view.hpp>

namespace ssmscan::ssm {

enum class pooling { none, mean, last };
SSMSCAN_SSM_EXPORT std::string_view name_of(pooling which);
// The pooling of that name; std::invalid_argument lists the names.
SSMSCAN_SSM_EXPORT pooling pooling_by_name(std::string_view name);

// y = weight x + bias, weight (outputs, inputs); of an embedding the table (vocabulary, features) and no bias.
template <class T>
struct linear_parameters {
  index_t outputs = 0, inputs = 0;
  std::vector<T> weight{};
  std::vector<T> bias{};
};

template <class T>
struct block_parameters {
  std::vector<T> norm_weight{}, norm_bias{};  // (features)
  // A system for each feature.
  std::variant<std::vector<dplr_system>, std::vector<diagonal_system>> systems{};
  linear_parameters<T> mix{};  // (2 features, features), before the GLU
};

template <class T>
struct sequence_parameters {
  bool is_embedding = false;
  linear_parameters<T> encoder{};  // (features, inputs), or the table (vocabulary, features)
  std::vector<block_parameters<T>> blocks{};
  linear_parameters<T> decoder{};  // (outputs, features)
  ssm::pooling pool = ssm::pooling::none;
  T epsilon = T(1e-5);
};

template <class T>
class sequence_model {
 public:
  // std::invalid_argument where shapes do not agree, numbers are not finite, a system is not one.
  SSMSCAN_SSM_EXPORT explicit sequence_model(sequence_parameters<T> parameters);

  sequence_parameters<T> const& parameters() const { return parameters_; }
  index_t features() const { return parameters_.decoder.inputs; }
  index_t outputs() const { return parameters_.decoder.outputs; }
  // Complex numbers of state, of all blocks together.
  index_t states() const { return states_; }

  // input (time, inputs); output (time, outputs), or (1, outputs) where the model pools. `states` (states()), or empty:
  // the states before the input, zeros at a sequence's beginning, and after it. Work: time x features^2 x 3
  // multiply-adds per block and what its layer costs. Same bits from run to run and for any number of threads; in pieces
  // the same up to the rounding of `linear`, whose order of sums depends on the number of rows. Throws
  // std::invalid_argument where shapes do not agree.
  SSMSCAN_SSM_EXPORT void run(matrix_view<T const> input, matrix_view<T> output, layer_execution const& how,
                              std::span<std::complex<double>> states = {}) const;
  // Of a model with an embedding: ids (time).
  SSMSCAN_SSM_EXPORT void run(std::span<index_t const> ids, matrix_view<T> output, layer_execution const& how,
                              std::span<std::complex<double>> states = {}) const;

 private:
  void run_blocks(std::vector<T>& x, index_t time, matrix_view<T> output, layer_execution const& how,
                  std::span<std::complex<double>> states) const;
  void check_call(index_t time, matrix_view<T> output, std::span<std::complex<double>> states) const;
  sequence_parameters<T> parameters_;
  std::vector<layer> layers_;
  index_t states_ = 0;
};

// A safetensors file with metadata {"format": "ssmscan.sequence_model/1", "ssm": "s4"|"s4d", "pooling": ..., "encoder":
// "linear"|"embedding", "epsilon": ...} and, of T's type but for the systems, which are F64 and complex as pairs:
//   encoder.weight encoder.bias  layers.I.norm.weight .bias  layers.I.mix.weight .bias  decoder.weight .bias
//   layers.I.ssm.lambda .b .c (features, N, 2), .p (features, rank, N, 2) of s4, .d .step (features); half spectra;
//   bilinear for s4, zoh for s4d
// Every tensor must be there, and no other. std::invalid_argument, naming file and tensor, where it is not so.
template <class T>
SSMSCAN_SSM_EXPORT sequence_model<T> load_sequence_model(std::filesystem::path const& path);
template <class T>
SSMSCAN_SSM_EXPORT void save_sequence_model(std::filesystem::path const& path, sequence_parameters<T> const& parameters,
                                            existing_file existing);

}  // namespace ssmscan::ssm
