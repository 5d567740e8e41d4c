// A kernel that failed spoils its context, and with it this process: nothing else is tested here.
#include "tests/cuda/gpu.hpp"
#include <gtest/gtest.h>

#include <ssmscan/scan/backends/cuda/launch.cuh>
#include <ssmscan/scan/backends/cuda/linear_recurrence.hpp>

namespace ssmscan {
namespace {

__global__ void fails() { __trap(); }

TEST(cuda_sticky_error, is_reported_by_the_next_call_and_not_swallowed) {
  gpu::array<float> const a(std::vector<float>(4, 1)), b(std::vector<float>(4, 1)), x(4);
  recurrence<float> const problem{.a = {a.data(), 4}, .b = {b.data(), 4}, .x = {x.data(), 4}};
  EXPECT_NO_THROW(device::linear_recurrence(problem, {.algorithm = "sequential"}));
  launch(nullptr, {1, 1}, &fails);
  cudaError_t const left_behind = cudaDeviceSynchronize();
  ASSERT_NE(left_behind, cudaSuccess);
  for (int call = 0; call < 2; ++call) try {
      device::linear_recurrence(problem, {.algorithm = "sequential"});
      ADD_FAILURE() << "nothing thrown";
    } catch (std::system_error const& error) {
      EXPECT_EQ(error.code().value(), left_behind) << error.what();
      EXPECT_NE(std::string(error.what()).find(cudaGetErrorName(left_behind)), std::string::npos) << error.what();
    }
  EXPECT_EQ(cudaDeviceSynchronize(), left_behind);
}

}  // namespace
}  // namespace ssmscan
