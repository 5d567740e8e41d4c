#pragma once
// A good problem in the middle of red zones, for the tests of the door: some spoil it, some change it into another good one.
#include <limits>
#include <vector>

#include <ssmscan/scan/linear_recurrence.hpp>

namespace ssmscan {

constexpr index_t most = std::numeric_limits<index_t>::max();
constexpr tensor_shape shape{2, 3, 8};
constexpr tensor_shape states{2, 3, 1};
constexpr double red = 12345.0;

struct good_problem {
  static constexpr index_t zone = 64;
  std::vector<double> memory = std::vector<double>(1024, red);
  std::vector<index_t> offsets{0, 3, 3, 8};
  std::vector<std::uint8_t> reset{1, 0, 0, 1, 0, 0, 0, 1};
  recurrence<double> problem;
  execution how{.backend = "serial"};

  good_problem() {
    problem.a = view(0);
    problem.b = view(1);
    problem.x = view(2);
    problem.initial = {at(3), states};
    problem.final = {at(4), states};
  }
  double* at(index_t block) { return memory.data() + zone + block * 128; }
  tensor_view<double> view(index_t block) { return {at(block), shape}; }
};

}  // namespace ssmscan
