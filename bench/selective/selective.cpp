// What does Mamba's scan cost fused, step by step, and unfused by each scan, over channels, length and states? Every
// contender's y is held against the definition on the first channels (each is independent of the others) before it is timed.
#include <memory>
#include <random>

#include "bench/common/main.hpp"
#include "bench/common/names.hpp"
#include <benchmark/benchmark.h>

#include <ssmscan/scan/registry.hpp>
#include <ssmscan/ssm/detail/selective_reference.hpp>

namespace ssmscan::bench {
namespace {

struct sizes {
  index_t channels, time, states;
};

// Softplus of normal numbers less 2 as steps: 0.13 in the middle; A from -N to -1 by channel, as Mamba begins.
struct selective_data {
  explicit selective_data(sizes s) : of(s) {
    std::mt19937 random(1);
    std::normal_distribution<float> normal;
    auto const numbers = [&](index_t count) {
      std::vector<float> made(static_cast<std::size_t>(count));
      for (float& x : made) x = normal(random);
      return made;
    };
    u = numbers(s.channels * s.time), delta = numbers(s.channels * s.time), z = numbers(s.channels * s.time);
    B = numbers(s.states * s.time), C = numbers(s.states * s.time), D = numbers(s.channels);
    bias.assign(D.size(), -2.0f);
    for (index_t i = 0; i < s.channels * s.states; ++i) A.push_back(-static_cast<float>(i % s.states + 1));
    y.resize(u.size());
  }
  ssm::selective_problem<float> problem(index_t channels) {
    tensor_shape const shape{1, channels, of.time};
    ssm::selective_problem<float> p;
    p.u = tensor_view<float const>(u.data(), shape), p.delta = tensor_view<float const>(delta.data(), shape);
    p.z = tensor_view<float const>(z.data(), shape), p.y = {y.data(), shape};
    p.A = {A.data(), channels, of.states};
    p.B = ssm::varying_coefficient(B.data(), 1, of.states, of.time);
    p.C = ssm::varying_coefficient(C.data(), 1, of.states, of.time);
    p.D = std::span<float const>(D).first(static_cast<std::size_t>(channels));
    p.delta_bias = std::span<float const>(bias).first(static_cast<std::size_t>(channels));
    p.activation = ssm::delta_activation::softplus;
    return p;
  }
  sizes of;
  std::vector<float> u, delta, z, A, B, C, D, bias, y;
};

constexpr index_t verified_channels = 2;

std::string wrong_where(selective_data& data, index_t roundings) {
  auto const expected = ssm::detail::selective_reference(data.problem(verified_channels), roundings);
  for (std::size_t i = 0; i < expected.y.size(); ++i) {
    if (!(std::abs(static_cast<long double>(data.y[i]) - expected.y[i]) <= expected.y_bound[i]))
      return wrong_result + ("y[" + std::to_string(i) + "] outside its bound");
  }
  return "";
}

void add(options const& given) {
  std::vector<sizes> const all = given.quick ? std::vector<sizes>{{256, 512, 16}}
                                             : std::vector<sizes>{{1536, 2048, 16}, {1536, 512, 16},  {256, 16384, 16},
                                                                  {1536, 2048, 4},  {1536, 2048, 64}, {16, 65536, 16}};
  for (sizes const s : all) {
    auto const data = std::make_shared<std::shared_ptr<selective_data>>();  // made when the first of them runs
    auto const contender = [&](std::string const& algorithm, std::string const& backend, ssm::selective_execution how,
                               index_t roundings) {
      benchmark_name name{.question = "selective",
                          .operation = "selective",
                          .dtype = "f32",
                          .algorithm = algorithm,
                          .backend = backend,
                          .lanes = s.channels,
                          .time = s.time};
      name.state_size = s.states;
      benchmark::RegisterBenchmark(name.text().c_str(),
                                   [=](benchmark::State& state) {
                                     if (!*data) *data = std::make_shared<selective_data>(s);
                                     ssm::selective_problem<float> const p = (*data)->problem(s.channels);
                                     selective_scan(p, how);
                                     if (std::string const wrong = wrong_where(**data, roundings); !wrong.empty())
                                       return state.SkipWithError(wrong.c_str());
                                     for (auto _ : state) selective_scan(p, how);
                                     state.SetItemsProcessed(state.iterations() * s.channels * s.time);
                                   })
          ->UseRealTime()
          ->Unit(benchmark::kMillisecond);
    };
    for (std::string_view const backend : {"openmp", "serial"}) {
      std::string const on(backend);
      contender("fused", on, {.mode = ssm::selective_mode::fused, .scan = {.backend = backend}}, 1);
      contender("recurrence", on, {.mode = ssm::selective_mode::recurrence, .scan = {.backend = backend}}, 1);
      algorithms::for_each([&](auto entry) {
        constexpr algorithm_info info = decltype(entry)::type::info;
        if constexpr (info.result != result_class::reformulates)
          contender(std::string(info.name), on,
                    {.mode = ssm::selective_mode::unfused, .scan = {.algorithm = info.name, .backend = backend}},
                    std::max<index_t>(info.roundings(s.time), 1));
      });
    }
  }
}

}  // namespace
}  // namespace ssmscan::bench

int main(int argc, char** argv) { return ssmscan::bench::run_main(argc, argv, ssmscan::bench::add); }
