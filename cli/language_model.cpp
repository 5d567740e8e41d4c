#include "language_model.hpp"

#include "backends.hpp"

#if SSMSCAN_CLI_CUDA
#include <ssmscan/ssm/cuda/mamba_from_host.hpp>
#endif

namespace ssmscan::cli {
namespace {

class on_cpu final : public language_model {
 public:
  on_cpu(ssm::mamba_model model, std::string backend) : model_(std::move(model)), backend_(std::move(backend)) {}

  void logits(std::span<index_t const> ids, index_t batch, std::string const& algorithm,
              std::span<float> out) override {
    ssm::mamba_run run;
    run.scan.scan = {.algorithm = algorithm, .backend = backend_};
    if (algorithm != "automatic") run.scan.mode = ssm::selective_mode::unfused;  // a scan algorithm scans a and b
    model_.logits(ids, batch, out, run);
  }
  void begin(index_t batch) override {
    cache_ = model_.make_cache(batch);
    last_.resize(static_cast<std::size_t>(batch * model_.config().vocabulary));
  }
  void read(std::span<index_t const> ids) override {
    ssm::mamba_run run{.outputs = ssm::mamba_outputs::last, .cache = &cache_};
    run.scan.scan.backend = backend_;
    model_.logits(ids, cache_.batch, last_, run);
  }
  std::span<float const> last_logits() override { return last_; }
  index_t next(ssm::sampling const& how, std::mt19937_64& random) override {
    return ssm::next_token(last_, how, random);
  }

 private:
  ssm::mamba_model model_;
  std::string backend_;
  ssm::mamba_cache cache_;
  std::vector<float> last_;
};

#if SSMSCAN_CLI_CUDA
class on_gpu final : public language_model {
 public:
  explicit on_gpu(ssm::mamba_model const& model) : model_(model), vocabulary_(model.config().vocabulary) {}

  void logits(std::span<index_t const> ids, index_t batch, std::string const& algorithm,
              std::span<float> out) override {
    model_.logits(ids, batch, out,
                  algorithm == "automatic" ? device::selective_form::automatic : device::selective_form::unfused,
                  algorithm);
  }
  void begin(index_t batch) override {
    model_.begin(batch);
    last_.resize(static_cast<std::size_t>(batch * vocabulary_));
  }
  void read(std::span<index_t const> ids) override { model_.read(ids); }
  std::span<float const> last_logits() override {
    model_.last_logits(last_);
    return last_;
  }
  index_t next(ssm::sampling const& how, std::mt19937_64& random) override {
    if (how.temperature > 0) return ssm::next_token(last_logits(), how, random);
    index_t id = 0;  // greedy: chosen there
    model_.likeliest({&id, 1});
    return id;
  }

 private:
  device::mamba_from_host model_;
  index_t vocabulary_;
  std::vector<float> last_;
};
#endif

}  // namespace

std::unique_ptr<language_model> on_backend(ssm::mamba_model model, std::string const& backend) {
#if SSMSCAN_CLI_CUDA
  if (backend == gpu_backend) return std::make_unique<on_gpu>(model);
#endif
  return std::make_unique<on_cpu>(std::move(model), backend);
}

std::size_t piece_of_prompt(std::string const& backend) { return backend == gpu_backend ? 4096 : 512; }

}  // namespace ssmscan::cli
