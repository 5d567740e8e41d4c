#pragma once
// Text token by token on a CUDA device: a step of the model and the choice of the likeliest id, captured in a CUDA graph once and
// replayed for each token. What a host does between tokens is one launch.
#include <memory>
#include <span>

#include <ssmscan/ssm/cuda/mamba_model.hpp>

namespace ssmscan::device {

// Reads ids, one for each sequence; advances the cache; writes logits, and into ids the likeliest ones (the first of the greatest:
// ssm::next_token with temperature 0). So a step after a step goes on greedily with nothing between; who chooses otherwise
// reads logits and writes ids before the next one.
class mamba_decoder {
 public:
  // Captures a step on `where` (not the default one), its own workspace; that allocates and waits. Model and cache must
  // outlive it. Throws as mamba_model::logits does.
  SSMSCAN_SSM_CUDA_EXPORT mamba_decoder(mamba_model const& model, mamba_cache& cache, device::stream where);
  SSMSCAN_SSM_CUDA_EXPORT mamba_decoder(mamba_decoder&&) noexcept;
  SSMSCAN_SSM_CUDA_EXPORT ~mamba_decoder();

  SSMSCAN_SSM_CUDA_EXPORT std::span<index_t> ids() const;   // (batch), device memory
  SSMSCAN_SSM_CUDA_EXPORT std::span<float> logits() const;  // (batch, vocabulary), device memory
  // Launches the step on the stream and returns. The bits of mamba_model::logits and device::greatest.
  SSMSCAN_SSM_CUDA_EXPORT void step();

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace ssmscan::device
