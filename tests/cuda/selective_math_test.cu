// The errors that selective_reference.hpp presumes of a device's arithmetic, over every float.
#include "tests/cuda/gpu.hpp"
#include <gtest/gtest.h>

#include <ssmscan/scan/backends/cuda/launch.cuh>
#include <ssmscan/ssm/cuda/selective_math.cuh>
#include <ssmscan/ssm/detail/selective_reference.hpp>

namespace ssmscan {
namespace {

enum class function { exp2, softplus, silu, softplus_of_16_bits, silu_of_16_bits };
constexpr double unit = 0x1p-24, least = 0x1p-126;
constexpr int thousandths = 1000;

// The largest error in units of u, beyond what lies below the normal numbers.
template <function F>
__global__ void largest_error(unsigned long long* largest) {
  double most = 0;
  index_t const threads = static_cast<index_t>(gridDim.x) * blockDim.x;
  for (index_t i = static_cast<index_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < index_t{1} << 32; i += threads) {
    float const x = __uint_as_float(static_cast<unsigned>(i));
    double const exact = x;
    if (!isfinite(x)) continue;
    double value = 0, expected = 0, lost = least;
    if constexpr (F == function::exp2) {
      if (x >= 128) continue;
      value = device::exp2_approximate(x), expected = exp2(exact);
    } else if constexpr (F == function::softplus || F == function::softplus_of_16_bits) {
      value = F == function::softplus ? device::softplus(x) : device::softplus_of_16_bits(x);
      expected = exact > 20 ? exact : log1p(exp(exact));
    } else {
      double const w = exp(-fabs(exact));
      value = F == function::silu ? device::silu(x) : device::silu_of_16_bits(x);
      expected = exact < 0 ? exact * w / (1 + w) : exact / (1 + w);
      lost = 2 * least * (1 + fabs(exact));
    }
    double const error = fabs(value - expected) - lost;
    if (error > 0) most = fmax(most, error / fabs(expected) / unit);
    if (isnan(value)) most = 1e9;
  }
  atomicMax(largest, static_cast<unsigned long long>(ceil(most * thousandths)));
}

template <function F>
double error_of() {
  gpu::array<unsigned long long> largest(std::vector<unsigned long long>{0});
  launch(nullptr, {2112, 256}, &largest_error<F>, largest.data());
  return double(largest.values()[0]) / thousandths;
}

constexpr ssm::detail::selective_errors presumed = ssm::detail::errors_of_a_device<float>();

TEST(cuda_selective_math, exponential) { EXPECT_LE(error_of<function::exp2>(), double(presumed.exponential)); }
TEST(cuda_selective_math, softplus) { EXPECT_LE(error_of<function::softplus>(), double(presumed.softplus)); }
TEST(cuda_selective_math, silu) { EXPECT_LE(error_of<function::silu>(), double(presumed.gate)); }

constexpr ssm::detail::selective_errors of_16_bits = ssm::detail::with_steps_of_16_bits(presumed);
TEST(cuda_selective_math, softplus_of_16_bits) {
  EXPECT_LE(error_of<function::softplus_of_16_bits>(), double(of_16_bits.softplus));
}
TEST(cuda_selective_math, silu_of_16_bits) {
  EXPECT_LE(error_of<function::silu_of_16_bits>(), double(of_16_bits.gate));
}

}  // namespace
}  // namespace ssmscan
