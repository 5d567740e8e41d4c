// What is remembered of a kernel is how much shared memory its blocks were allowed: where it does not hold, as after a context was reset,
// and where threads ask for different amounts at once, a launch is still made, once.
#include <atomic>
#include <thread>
#include <vector>

#include "tests/cuda/gpu.hpp"
#include <gtest/gtest.h>

#include <ssmscan/scan/backends/cuda/remembered.cuh>

namespace ssmscan {
namespace {

// Adds what its last byte of shared memory was set to: 1 for each launch.
template <int Which>
__global__ void counts(int* launches, int bytes) {
  extern __shared__ unsigned char shared[];
  shared[bytes - 1] = 1;
  atomicAdd(launches, shared[bytes - 1]);
}

template <int Which>
void launch_counting(int* launches, int bytes) {
  constexpr auto* kernel = &counts<Which>;
  device::launch_with_shared<kernel>(device::this_device(), nullptr, {1, 1, static_cast<std::size_t>(bytes)}, launches,
                                     bytes);
}

int count_in(gpu::array<int> const& launches) {
  EXPECT_EQ(cudaDeviceSynchronize(), cudaSuccess);
  return launches.values().at(0);
}

constexpr int much = 100 << 10, more = 200 << 10;

TEST(cuda_remembered, shared_memory_is_asked_for_again_where_it_is_no_longer_allowed) {
  gpu::array<int> const launches(std::vector<int>{0});
  launch_counting<0>(launches.data(), much);
  launch_counting<0>(launches.data(), much);
  EXPECT_EQ(count_in(launches), 2);
  // As of a kernel in a new context.
  ASSERT_EQ(cudaFuncSetAttribute(&counts<0>, cudaFuncAttributeMaxDynamicSharedMemorySize, 0), cudaSuccess);
  launch_counting<0>(launches.data(), much);
  EXPECT_EQ(count_in(launches), 3);
  EXPECT_EQ(cudaGetLastError(), cudaSuccess) << "the refused launch's error is left behind";
  launch_counting<0>(launches.data(), more);
  launch_counting<0>(launches.data(), much);
  EXPECT_EQ(count_in(launches), 5);
}

TEST(cuda_remembered, more_than_there_is_fails_and_is_not_remembered) {
  gpu::array<int> const launches(std::vector<int>{0});
  for (int again = 0; again < 2; ++again) EXPECT_THROW(launch_counting<1>(launches.data(), 1 << 20), std::system_error);
  launch_counting<1>(launches.data(), much);
  EXPECT_EQ(count_in(launches), 1);
}

// Small amounts asked for late do not take back large ones.
TEST(cuda_remembered, threads_that_ask_at_once_have_what_they_ask_for) {
  constexpr int threads = 16, rounds = 50;
  gpu::array<int> const launches(std::vector<int>{0});
  std::atomic<int> waiting = threads, refused = 0;
  std::vector<std::thread> all;
  for (int thread = 0; thread < threads; ++thread)
    all.emplace_back([&, thread] {
      --waiting;
      while (waiting > 0) {}
      for (int round = 0; round < rounds; ++round) try {
          launch_counting<2>(launches.data(), much + ((thread * rounds + round * 7) % 100 << 10));
        } catch (std::system_error const&) { ++refused; }
    });
  for (auto& each : all) each.join();
  EXPECT_EQ(refused, 0);
  EXPECT_EQ(count_in(launches), threads * rounds);
}

TEST(cuda_remembered, what_a_device_has_is_what_cuda_says) {
  for (int again = 0; again < 2; ++again) {
    device::this_device const device;
    int multiprocessors = 0, bytes = 0;
    ASSERT_EQ(cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, device.index), cudaSuccess);
    ASSERT_EQ(cudaDeviceGetAttribute(&bytes, cudaDevAttrMaxSharedMemoryPerBlockOptin, device.index), cudaSuccess);
    EXPECT_EQ(device.multiprocessors(), multiprocessors);
    EXPECT_EQ(device::multiprocessors(), multiprocessors);
    EXPECT_EQ(device.most_shared_bytes_of_block(), bytes);
  }
}

}  // namespace
}  // namespace ssmscan
