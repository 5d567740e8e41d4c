#include <optional>
#include <string>

#include <cuda_runtime_api.h>

#include <ssmscan/scan/error.hpp>
#include <ssmscan/ssm/cuda/device_array.cuh>
#include <ssmscan/ssm/cuda/layers/embedding.hpp>
#include <ssmscan/ssm/cuda/mamba_decoder.hpp>
#include <ssmscan/ssm/cuda/mamba_from_host.hpp>
#include <ssmscan/ssm/layers/embedding.hpp>

namespace ssmscan::device {
namespace {

// Grows, and never shrinks.
template <class T>
class room {
 public:
  std::span<T> of(std::size_t n) {
    if (n > size_) {
      memory_ = nullptr, size_ = 0;  // nothing, where there is no memory for more
      memory_ = detail::allocate<T>(static_cast<index_t>(n)), size_ = n;
    }
    return {memory_.get(), n};
  }

 private:
  detail::device_array<T> memory_;
  std::size_t size_ = 0;
};

class own_stream {
 public:
  own_stream() { need_success(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "making a stream"); }
  own_stream(own_stream const&) = delete;
  own_stream& operator=(own_stream const&) = delete;
  ~own_stream() { (void)cudaStreamDestroy(stream_); }
  operator cudaStream_t() const { return stream_; }

 private:
  cudaStream_t stream_ = nullptr;
};

}  // namespace

struct mamba_from_host::state {
  explicit state(ssm::mamba_model const& host) : model(host) {}

  own_stream stream;
  mamba_model model;
  room<index_t> ids;
  room<float> out;
  room<std::byte> workspace;
  std::optional<mamba_cache> cache;
  std::optional<mamba_decoder> decoder;
  bool has_read = false;  // since begin: the decoder's logits and ids are of that text

  void need_read(char const* argument) const {
    if (!has_read) throw_invalid(argument, "nothing to tell", "a call of begin, and one of read, before");
  }

  template <class T>
  void put(std::span<T> to, std::span<T const> from) const {
    need_success(cudaMemcpyAsync(to.data(), from.data(), from.size_bytes(), cudaMemcpyHostToDevice, stream),
                 "copying to the device");
    wait();  // pageable memory may be read later than the call returns
  }
  template <class T>
  void take(std::span<T> to, std::span<T const> from) const {
    need_success(cudaMemcpyAsync(to.data(), from.data(), to.size_bytes(), cudaMemcpyDeviceToHost, stream),
                 "copying from the device");
    wait();
  }
  void wait() const { need_success(cudaStreamSynchronize(stream), "running a language model"); }

  void run(std::span<index_t const> given, index_t batch, std::span<float> logits, mamba_run how) {
    how.stream = stream, how.host_ids = given;
    std::span<index_t> const there = ids.of(given.size());
    std::size_t const bytes = batch < 1 || given.empty()
                                  ? 0  // which the call refuses, or has nothing to do for
                                  : model.workspace_bytes(batch, static_cast<index_t>(given.size()) / batch, how);
    how.workspace = workspace.of(bytes);
    put(there, given);
    model.logits(there, batch, logits, how);
  }
};

mamba_from_host::mamba_from_host(ssm::mamba_model const& host) : state_(std::make_unique<state>(host)) {}
mamba_from_host::mamba_from_host(mamba_from_host&&) noexcept = default;
mamba_from_host::~mamba_from_host() = default;

void mamba_from_host::logits(std::span<index_t const> ids, index_t batch, std::span<float> out, selective_form form,
                             std::string_view algorithm) {
  mamba_run how;
  how.form = form, how.algorithm = algorithm;
  std::span<float> const there = state_->out.of(out.size());
  state_->run(ids, batch, there, how);
  state_->take(out, std::span<float const>(there));
}

void mamba_from_host::begin(index_t batch) {
  if (batch < 1) throw_invalid("batch", std::to_string(batch), "1 or more");
  if (!state_->decoder || state_->cache->batch() != batch) {  // a decoder has a cache
    state_->decoder.reset();
    state_->cache.emplace(state_->model.make_cache(batch));
    state_->decoder.emplace(state_->model, *state_->cache, state_->stream);
  }
  state_->has_read = false;
  state_->cache->clear(state_->stream);
}

void mamba_from_host::read(std::span<index_t const> ids) {
  if (!state_->decoder) throw_invalid("ids", "some", "a call of begin before");
  index_t const batch = state_->cache->batch(), vocabulary = state_->model.config().vocabulary;
  mamba_decoder& decoder = *state_->decoder;
  state_->has_read = false;  // until all of it is there
  if (static_cast<index_t>(ids.size()) == batch) {
    ssm::detail::require_ids(ids, vocabulary);
    state_->put(decoder.ids(), ids);
    decoder.step();
  } else {
    state_->run(ids, batch, decoder.logits(),
                {.outputs = ssm::mamba_outputs::last, .cache = &*state_->cache, .stream = state_->stream});
    greatest(ssm::matrix_view<float const>(decoder.logits().data(), batch, vocabulary), decoder.ids(), state_->stream);
  }
  state_->wait();
  state_->has_read = true;
}

void mamba_from_host::last_logits(std::span<float> out) const {
  state_->need_read("out");
  ssm::detail::require_size("out", out.size(), static_cast<index_t>(state_->decoder->logits().size()));
  state_->take(out, std::span<float const>(state_->decoder->logits()));
}

void mamba_from_host::likeliest(std::span<index_t> ids) const {
  state_->need_read("ids");
  ssm::detail::require_size("ids", ids.size(), static_cast<index_t>(state_->decoder->ids().size()));
  state_->take(ids, std::span<index_t const>(state_->decoder->ids()));
  for (index_t const id : ids)
    if (id < 0) throw_invalid("logits", "a NaN", "numbers");
}

}  // namespace ssmscan::device
