// How many tokens a second does a Mamba language model decode, one sequence, token by token? Each token reads every weight
// once, so the bound is a loop that reads that many bytes and adds them up. Weights are random in the shapes of a published
// model: their values do not matter to the time. Before it is timed, a model's steps are held against its scan.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <random>
#include <vector>

#include "bench/common/main.hpp"
#include "bench/decode/model.hpp"
#if SSMSCAN_BENCH_DECODE_CUDA
#include "bench/decode/device.hpp"
#endif
#include <benchmark/benchmark.h>
#include <omp.h>

namespace ssmscan::bench {
namespace {

using ssm::mamba_model;

ssm::mamba_config shapes(index_t hidden, index_t layers, index_t vocabulary) {
  ssm::mamba_config c;
  c.vocabulary = vocabulary, c.hidden = hidden, c.layers = layers;
  c.inner = 2 * hidden, c.states = 16, c.width = 4, c.rank = (hidden + 15) / 16;
  return c;
}

// Uniform numbers scaled so that activations keep their size; A = -1 .. -N and steps of about 0.05, as Mamba begins.
mamba_model random_model(ssm::mamba_config const& c, ssm::matrix_storage storage) {
  std::minstd_rand random(1);
  auto const weights = [&](std::string const& name, std::vector<index_t> const& shape) {
    index_t size = 1;
    for (index_t const n : shape) size *= n;
    std::vector<float> made(static_cast<std::size_t>(size));
    std::uniform_real_distribution<float> uniform(-1, 1);
    float const scale = std::sqrt(3 / static_cast<float>(shape.back()));
    for (std::size_t i = 0; i < made.size(); ++i) {
      if (name.ends_with("A_log"))
        made[i] = std::log(static_cast<float>(i % static_cast<std::size_t>(c.states) + 1));
      else if (name.ends_with("dt_proj.bias"))
        made[i] = -3;
      else if (name.ends_with("norm.weight") || name.ends_with("norm_f.weight") || name.ends_with(".D"))
        made[i] = 1;
      else
        made[i] = scale * uniform(random);
    }
    return made;
  };
  return mamba_model::with(c, weights, storage);
}

std::string steps_differ_from_scan(mamba_model const& model, ssm::mamba_run run) {
  std::vector<float> step(static_cast<std::size_t>(model.config().vocabulary));
  ssm::mamba_cache cache = model.make_cache(1);
  run.cache = &cache;
  for (index_t const id : first_ids()) model.logits(std::span(&id, 1), 1, step, run);
  return differ(step, scanned_logits(model), "steps are not the scan");
}

// The bound: every byte read once, by the threads that decode, into more sums than an addition takes cycles, each thread from
// four places at a time: one stream is two thirds of what memory gives a core of an Emerald Rapids.
float read_once(std::vector<float> const& words) {
  constexpr index_t streams = 4, abreast = 16;
  float total = 0;
#pragma omp parallel reduction(+ : total)
  {
    index_t const part = static_cast<index_t>(words.size()) / streams / omp_get_num_threads() / abreast * abreast;
    float sums[streams][abreast] = {};
    float const* const own = words.data() + omp_get_thread_num() * streams * part;
    for (index_t at = 0; at < part; at += abreast)
      for (index_t s = 0; s < streams; ++s)
        for (index_t k = 0; k < abreast; ++k) sums[s][k] += own[s * part + at + k];
    for (auto const& of_stream : sums)
      for (float const sum : of_stream) total += sum;
  }
  return total;
}

// The median of time(first) / time(second), measured by turns, as memory's pace changes within seconds. Each is run twice, and the
// second time counts: before it the same memory was read.
template <class First, class Second>
double ratio_by_turns(First const& first, Second const& second) {
  using clock = std::chrono::steady_clock;
  constexpr std::size_t turns = 25;
  auto const seconds = [](auto const& work) {
    work();
    auto const begin = clock::now();
    work();
    return std::chrono::duration<double>(clock::now() - begin).count();
  };
  std::vector<double> ratios;
  while (ratios.size() < turns) {
    double const of_first = seconds(first);
    ratios.push_back(of_first / seconds(second));
  }
  std::ranges::nth_element(ratios, ratios.begin() + turns / 2);
  return ratios[turns / 2];
}

struct held {
  std::shared_ptr<mamba_model> model;
  ssm::matrix_storage storage{};
};

void add(options const& given) {
  struct size {
    index_t hidden, layers, vocabulary;
  };
  std::vector<size> const sizes = given.quick ? std::vector<size>{{256, 4, 5000}} : std::vector<size>{{768, 24, 50280}};
  for (size const s : sizes) {
    ssm::mamba_config const config = shapes(s.hidden, s.layers, s.vocabulary);
    auto const current = std::make_shared<held>();  // one model at a time
    auto const model_of = [=](ssm::matrix_storage storage) {
      if (!current->model || current->storage != storage)
        *current = {}, *current = {std::make_shared<mamba_model>(random_model(config, storage)), storage};
      return current->model;
    };
    auto const record = [&](ssm::matrix_storage storage, char const* algorithm, auto run) {
      std::string const name = decode_name(config, storage, algorithm, "openmp").text();
      benchmark::RegisterBenchmark(name.c_str(), run)->UseRealTime()->Unit(benchmark::kMillisecond);
    };
    auto const finish = [](benchmark::State& state, std::size_t bytes) {
      state.SetItemsProcessed(state.iterations());  // tokens
      state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
    };
    for (auto const storage : {ssm::matrix_storage::float32, ssm::matrix_storage::bfloat16}) {
      record(storage, "read_weights", [=](benchmark::State& state) {
        std::size_t const bytes = model_of(storage)->bytes_per_token();
        std::vector<float> const words(bytes / sizeof(float), 1.0f);
        for (auto _ : state) benchmark::DoNotOptimize(read_once(words));
        finish(state, bytes);
      });
      record(storage, "step", [=](benchmark::State& state) {
        auto const model = model_of(storage);
        ssm::mamba_run run{.outputs = ssm::mamba_outputs::last};
        if (std::string const wrong = steps_differ_from_scan(*model, run); !wrong.empty())
          return state.SkipWithError(wrong.c_str());
        ssm::mamba_cache cache = model->make_cache(1);
        run.cache = &cache;
        std::vector<float> logits(static_cast<std::size_t>(config.vocabulary));
        index_t id = 1;
        auto const token = [&] {
          model->logits(std::span(&id, 1), 1, logits, run);
          id = (id * 7 + 1) % config.vocabulary;
        };
        for (auto _ : state) token();
        std::vector<float> const words(model->bytes_per_token() / sizeof(float), 1.0f);
        state.counters["share_of_read_weights"] =
            ratio_by_turns([&] { benchmark::DoNotOptimize(read_once(words)); }, token);
        finish(state, model->bytes_per_token());
      });
    }
#if SSMSCAN_BENCH_DECODE_CUDA
    add_decode_on_device(config, model_of);
#endif
  }
}

}  // namespace
}  // namespace ssmscan::bench

int main(int argc, char** argv) { return ssmscan::bench::run_main(argc, argv, ssmscan::bench::add); }
