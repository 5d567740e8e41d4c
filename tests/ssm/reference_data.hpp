#pragma once
// Arrays of tests/data, which our own code did not make. Read by our npy reader, which io/npy_test holds against
// literals.
#include <complex>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <ssmscan/ssm/io/npy.hpp>

namespace ssmscan::ssm::test {

inline std::filesystem::path data_path(std::string const& name) {
  return std::filesystem::path(SSMSCAN_TEST_DATA) / name;
}

template <class T>
std::vector<T> reference(std::string const& name) {
  npy_array const array = read_npy(data_path(name + ".npy"));
  auto const values = array.as<T>();
  return {values.begin(), values.end()};
}

// A folder of this test alone, removed at the end.
class scratch_folder {
 public:
  scratch_folder() {
    auto const* info = testing::UnitTest::GetInstance()->current_test_info();
    std::random_device any;
    path_ = std::filesystem::temp_directory_path() /
            ("ssmscan_" + std::string(info->test_suite_name()) + "_" + info->name() + "_" + std::to_string(any()));
    std::filesystem::create_directories(path_);
  }
  scratch_folder(scratch_folder const&) = delete;
  scratch_folder& operator=(scratch_folder const&) = delete;
  ~scratch_folder() { std::filesystem::remove_all(path_); }
  std::filesystem::path operator/(std::string const& name) const { return path_ / name; }
  std::filesystem::path const& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// The message of the std::invalid_argument that `action` throws; a failure and "" where it throws none.
template <class Action>
std::string refusal(Action action) {
  try {
    action();
  } catch (std::invalid_argument const& error) { return error.what(); }
  ADD_FAILURE() << "nothing was refused";
  return "";
}

}  // namespace ssmscan::ssm::test
