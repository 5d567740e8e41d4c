// What the bounds presume of CUDA's mathematics library (reference/math_library.hpp): each function that scans take,
// sampled on the device against a result many times finer, and each float of exp and log.
#include <cmath>
#include <numbers>

#include "tests/cuda/gpu.hpp"
#include "tests/worst.hpp"
#include <gtest/gtest.h>

#include <ssmscan/scan/backends/cuda.cuh>
#include <ssmscan/scan/reference/math_library.hpp>

namespace ssmscan {
namespace {

// The greatest of doubles that are not negative: their bits are in their order.
__device__ void at_most(double* greatest, double v) {
  atomicMax(reinterpret_cast<unsigned long long*>(greatest), static_cast<unsigned long long>(__double_as_longlong(v)));
}

enum class function { exp, log };

// Every positive (exp: any) normal float with a normal result, against double: 2^29 times finer.
struct every_float {
  function f;
  double* worst;
  __device__ void operator()(index_t, index_t bits) const {
    float const v = __uint_as_float(static_cast<unsigned>(bits));
    if (!isfinite(v) || fabsf(v) < 0x1p-126F || (f == function::log && v < 0)) return;
    double const exact = f == function::exp ? exp(static_cast<double>(v)) : log(static_cast<double>(v));
    float const got = f == function::exp ? expf(v) : logf(v);
    if (exact == 0 || fabs(exact) < 0x1p-126 || isinf(got)) return;
    at_most(worst, fabs((got - exact) / exact) / 0x1p-24);
  }
};

TEST(cuda_math_library, each_float_of_exp_and_log) {
  cuda on(nullptr, {});
  for (function const f : {function::exp, function::log}) {
    gpu::array<double> worst(1);
    worst.fill_bytes(0);
    on.parallel_for({1, index_t{1} << 32}, every_float{f, worst.data()});
    double const found = worst.values()[0];
    std::printf("%s: %.3f u\n", f == function::exp ? "expf" : "logf", found);
    EXPECT_GT(found, 0.5);  // something was looked at: half an ulp is up to 1 u
    EXPECT_LE(found, f == function::exp ? reference::cuda_library.exp : reference::cuda_library.log);
  }
}

enum class of_double { exp, log, log1p, sine, cosine, atan2 };

struct sample {
  of_double f;
  double low, step;
  double* results;
  __device__ void operator()(index_t, index_t i) const {
    double const v = std::fma(step, static_cast<double>(i), low);
    switch (f) {
      case of_double::exp:
        results[i] = std::exp(v);
        break;
      case of_double::log:
        results[i] = std::log(v);
        break;
      case of_double::log1p:
        results[i] = std::log1p(v);
        break;
      case of_double::atan2:
        results[i] = std::atan2(v, 1.0);
        break;
      case of_double::sine:
        results[i] = std::sin(v);
        break;
      case of_double::cosine:
        results[i] = std::cos(v);
        break;
    }
  }
};

long double exactly(of_double f, long double v) {
  switch (f) {
    case of_double::exp:
      return std::exp(v);
    case of_double::log:
      return std::log(v);
    case of_double::log1p:
      return std::log1p(v);
    case of_double::atan2:
      return std::atan2(v, 1.0L);
    case of_double::sine:
      return std::sin(v);
    default:
      return std::cos(v);
  }
}

// In u, over where heinsen and semi_log take them; long double is 2^11 times finer.
double worst_of(of_double f, double low, double high) {
  index_t constexpr samples = 2'000'003;
  double const step = (high - low) / static_cast<double>(samples);
  gpu::array<double> results(samples);
  cuda on(nullptr, {});
  on.parallel_for({1, samples}, sample{f, low, step, results.data()});
  auto const got = results.values();
  double worst = 0;
  for (index_t i = 0; i < samples; ++i) {
    long double const exact = exactly(f, std::fma(step, static_cast<double>(i), low));
    if (exact == 0) continue;
    auto const error = static_cast<double>(std::abs((got[static_cast<std::size_t>(i)] - exact) / exact));
    worst = tests::worse(worst, error / 0x1p-53);
  }
  return worst;
}

TEST(cuda_math_library, samples_of_double) {
  constexpr double eighth = std::numbers::pi / 4;
  struct range {
    char const* name;
    of_double f;
    double low, high, allowed;
  };
  constexpr auto const& library = reference::cuda_library;
  for (range const& r : {range{"exp", of_double::exp, -708, 709, library.exp},
                         {"log", of_double::log, 1e-5, 1e10, library.log},
                         {"log near 1", of_double::log, 0.7, 1.42, library.log},
                         {"log1p", of_double::log1p, -0.999, 1, library.log1p},
                         {"log1p near 0", of_double::log1p, -1e-3, 1e-3, library.log1p},
                         {"sin", of_double::sine, -eighth, eighth, library.sine},
                         {"cos", of_double::cosine, -eighth, eighth, library.sine},
                         {"atan2", of_double::atan2, -1, 1, library.atan2}}) {
    double const found = worst_of(r.f, r.low, r.high);
    std::printf("%s: %.3f u\n", r.name, found);
    EXPECT_GT(found, 0.5) << r.name;
    EXPECT_LE(found, r.allowed) << r.name;
  }
}

}  // namespace
}  // namespace ssmscan
