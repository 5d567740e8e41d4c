#pragma once
// Systems of every kind, one channel each, and a signal for them.
#include "tests/ssm/numbers.hpp"

#include <ssmscan/ssm/detail/hippo_system.hpp>
#include <ssmscan/ssm/hippo.hpp>
#include <ssmscan/ssm/linear_system.hpp>

namespace ssmscan::ssm::test {

inline std::vector<double> some_signal(index_t count) {
  std::vector<double> made;
  numbers source(7);
  for (index_t i = 0; i < count; ++i) made.push_back(source.next() + std::sin(0.05 * static_cast<double>(i)));
  return made;
}

inline dplr_system s4_channel(index_t size, double turn, spectrum kept = spectrum::half) {
  auto const form = hippo_normal_plus_low_rank(hippo::legs, size, kept);
  dplr_system made = detail::system_of(form, 0.02, kept);
  made.d = 0.25;
  for (index_t n = 0; n < form.lambda.size(); ++n)
    made.c.push_back(std::polar(1.0 / static_cast<double>(n + 1), turn * static_cast<double>(n)));
  return made;
}

inline diagonal_system s4d_channel(s4d_initialization which, discretization rule) {
  diagonal_system made{.lambda = s4d_lambda(which, 8), .d = -0.5, .step = 0.02, .rule = rule};
  for (std::size_t n = 0; n < made.lambda.size(); ++n) {
    made.b.push_back({1, 0.1 * static_cast<double>(n)});
    made.c.push_back(std::polar(1.0, static_cast<double>(n)));
  }
  return made;
}

inline discrete_dense dense_channel(hippo which, index_t size, discretization rule) {
  auto const [a, b] = discretize(dense_system<double>{hippo_matrix(which, size), hippo_input(which, size)}, 0.02, rule);
  return {a, b, Eigen::RowVectorXd::LinSpaced(size, -1, 1), Eigen::MatrixXd::Constant(1, 1, 0.5)};
}

inline mimo_diagonal_system s5_block() {
  mimo_diagonal_system system{.inputs = 2, .outputs = 3};
  system.lambda = s4d_lambda(s4d_initialization::lin, 8);
  for (int i = 0; i < 8; ++i) system.b.push_back(std::polar(1.0, 0.7 * i));
  for (int i = 0; i < 12; ++i) system.c.push_back(std::polar(0.5, 1.1 * i));
  for (int i = 0; i < 6; ++i) system.d.push_back(0.1 * i);
  for (int n = 0; n < 4; ++n) system.step.push_back(0.01 * (n + 1));
  return system;
}

}  // namespace ssmscan::ssm::test
