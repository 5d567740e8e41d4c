#pragma once
// A Mamba language model on any backend that this program was built with, behind one set of calls.
#include <memory>
#include <random>
#include <span>
#include <string>

#include <ssmscan/ssm/mamba.hpp>
#include <ssmscan/ssm/sampling.hpp>

namespace ssmscan::cli {

class language_model {
 public:
  virtual ~language_model() = default;

  // ids (batch, time), each sequence from rest; out (batch, time, vocabulary). algorithm: automatic (fused), or the scan's.
  virtual void logits(std::span<index_t const> ids, index_t batch, std::string const& algorithm,
                      std::span<float> out) = 0;

  // Sequences that go on: put to rest; given more tokens, ids (batch, time).
  virtual void begin(index_t batch) = 0;
  virtual void read(std::span<index_t const> ids) = 0;
  // Of the last token of each: (batch, vocabulary), until the next call.
  virtual std::span<float const> last_logits() = 0;
  // The id after the last token, of a batch of one.
  virtual index_t next(ssm::sampling const& how, std::mt19937_64& random) = 0;
};

// On the CPU the model stays as it is; on cuda its weights are copied to the GPU.
std::unique_ptr<language_model> on_backend(ssm::mamba_model model, std::string const& backend);

// How many tokens of a prompt are read at once: memory grows with them. More on a GPU, which they have to fill.
std::size_t piece_of_prompt(std::string const& backend);

}  // namespace ssmscan::cli
