#include <cuda_runtime_api.h>

#include <ssmscan/scan/error.hpp>
#include <ssmscan/ssm/cuda/device_array.cuh>
#include <ssmscan/ssm/cuda/layers/embedding.hpp>
#include <ssmscan/ssm/cuda/mamba_decoder.hpp>

namespace ssmscan::device {

struct mamba_decoder::state {
  device::stream stream;
  index_t batch, vocabulary;
  detail::device_array<index_t> ids;
  detail::device_array<float> logits;
  detail::device_array<std::byte> workspace;
  cudaGraphExec_t graph = nullptr;

  ~state() {
    if (graph != nullptr) (void)cudaGraphExecDestroy(graph);
  }
};

mamba_decoder::mamba_decoder(mamba_model const& model, mamba_cache& cache, device::stream where) {
  if (where == nullptr) throw_invalid("stream", "the default stream", "one that can be captured");
  mamba_run run{.outputs = ssm::mamba_outputs::last, .cache = &cache, .stream = where};
  index_t const batch = cache.batch(), vocabulary = model.config().vocabulary;
  std::size_t const bytes = model.workspace_bytes(batch, 1, run);
  state_.reset(new state{where, batch, vocabulary, detail::allocate<index_t>(batch),
                         detail::allocate<float>(batch * vocabulary),
                         detail::allocate<std::byte>(static_cast<index_t>(bytes))});
  need_success(cudaMemset(state_->ids.get(), 0, static_cast<std::size_t>(batch) * sizeof(index_t)), "clearing ids");
  detail::wait_for_copies();
  run.workspace = {state_->workspace.get(), bytes};

  cudaGraph_t captured = nullptr;
  need_success(cudaStreamBeginCapture(where, cudaStreamCaptureModeThreadLocal), "capturing a step");
  try {
    model.logits(ids(), batch, logits(), run);
    greatest(ssm::matrix_view<float const>(logits().data(), batch, vocabulary), ids(), where);
  } catch (...) {
    (void)cudaStreamEndCapture(where, &captured);
    if (captured != nullptr) (void)cudaGraphDestroy(captured);
    (void)cudaGetLastError();  // that the capture ended badly: what is thrown says why
    throw;
  }
  need_success(cudaStreamEndCapture(where, &captured), "capturing a step");
  cudaError_t const made = cudaGraphInstantiate(&state_->graph, captured, 0);
  (void)cudaGraphDestroy(captured);
  need_success(made, "making a graph of a step");
}

mamba_decoder::mamba_decoder(mamba_decoder&&) noexcept = default;
mamba_decoder::~mamba_decoder() = default;

std::span<index_t> mamba_decoder::ids() const { return {state_->ids.get(), static_cast<std::size_t>(state_->batch)}; }
std::span<float> mamba_decoder::logits() const {
  return {state_->logits.get(), static_cast<std::size_t>(state_->batch * state_->vocabulary)};
}
void mamba_decoder::step() { need_success(cudaGraphLaunch(state_->graph, state_->stream), "launching a step"); }

}  // namespace ssmscan::device
