#pragma once
// Mamba's language model on a device for ids and logits in the host's memory: copied there, computed, and copied back. For tools
// and tests; each token of a text waits for the one before in any case.
#include <memory>
#include <span>
#include <string_view>

#include <ssmscan/ssm/cuda/export.hpp>
#include <ssmscan/ssm/cuda/selective_scan.hpp>
#include <ssmscan/ssm/mamba.hpp>

namespace ssmscan::device {

// A stream, a model and memory of its own on the device that is current; every call waits, and allocates where it has not
// enough yet. Throws std::invalid_argument as ssm::mamba_model::logits does; std::system_error of category "cuda" or "cublas".
class mamba_from_host {
 public:
  SSMSCAN_SSM_CUDA_EXPORT explicit mamba_from_host(ssm::mamba_model const& host);
  SSMSCAN_SSM_CUDA_EXPORT mamba_from_host(mamba_from_host&&) noexcept;
  SSMSCAN_SSM_CUDA_EXPORT ~mamba_from_host();

  // ids (batch, time), each sequence from rest; out (batch, time, vocabulary). form and algorithm are the scan's.
  SSMSCAN_SSM_CUDA_EXPORT void logits(std::span<index_t const> ids, index_t batch, std::span<float> out,
                                      selective_form form = selective_form::automatic,
                                      std::string_view algorithm = "automatic");

  // Sequences that go on: `begin` puts batch of them to rest, `read` takes more tokens of each, ids (batch, time); one at a time
  // by a graph. Of the last token that was read of each, and refused where none was since `begin`: its logits (batch, vocabulary),
  // and the likeliest id after it (batch), the first of the greatest, which throws std::invalid_argument where a logit is NaN, as
  // ssm::next_token does.
  SSMSCAN_SSM_CUDA_EXPORT void begin(index_t batch);
  SSMSCAN_SSM_CUDA_EXPORT void read(std::span<index_t const> ids);
  SSMSCAN_SSM_CUDA_EXPORT void last_logits(std::span<float> out) const;
  SSMSCAN_SSM_CUDA_EXPORT void likeliest(std::span<index_t> ids) const;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace ssmscan::device
