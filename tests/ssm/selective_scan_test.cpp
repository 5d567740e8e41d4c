// The selective scan in every mode against the definition, within the bound of selective_reference.hpp.
#include "tests/ssm/reference_data.hpp"
#include "tests/ssm/selective_checks.hpp"
#include <gmock/gmock.h>

#include <ssmscan/ssm/discretize.hpp>
#include <ssmscan/ssm/layer.hpp>

namespace ssmscan::ssm {
namespace {

using namespace test::selective;
using test::refusal;
using testing::HasSubstr;

template <class V>
class SelectiveScan : public testing::Test {};
using dtypes = testing::Types<float, double, std::complex<float>, std::complex<double>>;
TYPED_TEST_SUITE(SelectiveScan, dtypes);

TYPED_TEST(SelectiveScan, IsTheDefinitionOverTheWholeGrid) {
  int const cases = over_the_grid([](options const& o) {
    int const given = o.D + o.z + o.softplus + o.initial;
    check_all_modes<TypeParam>(o, given == 0 || given == 4);
  });
  EXPECT_EQ(cases, 3 * 3 * 3 * 16);
}

TYPED_TEST(SelectiveScan, AnyLengthChannelsAndStates) {
  for (index_t const time : {0, 1, 2, 63, 64, 65, 128, 301})
    check_all_modes<TypeParam>({.batch = 1, .time = time, .initial = true}, true);
  for (index_t const channels : {1, 2, 7, 8, 9, 15, 16, 17, 33, 64, 65, 130})
    check_all_modes<TypeParam>({.batch = 1, .channels = channels, .time = 5, .B = operand::grouped}, false);
  for (index_t const states : {1, 2, 3, 8, 16, 33, 100})
    check_all_modes<TypeParam>({.batch = 1, .channels = 3, .states = states, .time = 9}, false);
  check_all_modes<TypeParam>({.batch = 0}, true);
  for (operand const kind : {operand::constant, operand::varying, operand::grouped})
    check_all_modes<TypeParam>({.channels = 0, .B = kind, .C = kind}, true);
  check_all_modes<TypeParam>({.channels = 1, .states = 3, .time = 4096}, true);
}

// Frozen selectivity is S4D: the same step, B and C at all times, exact zero-order hold.
TEST(SelectiveScanBridge, FrozenSelectivityIsTheS4DConvolution) {
  index_t const states = 16, time = 1000;
  double const step = 0.02;
  diagonal_system system;
  system.step = step, system.d = 0.5;
  for (index_t n = 0; n < states; ++n) {
    double const k = double(n);
    system.lambda.emplace_back(-0.5, 3.14159265358979 * k);
    system.b.emplace_back(std::cos(k), std::sin(2 * k));
    system.c.emplace_back(std::cos(k) / (k + 1), std::sin(k) / (k + 1));
  }
  std::vector<double> u(size(time)), d(size(time), step), y(size(time)), skip{0.5};
  for (std::size_t t = 0; t < u.size(); ++t) u[t] = std::sin(0.01 * double(t * t));
  for (discretization const rule : {discretization::zoh, discretization::bilinear}) {
    system.rule = rule;
    selective_problem<std::complex<double>> p;
    p.u = tensor_view<double const>(u.data(), time), p.delta = tensor_view<double const>(d.data(), time),
    p.y = {y.data(), time};
    p.A = {system.lambda.data(), 1, states};
    p.B = constant_coefficient(system.b.data(), 1, states), p.C = constant_coefficient(system.c.data(), 1, states);
    p.D = skip;
    p.rule = rule == discretization::zoh ? selective_rule::zoh : selective_rule::bilinear;
    layer const frozen(std::span(&system, 1));
    for (ssm::mode const form : {ssm::mode::convolution, ssm::mode::recurrence, ssm::mode::scan}) {
      std::vector<double> expected(u.size());
      frozen.run(u, 1, expected, {.mode = form});
      double largest = 0;
      for (double const value : expected) largest = std::max(largest, std::abs(value));
      for (selective_mode const mode : {selective_mode::fused, selective_mode::unfused, selective_mode::recurrence}) {
        selective_scan(p, {.mode = mode});
        for (std::size_t t = 0; t < u.size(); ++t)
          ASSERT_LE(std::abs(y[t] - expected[t]), 1e-10 * largest)
              << name_of(rule) << ' ' << name_of(form) << ' ' << name_of(mode);
      }
    }
  }
}

// NaN goes forward in its own channel only, though other channels share its vector.
TYPED_TEST(SelectiveScan, NaNStaysInItsChannel) {
  using V = TypeParam;
  options const o{.batch = 1, .channels = 9, .states = 3, .time = 20};
  instance<V> one(o);
  one.u[3 * 20 + 7] = std::numeric_limits<typename instance<V>::T>::quiet_NaN();
  for (selective_mode const mode : {selective_mode::fused, selective_mode::unfused, selective_mode::recurrence}) {
    selective_scan(one.problem(), {.mode = mode});
    for (index_t c = 0; c < 9; ++c)
      for (index_t t = 0; t < 20; ++t)
        ASSERT_EQ(std::isnan(one.y[size(c * 20 + t)]), c == 3 && t >= 7) << name_of(mode);
  }
}

TEST(SelectiveScanRefuses, WhatDoesNotFit) {
  instance<double> one({});
  auto const said = [&](auto change) {
    selective_problem<double> p = one.problem();
    selective_execution how;
    change(p, how);
    return refusal([&] { selective_scan(p, how); });
  };
  using problem = selective_problem<double>;
  using execution = selective_execution;
  EXPECT_EQ(said([](problem& p, execution&) { p.delta.shape.time = 36; }),
            "delta: got (2, 6, 36); need (2, 6, 37), as u");
  EXPECT_THAT(said([](problem& p, execution&) { p.y.stride.time = 0; }), HasSubstr("y: got a stride of 0"));
  EXPECT_EQ(said([](problem& p, execution&) { p.A.rows = 5; }), "A: got (5, 5); need (6, 5)");
  EXPECT_EQ(said([](problem& p, execution&) { p.A.columns = 0; }), "A: got 0 states; need at least 1");
  EXPECT_THAT(said([](problem& p, execution&) { p.B.groups = 4; }),
              HasSubstr("B: got 4 groups; need a number that divides the 6"));
  EXPECT_THAT(said([](problem& p, execution&) { p.C.groups = 0; }), HasSubstr("C: got 0 groups"));
  EXPECT_THAT(said([](problem& p, execution&) { p.C.data = nullptr; }), HasSubstr("C: got no memory"));
  EXPECT_THAT(said([](problem& p, execution&) { p.D = p.D.first(5); }), HasSubstr("D: got 5 elements; need 6"));
  EXPECT_THAT(said([](problem& p, execution&) { p.delta_bias = p.delta_bias.first(1); }), HasSubstr("delta_bias"));
  std::vector<index_t> const falling{0, 20, 10, 37}, some{0, 0}, past{38, 37}, wrong{1, 37};
  EXPECT_THAT(said([&](problem& p, execution&) { p.offsets = falling; }),
              HasSubstr("offsets: got 20 then 10 at position 2"));
  EXPECT_THAT(said([&](problem& p, execution&) { p.offsets = wrong; }), HasSubstr("offsets: got first = 1"));
  EXPECT_THAT(said([&](problem& p, execution&) { p.begin = some, p.end = past; }),
              HasSubstr("begin, end: got [0, 38)"));
  EXPECT_THAT(said([&](problem& p, execution&) { p.begin = some; }), HasSubstr("end: got 0 elements"));
  EXPECT_THAT(said([](problem&, execution& e) { e.scan.backend = "gpu"; }), HasSubstr("backend: got gpu"));
  EXPECT_THAT(said([](problem&, execution& e) { e.scan.algorithm = "blelloch"; }), HasSubstr("only mode unfused"));
  EXPECT_THAT(said([](problem&, execution& e) { e.mode = selective_mode::unfused, e.scan.algorithm = "none"; }),
              HasSubstr("none"));
  EXPECT_EQ(refusal([] { selective_rule_by_name("euler"); }), "discretization: got euler; need mamba, zoh or bilinear");
  EXPECT_EQ(refusal([] { selective_mode_by_name("scan"); }), "mode: got scan; need fused, unfused or recurrence");
}

}  // namespace
}  // namespace ssmscan::ssm
