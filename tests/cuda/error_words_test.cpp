// Words for another architecture, in a program of which a unit is compiled by nvcc and one, linked first, is not: each tells its own.
#include <gtest/gtest.h>

#include <ssmscan/scan/backends/cuda/error.cuh>

namespace ssmscan {

std::string words_of_device_code();
std::string first_architecture();

namespace {

TEST(cuda_error_words, of_a_kernel_tell_what_it_was_compiled_for) {
  std::string const of_host = cuda_category().message(cudaErrorNoKernelImageForDevice),
                    of_device = words_of_device_code();
  EXPECT_NE(of_device.find("compute capability " + first_architecture()), std::string::npos) << of_device;
  EXPECT_EQ(of_host.find("compute capability"), std::string::npos) << of_host;
}

}  // namespace
}  // namespace ssmscan
