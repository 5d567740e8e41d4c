#include "bench/decode/device.hpp"

#include <algorithm>
#include <map>
#include <stdexcept>

#include "bench/common/cuda/bounds.hpp"
#include "bench/common/cuda/device.hpp"
#include <benchmark/benchmark.h>

#include <ssmscan/ssm/cuda/mamba_decoder.hpp>

namespace ssmscan::bench {
namespace {

using ssm::matrix_storage;
constexpr index_t prompt_tokens = 2048;

// Seconds of the fastest way to read so many bytes; each way is seen to read them all.
double read_seconds(std::size_t bytes) {
  static std::map<std::size_t, double> known;
  if (auto const found = known.find(bytes); found != known.end()) return found->second;
  constexpr std::size_t vector = 4;
  std::size_t const words = bytes / sizeof(float) / vector * vector;
  gpu::array<float> from(words), total(1);
  from.put(std::vector<float>(words, 1.0f).data());
  double least = 1e300;
  for (int const vectors : gpu::reading_vectors) {
    total.bytes().fill(0);
    gpu::enqueue_read(from.data(), total.data(), words, vectors);
    float sum = 0;
    total.take(&sum);
    double const all = static_cast<double>(words);
    if (!(std::abs(static_cast<double>(sum) - all) <= 1e-3 * all))  // warps' sums, added in float
      throw std::logic_error(std::string(wrong_result) + "the bound does not read everything");
    gpu::batch const timed([&](std::size_t) { gpu::enqueue_read(from.data(), total.data(), words, vectors); },
                           gpu::launching::by_graph, 1);
    least = std::min(least, gpu::median_seconds(timed));
  }
  return known[bytes] = least;
}

// What is timed of a model, made and verified once for its repetitions.
class timed_model {
 public:
  timed_model(std::string of, ssm::mamba_model const& host, index_t batch)
      : name(std::move(of)),
        host_(host),
        model_(host),
        cache_(model_.make_cache(batch)),
        batch_(batch),
        vocabulary_(static_cast<std::size_t>(host.config().vocabulary)),
        logits_(vocabulary_) {}

  void step() {
    auto const expected = scanned_logits(host_);
    decoder_ = std::make_unique<device::mamba_decoder>(model_, cache_, gpu::the_stream());
    for (index_t const id : first_ids()) {
      std::vector<index_t> const ids(static_cast<std::size_t>(batch_), id);
      gpu::copy_to_device(decoder_->ids().data(), ids.data(), ids.size() * sizeof(index_t));
      decoder_->step();
    }
    gpu::wait();
    for (std::size_t i = 0; i < static_cast<std::size_t>(batch_) && wrong.empty(); ++i)
      verify(decoder_->logits().data() + i * vocabulary_, expected, "steps on the device are not the scan on the CPU");
    timed = std::make_unique<gpu::batch>([this](std::size_t) { decoder_->step(); }, gpu::launching::by_call, 1);
  }

  void prefill() {
    std::vector<index_t> ids(static_cast<std::size_t>(prompt_tokens));
    for (std::size_t t = 0; t < ids.size(); ++t)
      ids[t] = static_cast<index_t>(t * 7 + 1) % static_cast<index_t>(vocabulary_);
    run_.outputs = ssm::mamba_outputs::last, run_.cache = &cache_, run_.stream = gpu::the_stream();
    ids_ = std::make_unique<gpu::array<index_t>>(ids.size()), out_ = std::make_unique<gpu::array<float>>(vocabulary_);
    workspace_ = std::make_unique<gpu::memory>(model_.workspace_bytes(1, prompt_tokens, run_));
    run_.workspace = workspace_->span();
    ids_->put(ids.data());
    auto const call = [this](std::size_t) {
      model_.logits({ids_->data(), ids_->size()}, 1, {out_->data(), vocabulary_}, run_);
    };
    call(0);  // from rest; those that are timed go on from there
    gpu::wait();
    verify(out_->data(), scanned_logits(host_, ids), "a prompt on the device is not the scan on the CPU");
    timed = std::make_unique<gpu::batch>(call, gpu::launching::by_graph, 1);
  }

