// What one call costs on one short sequence: checks, dispatch, scratch, fork and join. Lengths are powers of two and
// their neighbours, where trees change their shape; `loop` is what a caller would write instead of calling.
#include "bench/common/main.hpp"
#include "bench/common/timing.hpp"
#if SSMSCAN_BENCH_CUDA
#include "bench/common/cuda/contenders.hpp"
#endif

namespace ssmscan::bench {
namespace {

template <class T>
contender<T> loop() {
  auto const prepare = [](problem<T>& on, int) {
    auto const pass = [a = on.a.data(), b = on.b.data(), x = on.x.data(), n = on.x.size()] {
      T state = T(0);
      for (std::size_t t = 0; t < n; ++t) x[t] = state = a[t] * state + b[t];
    };
    return prepared{
        .pass = pass, .promised = {.right_steps = 1, .rounding = rounding::apart}, .label = "x = a * x + b in a loop"};
  };
  return {"loop", "", "serial", [](problem_shape const& s) { return s.plain(); }, prepare};
}

std::vector<index_t> lengths(options const& given) {
  if (given.quick) return {0, 1, 2, 16, 64, 256, 1024, 4096};
  constexpr index_t longest = 4096;
  std::vector<index_t> made{0, 1, 2, 3, 4, 5};
  for (index_t n = 8; n <= longest; n *= 2)
    for (index_t const near : {n - 1, n, n + 1})
      if (near <= longest) made.push_back(near);
  return made;
}

template <class T>
void add(options const& given) {
  auto const shared = std::make_shared<session>("latency", given);
  auto contenders = our_contenders<T>(operation::affine, inners::the_default);
  contenders.push_back(loop<T>());
#if SSMSCAN_BENCH_CUDA
  auto const on_gpu = std::make_shared<gpu::device_session>();
  for (auto const& who : gpu::our_contenders<T>(on_gpu, operation::affine, inners::the_default))
    contenders.push_back(gpu::waited_for(on_gpu, who));
#endif
  for (index_t const time : lengths(given))
    for (auto const& who : contenders) add_case<T>(shared, who, {.lanes = 1, .time = time});
}

}  // namespace
}  // namespace ssmscan::bench

int main(int argc, char** argv) { return ssmscan::bench::run_main(argc, argv, ssmscan::bench::add<float>); }
