#pragma once
// Mamba's language model of <ssmscan/ssm/mamba.hpp> on a CUDA device: its weights there, the layers as kernels, the products by
// cuBLAS, the scan by device::selective_scan. Component ssmscan::ssm_cuda; no CUDA header is needed to include this.
// docs/mamba.md tells how it runs; <ssmscan/ssm/cuda/mamba_decoder.hpp> generates token by token.
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include <ssmscan/ssm/cuda/selective_scan.hpp>
#include <ssmscan/ssm/mamba.hpp>

namespace ssmscan::device {

namespace detail {
struct mamba_weights;
struct mamba_states;
}  // namespace detail

// What each sequence of a batch carries from token to token, in device memory, from rest at first.
class mamba_cache {
 public:
  SSMSCAN_SSM_CUDA_EXPORT mamba_cache(mamba_cache&&) noexcept;
  SSMSCAN_SSM_CUDA_EXPORT ~mamba_cache();
  index_t batch() const { return batch_; }
  // Back to rest, on the stream: does not wait, can be captured.
  SSMSCAN_SSM_CUDA_EXPORT void clear(device::stream where = nullptr);
  // Of a block: (batch, inner, width - 1) samples and (batch, inner, states), as ssm::mamba_cache has them.
  SSMSCAN_SSM_CUDA_EXPORT std::span<float> conv(index_t block) const;
  SSMSCAN_SSM_CUDA_EXPORT std::span<float> state(index_t block) const;

 private:
  friend class mamba_model;
  mamba_cache(index_t batch, std::unique_ptr<detail::mamba_states> states);
  index_t batch_;
  std::unique_ptr<detail::mamba_states> states_;
};

struct mamba_run {
  ssm::mamba_outputs outputs = ssm::mamba_outputs::all;
  mamba_cache* cache = nullptr;      // in and out; none: each sequence starts from rest
  device::stream stream = nullptr;   // of the device that is current; nullptr: the default stream
  std::span<std::byte> workspace{};  // device memory: workspace_bytes() or more, aligned to 256 bytes
  // A copy of the ids in the caller's memory, to be checked before anything is launched. Without it their values are a precondition:
  // an id outside the vocabulary makes its sequence's logits and cache NaN, and nothing else.
  std::span<index_t const> host_ids{};
  // Device memory for the residual stream, (batch x time, hidden), after each block, and after the last norm: layers + 1 of them one
  // behind another; or none.
  std::span<float> hidden{};
  // Of the scan; anything but automatic: also where a call of one token would take one step.
  selective_form form = selective_form::automatic;
  std::string_view algorithm = "automatic";  // of form unfused
};

class mamba_model {
 public:
  // The host's weights, in the storage that it keeps them in, copied to the device that is current: allocates and waits.
  // Throws std::system_error of category "cuda" or "cublas" where one of them refuses, and of errc::function_not_supported in
  // a build without cuBLAS.
  SSMSCAN_SSM_CUDA_EXPORT explicit mamba_model(ssm::mamba_model const& host);
  SSMSCAN_SSM_CUDA_EXPORT mamba_model(mamba_model&&) noexcept;
  SSMSCAN_SSM_CUDA_EXPORT ~mamba_model();

  SSMSCAN_SSM_CUDA_EXPORT ssm::mamba_config const& config() const;
  SSMSCAN_SSM_CUDA_EXPORT std::size_t bytes_per_token() const;          // as the host's
  SSMSCAN_SSM_CUDA_EXPORT mamba_cache make_cache(index_t batch) const;  // allocates and waits

  // ids (batch, time); out (batch, time, vocabulary), or (batch, vocabulary) for outputs = last: all in device memory. Prefill
  // and then token by token with a cache is the same function as one run. In float: products without TF32, bfloat16 weights
  // times all bits of their activations, the residual stream in float; norms sum squares in double, those of a step in float.
  //
  // More than one token, or more than four sequences: activations lie by features, time contiguous; a block is a norm, four products
  // of cuBLAS, a convolution with its silu, and the scan; the last product adds to the residual stream. One token of one to four
  // sequences: a step, of four kernels a block, each of which asks for its weights while the one before ends.
  //
  // Launches and returns: allocates nothing, waits for nothing, can be captured in a CUDA graph. Calls on one stream may share
  // a workspace. Same bits from run to run and from a graph; they may depend on batch and time (cuBLAS chooses by them),
  // the device and cuBLAS's version; those of a step on nothing.
  // Throws std::invalid_argument in the CPU's words, before anything is launched; std::system_error where CUDA or cuBLAS
  // refuses a launch, after which some blocks of the cache may have gone on and others not: clear it. May be called from many threads.
  SSMSCAN_SSM_CUDA_EXPORT void logits(std::span<index_t const> ids, index_t batch, std::span<float> out,
                                      mamba_run const& run) const;
  // How much workspace that call takes: some 4 (2 hidden + 4 inner + rank + 2 states) bytes a token, the scan's, and 32 MiB for
  // cuBLAS (with bfloat16 weights 6 bytes more for each of the largest activations); of a step, a few rows. Of `run`: outputs,
  // whether there are a cache and hidden, form and algorithm.
  SSMSCAN_SSM_CUDA_EXPORT std::size_t workspace_bytes(index_t batch, index_t time, mamba_run const& run = {}) const;

 private:
  std::unique_ptr<detail::mamba_weights const> weights_;
};

}  // namespace ssmscan::device
