// How many elements a second, by whom, at which size and shape, and which share of what memory allows.
#include "bench/common/main.hpp"
#include "bench/common/timing.hpp"
#include "bench/throughput/contenders.hpp"
#if SSMSCAN_BENCH_CUDA
#include "bench/throughput/device_shapes.hpp"
#endif

namespace ssmscan::bench {
namespace {

constexpr index_t power(int exponent) { return index_t{1} << exponent; }

template <class T>
std::vector<contender<T>> everybody(operation what, inners which) {
  auto made = our_contenders<T>(what, which);
  if (what != operation::affine) return made;
  for (auto const* backend : {"serial", "openmp"}) {
    made.push_back(bound<bound_kernel::triad, T>(backend));
    made.push_back(bound<bound_kernel::copy, T>(backend));
  }
  for (auto const& more : {std_contenders<T>(), tbb_contenders<T>(), thrust_contenders<T>()})
    made.insert(made.end(), more.begin(), more.end());
  return made;
}

// A size for each cache level and one beyond them all; --quick takes every other.
std::vector<problem_shape> one_lane(std::initializer_list<int> exponents, problem_shape base = {}) {
  std::vector<problem_shape> made;
  for (int const e : exponents) {
    base.lanes = 1, base.time = power(e);
    made.push_back(base);
  }
  return made;
}

// Lanes like the channels of a model: few and long, many and long, very many and short; time or channels contiguous.
std::vector<problem_shape> many_lanes(std::vector<std::pair<index_t, index_t>> const& sizes) {
  std::vector<problem_shape> made;
  for (auto const& [lanes, time] : sizes)
    for (auto const order : {layout::lane_major, layout::time_major})
      made.push_back({.lanes = lanes, .time = time, .layout = order});
  return made;
}

class catalogue {
 public:
  explicit catalogue(options const& given) : shared_(std::make_shared<session>("throughput", given)) {}

  template <class T>
  void add(std::vector<problem_shape> const& shapes, inners which = inners::the_default) {
    for (auto const& shape : shapes)
      for (auto const& who : everybody<T>(shape.operation, which)) add_case<T>(shared_, who, shape);
  }

 private:
  std::shared_ptr<session> shared_;
};

// Every option of the call, one at a time.
std::vector<problem_shape> options_of_the_call(problem_shape const& base) {
  auto constant = base, reverse = base, packed = base, state = base;
  constant.family = "constant";
  reverse.direction = direction::reverse;
  packed.packed = 64;
  state.state = true;
  return {constant, reverse, packed, state};
}

// Without cold caches: emptying them takes thirty times as long as what is timed.
void add_quick(catalogue& all) {
  all.add<float>(one_lane({10, 14, 18, 22, 24}));
  all.add<float>(many_lanes({{64, power(14)}}));
  all.add<float>(one_lane({16}, {.family = "mid"}));
  all.add<float>(one_lane({16}, {.operation = operation::semi_log}));
  all.add<double>(one_lane({14, 20}));
  all.add<std::complex<float>>(one_lane({18}));
  all.add<std::complex<double>>(one_lane({18}));
  all.add<std::uint32_t>(one_lane({18}));
}

void add_default(catalogue& all) {
  all.add<float>(one_lane({10, 12, 14, 16, 18, 20, 22, 24, 26, 28}));
  all.add<float>(many_lanes({{64, power(14)}, {256, power(16)}, {1024, power(14)}, {4096, power(12)}}));
  all.add<float>(one_lane({17}), inners::all);
  for (auto const* family : {"mid", "slow"}) all.add<float>(one_lane({16, 20}, {.family = family}));
  all.add<float>(one_lane({17, 20, 24}, {.family = "near1"}));
  all.add<float>(one_lane({14, 18, 22}, {.cold = true}));
  all.add<float>(one_lane({22, 26}, {.threads = 1}));
  for (int const e : {20, 25}) all.add<float>(options_of_the_call({.lanes = 1, .time = power(e)}));
  for (auto const order : {layout::lane_major, layout::time_major})
    all.add<float>(options_of_the_call({.lanes = 64, .time = power(14), .layout = order}));
  all.add<float>(one_lane({14, 20, 24}, {.operation = operation::semi_log}));
  all.add<double>(one_lane({10, 14, 18, 22, 25}));
  all.add<double>(many_lanes({{64, power(14)}}));
  all.add<double>(one_lane({20}, {.operation = operation::semi_log}));
  all.add<std::complex<float>>(one_lane({10, 14, 18, 22, 25}));
  all.add<std::complex<float>>(many_lanes({{64, power(14)}}));
  all.add<std::complex<double>>(one_lane({10, 14, 18, 22, 24}));
  all.add<std::complex<double>>(many_lanes({{64, power(14)}}));
  all.add<std::uint32_t>(one_lane({10, 14, 18, 22, 25}));
  all.add<std::uint32_t>(many_lanes({{64, power(14)}}));
}

}  // namespace
}  // namespace ssmscan::bench

int main(int argc, char** argv) {
  using namespace ssmscan::bench;
  return run_main(argc, argv, [](options const& given) {
    catalogue all(given);
    given.quick ? add_quick(all) : add_default(all);
#if SSMSCAN_BENCH_CUDA
    gpu::device_catalogue on_gpu(given);
    given.quick ? gpu::add_device_quick(on_gpu) : gpu::add_device_default(on_gpu);
#endif
  });
}
