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
T plain_step(T a, T state, T b) {
  if constexpr (is_complex<T>) {  // by parts: operator* would look for NaN first
    return {a.real() * state.real() - a.imag() * state.imag() + b.real(),
            a.real() * state.imag() + a.imag() * state.real() + b.imag()};
  } else {
    return a * state + b;
  }
}

template <class T>
contender<T> loop() {
  auto const prepare = [](problem<T>& on, int) {
    auto const pass = [a = on.a.data(), b = on.b.data(), x = on.x.data(), n = on.x.size()] {
      T state = T(0);
      for (std::size_t t = 0; t < n; ++t) x[t] = state = plain_step(a[t], state, b[t]);
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

// What the type and the operator change is the pace and a constant; the shape of the curve is float's.
std::vector<index_t> few_lengths(options const& given) {
  if (given.quick) return {16, 4096};
  return {0, 16, 256, 4096};
}

template <class T>
void add_few(std::shared_ptr<session> const& shared, options const& given, operation what) {
  auto contenders = our_contenders<T>(what, inners::the_default);
  if (what == operation::affine) contenders.push_back(loop<T>());
  for (index_t const time : few_lengths(given))
    for (auto const& who : contenders) add_case<T>(shared, who, {.operation = what, .lanes = 1, .time = time});
}

void add(options const& given) {
  using T = float;
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
  add_few<float>(shared, given, operation::semi_log);
  add_few<double>(shared, given, operation::affine);
  add_few<double>(shared, given, operation::semi_log);
  add_few<std::complex<float>>(shared, given, operation::affine);
  add_few<std::complex<double>>(shared, given, operation::affine);
  add_few<std::uint32_t>(shared, given, operation::affine);
}

}  // namespace
}  // namespace ssmscan::bench

int main(int argc, char** argv) { return ssmscan::bench::run_main(argc, argv, ssmscan::bench::add); }
