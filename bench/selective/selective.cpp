// What does Mamba's scan cost fused, step by step, and unfused by each scan, over channels, length and states? Every
// contender's y is held against the definition on the first channels (each is independent of the others) before it is timed.
// Counter bytes_beside: the greatest memory of the process during a pass, beyond what it had before (on a GPU: device.hpp).
#include <chrono>
#include <memory>
#include <optional>

#include "bench/common/main.hpp"
#include "bench/common/peak_memory.hpp"
#include "bench/selective/data.hpp"
#include "bench/selective/device.hpp"
#include <benchmark/benchmark.h>

#include <ssmscan/scan/backends/simd/registry.hpp>
#include <ssmscan/scan/detail/algorithm_name.hpp>

namespace ssmscan::bench {
namespace {

// Against length, for the figure of plots/models.py: so many channels, of so many states.
constexpr index_t figure_channels = 32, figure_states = 16;

std::vector<sizes> all_sizes(options const& given) {
  if (given.quick) return {{1, 256, 512, 16}};
  std::vector<sizes> made{{1, 1536, 2048, 16}, {1, 1536, 512, 16},  {1, 256, 16384, 16},
                          {1, 1536, 2048, 4},  {1, 1536, 2048, 64}, {1, 16, 65536, 16}};
  for (index_t time = 1 << 8; time <= 1 << 18; time *= 4) made.push_back({1, figure_channels, time, figure_states});
  return made;
}

// Every scan where V is float; of other numbers what goes step by step.
template <class V = float>
void add_on_host(sizes const& s, options const& given) {
  using data_type = selective_data_of<V>;
  auto const data = std::make_shared<std::shared_ptr<data_type>>();  // made when the first of them runs
  double const limit = given.max_seconds;
  // scan: of mode unfused
  auto const contender = [&](std::string const& algorithm, std::string const& backend, ssm::selective_execution how,
                             std::optional<algorithm_info> scan = {}) {
    struct outcome {
      std::string wrong;
      std::size_t beside;
    };
    auto const verified = std::make_shared<std::optional<outcome>>();  // once for all repetitions
    auto const body = [=](benchmark::State& state) {
      if (!*data) *data = std::make_shared<data_type>(s);
      ssm::selective_problem<V> const p = (*data)->problem();
      if (!*verified) {
        using clock = std::chrono::steady_clock;
        auto const begin = clock::now();
        std::size_t const beside = peak_bytes_of([&] { selective_scan(p, how); });
        double const first = std::chrono::duration<double>(clock::now() - begin).count();
        auto const definition = [&] {
          if constexpr (std::is_same_v<V, float>)
            if (scan) return (*data)->definition(*scan);
          return (*data)->definition(1);
        };
        std::string wrong = (*data)->wrong_where(definition());
        if (wrong.empty() && first > limit)
          wrong = not_run + ("a pass takes over " + std::to_string(limit) + " s: " + std::to_string(first) + " s");
        *verified = outcome{wrong, beside};
      }
      if (!(*verified)->wrong.empty()) return state.SkipWithError((*verified)->wrong.c_str());
      for (auto _ : state) selective_scan(p, how);
      state.SetItemsProcessed(state.iterations() * s.steps());
      if ((*verified)->beside > 0) state.counters["bytes_beside"] = static_cast<double>((*verified)->beside);
    };
    benchmark::RegisterBenchmark(name_of(s, std::string(dtype_name<V>), algorithm, backend).text().c_str(), body)
        ->UseRealTime()
        ->Unit(benchmark::kMillisecond);
  };
  for (std::string_view const backend : {"openmp", "serial"}) {
    std::string const on(backend);
    contender("fused", on, {.mode = ssm::selective_mode::fused, .scan = {.backend = backend}});
    contender("recurrence", on, {.mode = ssm::selective_mode::recurrence, .scan = {.backend = backend}});
    if constexpr (!std::is_same_v<V, float>) continue;
    simd::algorithms::for_each([&](auto entry) {
      constexpr algorithm_info info = decltype(entry)::type::info;
      if constexpr (is_held(info) && info.variant != "textbook") {
        static std::string const name = detail::full_name(info);
        contender(name, on, {.mode = ssm::selective_mode::unfused, .scan = {.algorithm = name, .backend = backend}},
                  info);
      }
    });
  }
}

void add(options const& given) {
  for (sizes const& s : all_sizes(given)) add_on_host(s, given);
  add_on_host(given.quick ? sizes{1, 1, 1 << 14, 16} : sizes{1, 1, 1 << 18, 16},
              given);  // threads have time to share alone
  for (sizes const& s : given.quick ? std::vector<sizes>{{1, 256, 512, 16}}
                                    : std::vector<sizes>{{1, 1536, 2048, 16}, {1, 64, 16384, 16}}) {
    add_on_host<double>(s, given);
    add_on_host<std::complex<float>>(s, given);
    add_on_host<std::complex<double>>(s, given);
  }
#if SSMSCAN_BENCH_SELECTIVE_CUDA
  std::vector<sizes> on_device = all_sizes(given);
  if (!given.quick)  // Mamba's shapes on a GPU
    for (sizes const& s : {sizes{8, 2048, 512, 16},
                           {8, 2048, 2048, 16},
                           {8, 2048, 8192, 16},
                           {1, 1536, 16384, 16},
                           {1, 2048, 131072, 16},
                           {1, 64, 1 << 20, 16},
                           {8, 2048, 2048, 64}})
      on_device.push_back(s);
  add_selective_on_device(on_device);
#endif
}

}  // namespace
}  // namespace ssmscan::bench

int main(int argc, char** argv) { return ssmscan::bench::run_main(argc, argv, ssmscan::bench::add); }
