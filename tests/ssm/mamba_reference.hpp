#pragma once
// What transformers computed of a checkpoint that it wrote (tests/data), and how near a model of ours has to come, on any backend.
#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tests/ssm/reference_data.hpp"
#include "tests/worst.hpp"
#include <gtest/gtest.h>

#include <ssmscan/ssm/io/safetensors.hpp>

namespace ssmscan::ssm::test {

inline constexpr double tolerance =
    1e-4;  // of the reference's own float arithmetic, which a double forward meets within 1.3e-6

class mamba_reference {
 public:
  explicit mamba_reference(std::string const& name)
      : tensors_(read_safetensors(data_path(name + "/reference.safetensors"))) {}
  std::vector<float> values(std::string const& name) const { return values_of<float>(tensors_.at(name), name); }
  std::vector<index_t> ids(std::string const& name) const { return values_of<std::int64_t>(tensors_.at(name), name); }

 private:
  tensor_files tensors_;
};

inline void expect_close(std::span<float const> got, std::span<float const> expected, std::string const& what) {
  ASSERT_EQ(got.size(), expected.size()) << what;
  double worst = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    double const error = std::abs(double(got[i]) - double(expected[i]));
    worst = tests::worse(worst, error);
    ASSERT_TRUE(error <= tolerance) << what << " " << i << ": " << got[i] << ", expected " << expected[i];
  }
  testing::Test::RecordProperty(what, std::to_string(worst));
}

}  // namespace ssmscan::ssm::test
