// Of every test that needs a GPU: without one it ends with 77, which ctest reports as skipped, and says why.
#include <cstdio>

#include "tests/cuda/gpu.hpp"
#include <gtest/gtest.h>

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (std::string const why = ssmscan::gpu::why_none(); !why.empty()) {
    std::printf("skipped, no test was run: %s\n", why.c_str());
    return 77;
  }
  std::printf("%s\n", ssmscan::gpu::description().c_str());
  return RUN_ALL_TESTS();
}