  std::string name, wrong;
  std::unique_ptr<gpu::batch> timed;

 private:
  void verify(float const* there, std::vector<float> const& expected, char const* what) {
    gpu::copy_to_host(logits_.data(), there, vocabulary_ * sizeof(float));
    wrong = differ(logits_, expected, what);
  }

  ssm::mamba_model const& host_;  // while it is made ready
  device::mamba_model model_;
  device::mamba_cache cache_;
  index_t batch_;
  std::size_t vocabulary_;
  std::vector<float> logits_;
  std::unique_ptr<device::mamba_decoder> decoder_;
  device::mamba_run run_;
  std::unique_ptr<gpu::array<index_t>> ids_;
  std::unique_ptr<gpu::array<float>> out_;
  std::unique_ptr<gpu::memory> workspace_;
};

void time_model(benchmark::State& state, std::string const& name, model_maker const& model_of, matrix_storage storage,
                index_t batch, void (timed_model::*prepare)()) {
  static std::unique_ptr<timed_model> held;
  try {
    if (!gpu::why_none().empty()) return state.SkipWithError((not_run + gpu::why_none()).c_str());
    auto const host = model_of(storage);
    if (!held || held->name != name) {
      held.reset();
      held = std::make_unique<timed_model>(name, *host, batch);
      (held.get()->*prepare)();
    }
    if (!held->wrong.empty()) return state.SkipWithError(held->wrong.c_str());
    double seconds = 0;
    for (auto _ : state) {
      double const one = held->timed->seconds() / static_cast<double>(held->timed->passes());
      state.SetIterationTime(one), seconds += one;
    }
    bool const is_step = prepare == &timed_model::step;
    state.SetItemsProcessed(state.iterations() * (is_step ? batch : prompt_tokens));  // tokens
    if (is_step)
      state.counters["share_of_read_weights"] =
          read_seconds(host->bytes_per_token()) * static_cast<double>(state.iterations()) / seconds;
    state.SetLabel(is_step ? "replayed from the decoder's graph" : gpu::words_of(held->timed->how()));
  } catch (std::exception const& error) { state.SkipWithError(error.what()); }
}

}  // namespace

void add_decode_on_device(ssm::mamba_config const& config, model_maker const& model_of) {
  auto const record = [](benchmark_name const& name, auto body) {
    benchmark::RegisterBenchmark(name.text().c_str(), body)->UseManualTime()->Unit(benchmark::kMillisecond);
  };
  for (auto const storage : {matrix_storage::float32, matrix_storage::bfloat16}) {
    record(decode_name(config, storage, "read_weights", "cuda"), [=](benchmark::State& state) {
      try {
        if (!gpu::why_none().empty()) return state.SkipWithError((not_run + gpu::why_none()).c_str());
        std::size_t const bytes = model_of(storage)->bytes_per_token();
        for (auto _ : state) state.SetIterationTime(read_seconds(bytes));
        state.SetItemsProcessed(state.iterations());
        state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
      } catch (std::exception const& error) { state.SkipWithError(error.what()); }
    });
    for (index_t const batch : {1, 4}) {
      benchmark_name name = decode_name(config, storage, "step", "cuda");
      name.lanes = batch;
      record(name, [=, text = name.text()](benchmark::State& state) {
        time_model(state, text, model_of, storage, batch, &timed_model::step);
      });
    }
    benchmark_name prompt = decode_name(config, storage, "prefill", "cuda");
    prompt.time = prompt_tokens;
    record(prompt, [=, text = prompt.text()](benchmark::State& state) {
      time_model(state, text, model_of, storage, 1, &timed_model::prefill);
    });
  }
}

}  // namespace ssmscan::bench
