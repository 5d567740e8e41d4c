// Where no GPU can be used, a call says so in clear words. ctest hides the GPUs of a machine that has some.
#include <system_error>

#include <gtest/gtest.h>

#include <ssmscan/scan/backends/cuda/gpus.hpp>
#include <ssmscan/scan/backends/cuda/linear_recurrence.hpp>

namespace ssmscan {
namespace {

TEST(without_a_gpu, a_call_says_what_is_missing) {
  float a[4], b[4], x[4];
  recurrence<float> const problem{.a = {a, 4}, .b = {b, 4}, .x = {x, 4}};
  EXPECT_EQ(device::workspace_bytes(problem, {.algorithm = "sequential"}), 0U);
  try {
    device::linear_recurrence(problem, {.algorithm = "sequential"});
    ADD_FAILURE() << "nothing thrown";
  } catch (std::system_error const& error) {
    EXPECT_STREQ(error.code().category().name(), "cuda");
    std::string const words = error.what();
    EXPECT_TRUE(words.find("no NVIDIA driver") != std::string::npos || words.find("no GPU") != std::string::npos)
        << words;
  }
}

TEST(without_a_gpu, the_question_is_answered) {
  std::string const why = device::why_no_gpu();
  EXPECT_TRUE(why.starts_with("cudaError") && why.find("nvidia-smi") != std::string::npos) << why;
  EXPECT_TRUE(device::gpus().empty());
  EXPECT_FALSE(device::compiled_architectures().empty());
}

}  // namespace
}  // namespace ssmscan
