// Compiled for a GPU that this machine does not have (CMakeLists.txt says which): a launch says so.
#include "tests/cuda/gpu.hpp"
#include <gtest/gtest.h>

#include <ssmscan/scan/backends/cuda/launch.cuh>

namespace ssmscan {
namespace {

__global__ void does_nothing() {}

TEST(cuda_other_architecture, is_said_with_what_to_do) {
  int major = 0;
  need_success(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, 0), "asking");
  if (major == SSMSCAN_OTHER_MAJOR) GTEST_SKIP() << "this GPU is of compute capability " << major << " itself";
  try {
    launch(nullptr, {1, 1}, &does_nothing);
    ADD_FAILURE() << "nothing thrown";
  } catch (std::system_error const& error) {
    std::string const words = error.what();
    EXPECT_NE(words.find("compiled for compute capability " + std::to_string(SSMSCAN_OTHER_MAJOR) + ".0"),
              std::string::npos)
        << words;
    EXPECT_NE(words.find("CMAKE_CUDA_ARCHITECTURES"), std::string::npos) << words;
  }
}

}  // namespace
}  // namespace ssmscan
