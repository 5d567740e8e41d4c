// The validation's verdicts, and its bounds against long double.
#include <gtest/gtest.h>

#include <ssmscan/scan/backends/serial.hpp>
#include <ssmscan/scan/monoids/affine_matrix.hpp>
#include <ssmscan/scan/registry.hpp>
#include <ssmscan/scan/scan.hpp>
#include <ssmscan/ssm/detail/check_rows.hpp>
#include <ssmscan/ssm/detail/dense_bounds.hpp>
#include <ssmscan/ssm/detail/layer_bounds.hpp>
#include <ssmscan/ssm/hippo.hpp>
#include <ssmscan/ssm/layer.hpp>

namespace ssmscan::ssm {
namespace {

using complex = std::complex<double>;
using wide = std::complex<long double>;

std::size_t at(index_t i) { return static_cast<std::size_t>(i); }

// The recurrence and every scan that reassociates stay within the bound carried through c, of the exact layer.
TEST(Validate, LayerBoundsHoldAgainstLongDouble) {
  signal const input = built_in_signal(1, 3000);
  for (s4d_initialization const which : all_s4d_initializations) {
    diagonal_system system{.lambda = s4d_lambda(which, 16), .d = 0.3, .step = 0.004};
    for (std::size_t n = 0; n < system.lambda.size(); ++n) {
      system.b.emplace_back(1.0, -0.5);
      system.c.emplace_back(1.0 / static_cast<double>(n + 1), static_cast<double>(n % 3) - 1);
    }
    discrete_diagonal const discrete = discretize(system);
    auto const sums = detail::sums_of(discrete.a, system, input.values, input.values.size(),
                                      [&](std::size_t n, double u) { return discrete.b[n] * u; });
    std::vector<double> output(input.values.size());
    layer(std::span(&system, 1)).run(input.values, 1, output);
    std::vector<wide> state(system.lambda.size());
    double largest = 0;
    for (std::size_t t = 0; t < output.size(); ++t) {
      long double sum = 0;
      for (std::size_t n = 0; n < state.size(); ++n) {
        complex const driven(discrete.b[n].real() * input.values[t], discrete.b[n].imag() * input.values[t]);
        state[n] = times(wide(discrete.a[n]), state[n]) + wide(driven);
        sum += times(wide(system.c[n]), state[n]).real();
      }
      long double const exact =
          2 * sum + static_cast<long double>(system.d) * static_cast<long double>(input.values[t]);
      double const error = static_cast<double>(std::abs(static_cast<long double>(output[t]) - exact));
      double const bound = detail::carried<double>(sums, t, detail::recurrence_error, input.values.size()) +
                           detail::read_out_error(sums, t, state.size(), system.d * input.values[t]);
      ASSERT_LE(error, bound) << name_of(which) << " " << t;
      largest = std::max(largest, error / bound);
    }
    EXPECT_GT(largest, 0.01) << name_of(which);  // of the size of the error
  }
}

// Every tree of matrices stays within its bound of the exact layer; the bound is not blind; and a state that is lost once,
// as at the border of two chunks, is far beyond it. A triangular matrix; a contraction; and one whose powers grow before they
// fade, M = 1.18.
class DenseBounds : public testing::TestWithParam<std::pair<hippo, discretization>> {};
INSTANTIATE_TEST_SUITE_P(Validate, DenseBounds,
                         testing::Values(std::pair(hippo::legs, discretization::bilinear),
                                         std::pair(hippo::legt, discretization::bilinear),
                                         std::pair(hippo::legt, discretization::forward_euler)));

TEST_P(DenseBounds, HoldAgainstLongDouble) {
  constexpr index_t size = 8, length = 1000, lost_at = 640;
  auto const [which, rule] = GetParam();
  signal const input = built_in_signal(1, length);
  detail::dense_layer layer{
      discretize(dense_system<double>{hippo_matrix(which, size), hippo_input(which, size)}, 0.01, rule),
      Eigen::RowVectorXd::LinSpaced(size, -1, 1)};
  bool const in_norm = which != hippo::legs, grows = rule == discretization::forward_euler;
  if (in_norm) { EXPECT_NEAR(layer.power_bound(), grows ? 1.178 : 1.0, 1e-3); }
  using wide_matrix = Eigen::Matrix<long double, Eigen::Dynamic, Eigen::Dynamic>;
  wide_matrix const a = layer.discrete.a.cast<long double>(), c = layer.c.cast<long double>();
  std::vector<long double> exact, lost;
  for (auto* const outputs : {&exact, &lost}) {
    wide_matrix x = wide_matrix::Zero(size, 1);
    for (index_t t = 0; t < length; ++t) {
      if (outputs == &lost && t == lost_at) x.setZero();
      x = (a * x + layer.discrete.b.cast<long double>() * static_cast<long double>(input.values[at(t)])).eval();
      outputs->push_back((c * x).value());
    }
  }
  auto const sums = detail::sums_of(layer, input.values, at(length));
  detail::dense_run recurrence(layer);
  for (index_t t = 0; t < length; ++t) {
    recurrence.step(input.values[at(t)]);
    ASSERT_LE(std::abs(static_cast<long double>(recurrence.output()) - exact[at(t)]), recurrence.bound()) << t;
  }
  using maps = affine_matrix<double, size>;
  int trees = 0;
  algorithms::for_each([&]<class A>(std::type_identity<A>) {
    if constexpr (supports<A, serial, maps>) {
      ++trees;
      double largest = 0, seen = 0;
      serial on;
      scan(
          on, A{}, maps{}, {1, length},
          [&](index_t, index_t t) {
            auto leaf = maps{}.identity();
            for (index_t i = 0; i < size; ++i) {
              for (index_t k = 0; k < size; ++k) leaf.a[at(i * size + k)] = layer.discrete.a(i, k);
              leaf.b[at(i)] = layer.discrete.b(i) * input.values[at(t)];
            }
            return leaf;
          },
          [&](index_t, index_t t, maps::value_type const& prefix) {
            long double y = 0;
            for (index_t i = 0; i < size; ++i) y += c(0, i) * static_cast<long double>(prefix.b[at(i)]);
            auto const bound =
                static_cast<long double>(detail::carried(sums, at(t), size, A::info.roundings(length), at(length)));
            long double const error = std::abs(y - exact[at(t)]);
            ASSERT_LE(error, bound) << A::info.name << " " << t;
            largest = std::max(largest, static_cast<double>(error / bound));
            if (t == lost_at) seen = static_cast<double>(std::abs(lost[at(t)] - exact[at(t)]) / bound);
          });
      EXPECT_GT(largest, in_norm ? 1e-6 : 1e-4) << A::info.name;  // of the size of the error
      EXPECT_GT(seen, 1e6) << A::info.name;
    }
  });
  EXPECT_EQ(trees, 5);
}

TEST(Validate, ADifferenceBeyondTheBoundFails) {
  std::vector<double> const expected{1, 2, 3};
  auto const verdict = [&](std::vector<double> const& computed) {
    return detail::componentwise({}, computed, expected, [](std::size_t) { return 0.5; });
  };
  EXPECT_EQ(verdict({1, 2, 3}).status, check_status::pass);
  EXPECT_EQ(verdict({1, 2.5, 3}).status, check_status::pass);
  EXPECT_EQ(verdict({1, 2.75, 3}).status, check_status::fail);
  EXPECT_EQ(verdict({1, 2.75, 3}).ratio, 1.5);
  EXPECT_EQ(verdict({NAN, 2, 3}).status, check_status::fail);
  EXPECT_EQ(verdict({1, 2, INFINITY}).status, check_status::fail);
  EXPECT_EQ(detail::componentwise({}, expected, expected, [](std::size_t) { return 0.0; }).status, check_status::pass);
  EXPECT_EQ(detail::componentwise({}, std::vector<double>{1, 2, 4}, expected, [](std::size_t) { return 0.0; }).status,
            check_status::fail);
  EXPECT_EQ(
      detail::componentwise({}, std::vector<double>{}, std::vector<double>{}, [](std::size_t) { return 1.0; }).status,
      check_status::fail);  // nothing compared is nothing proved
  EXPECT_EQ(detail::by_rows<double>({}, std::vector<double>{1, 2, 3, 7}, std::vector<double>{1, 2, 3, 3}, 2,
                                    [](std::size_t) { return 3.9; })
                .status,
            check_status::fail);
}

// Zeros that should be zeros prove nothing, zeros that should be something are wrong, as is something that should be zero.
TEST(Validate, ZerosAgainstZerosAreNoPass) {
  std::vector<double> const zeros(4), other{0, 0, 0, 1};
  auto const verdicts = [](std::vector<double> const& computed, std::vector<double> const& expected) {
    auto const bound = [](std::size_t) { return 0.5; };
    auto const by_element = detail::componentwise({}, computed, expected, bound),
               by_row = detail::by_rows<double>({}, computed, expected, 2, bound);
    EXPECT_EQ(by_element.status, by_row.status);
    EXPECT_EQ(by_element.reason, by_row.reason);
    return by_element;
  };
  EXPECT_EQ(verdicts(zeros, zeros).status, check_status::skip);
  EXPECT_EQ(verdicts(zeros, zeros).reason, detail::nothing_compared);
  EXPECT_EQ(verdicts(zeros, other).status, check_status::fail);
  EXPECT_EQ(verdicts(other, zeros).status, check_status::fail);
  EXPECT_EQ(verdicts(other, other).status, check_status::pass);
}

}  // namespace
}  // namespace ssmscan::ssm
