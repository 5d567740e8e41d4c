// The selective scan in every mode against the definition, within the bound of selective_reference.hpp; and what must be
// equal bit for bit: pieces and whole, packed and separate, padded and not, every layout, thread count and SIMD target.
#include <cmath>
#include <cstring>
#include <random>

#include "tests/ssm/reference_data.hpp"
#include "tests/ssm/selective_instance.hpp"
#include <gmock/gmock.h>
#include <hwy/targets.h>

#include <ssmscan/scan/registry.hpp>
#include <ssmscan/ssm/detail/selective_reference.hpp>
#include <ssmscan/ssm/discretize.hpp>
#include <ssmscan/ssm/layer.hpp>

namespace ssmscan::ssm {
namespace {

using namespace test::selective;
using test::refusal;
using testing::HasSubstr;

template <class V>
void expect_inside(instance<V> const& got, detail::selective_expected<V> const& expected, std::string const& what) {
  for (std::size_t i = 0; i < expected.y.size(); ++i)
    ASSERT_LE(std::abs(static_cast<long double>(got.y[i]) - expected.y[i]), expected.y_bound[i]) << what << " y " << i;
  for (std::size_t i = 0; i < expected.state.size(); ++i) {
    std::complex<long double> const state(std::real(got.final[i]), std::imag(got.final[i]));
    ASSERT_LE(std::abs(state - expected.state[i]), expected.state_bound[i]) << what << " state " << i;
  }
}

template <class V>
class SelectiveScan : public testing::Test {};
using dtypes = testing::Types<float, double, std::complex<float>, std::complex<double>>;
TYPED_TEST_SUITE(SelectiveScan, dtypes);

// The modes that go step by step, and every algorithm that has bound (A).
template <class V>
void check_all_modes(options const& o, bool every_algorithm) {
  instance<V> one(o);
  selective_problem<V> const p = one.problem();
  auto const expected = detail::selective_reference(p, 1);
  for (selective_mode const mode : {selective_mode::fused, selective_mode::recurrence}) {
    choice const made =
        selective_scan(p, {.mode = mode, .scan = {.backend = "serial"}});  // threads: a test of their own
    EXPECT_EQ(made.algorithm, name_of(mode));
    expect_inside(one, expected, std::string(name_of(mode)) + " " + text_of(o));
  }
  algorithms::for_each([&](auto entry) {
    constexpr algorithm_info info = decltype(entry)::type::info;
    if (info.result == result_class::reformulates || (!every_algorithm && info.name != "sequential")) return;
    std::fill(one.y.begin(), one.y.end(), 99), std::fill(one.final.begin(), one.final.end(), V(99));
    choice const made =
        selective_scan(p, {.mode = selective_mode::unfused, .scan = {.algorithm = info.name, .backend = "serial"}});
    EXPECT_EQ(made.algorithm, info.name);
    expect_inside(one, detail::selective_reference(p, std::max<index_t>(info.roundings(o.time), 1)),
                  "unfused " + std::string(info.name) + " " + text_of(o));
  });
}

TYPED_TEST(SelectiveScan, IsTheDefinitionOverTheWholeGrid) {
  int cases = 0;
  for (selective_rule const rule : {selective_rule::mamba, selective_rule::zoh, selective_rule::bilinear}) {
    for (operand const B : {operand::constant, operand::varying, operand::grouped}) {
      for (operand const C : {operand::constant, operand::varying, operand::grouped}) {
        for (int flags = 0; flags < 16; ++flags) {
          options o{.rule = rule, .B = B, .C = C};
          o.D = flags & 1, o.z = flags & 2, o.softplus = flags & 4, o.initial = flags & 8;
          check_all_modes<TypeParam>(o, flags == 15 || flags == 0);
          ++cases;
        }
      }
    }
  }
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
  check_all_modes<TypeParam>({.channels = 1, .states = 3, .time = 4096}, true);
}

// A length-300 run cut at every place, the state carried: the bits of one run, in both modes that go step by step.
TYPED_TEST(SelectiveScan, PiecesAreTheWhole) {
  using V = TypeParam;
  options const o{.batch = 1, .channels = 3, .states = 4, .time = 300, .initial = true};
  for (selective_mode const mode : {selective_mode::fused, selective_mode::recurrence}) {
    instance<V> whole(o), cut(o);
    selective_scan(whole.problem(), {.mode = mode});
    for (index_t at = 0; at <= o.time; ++at) {
      std::fill(cut.y.begin(), cut.y.end(), 99);
      for (auto const& [begin, end] : {std::pair{index_t{0}, at}, std::pair{at, o.time}}) {
        selective_problem<V> p = cut.problem();
        for (auto* view : {&p.u, &p.delta, &p.z}) view->data += begin, view->shape.time = end - begin;
        p.y.data += begin, p.y.shape.time = end - begin;
        p.B.data += begin, p.C.data += begin;
        if (begin == at && at > 0)
          p.initial = dense_state<V const>(cut.final.data(), o.channels, o.states);  // in place
        if (at == 0 && begin == 0 && end == 0) continue;
        selective_scan(p, {.mode = mode});
      }
      ASSERT_TRUE(same_bits(cut.y, whole.y) && same_bits(cut.final, whole.final)) << name_of(mode) << " at " << at;
    }
  }
}

TYPED_TEST(SelectiveScan, PackedIsSeparate) {
  using V = TypeParam;
  options o{.batch = 2, .channels = 5, .states = 3, .time = 90, .initial = true, .offsets = {0, 1, 1, 65, 66, 90}};
  instance<V> packed(o);
  selective_problem<V> const p = packed.problem();
  check_all_modes<V>(o, true);
  selective_scan(p);
  std::vector<V> const finals = packed.final;
  auto const y = packed.y;
  // NaN in one sequence stays there.
  for (index_t i = 0; i < 2 * 5; ++i)
    packed.u[size(i * 90 + 70)] = std::numeric_limits<typename instance<V>::T>::quiet_NaN();
  for (selective_mode const mode : {selective_mode::fused, selective_mode::unfused, selective_mode::recurrence}) {
    selective_scan(p, {.mode = mode});
    for (index_t i = 0; i < 10; ++i)
      for (index_t t = 0; t < 90; ++t)
        ASSERT_EQ(std::isnan(packed.y[size(i * 90 + t)]), t >= 70) << name_of(mode) << ' ' << t;
  }
  instance<V> separate(o);
  for (std::size_t k = 0; k + 1 < o.offsets.size(); ++k) {
    index_t const begin = o.offsets[k], end = o.offsets[k + 1];
    selective_problem<V> q = separate.problem();
    q.offsets = {};
    for (auto* view : {&q.u, &q.delta, &q.z}) view->data += begin, view->shape.time = end - begin;
    q.y.data += begin, q.y.shape.time = end - begin;
    q.B.data += begin, q.C.data += begin;
    q.initial.data += q.initial.stride.sequence * index_t(k), q.final.data += q.final.stride.sequence * index_t(k);
    selective_scan(q);
  }
  EXPECT_TRUE(same_bits(separate.y, y) && same_bits(separate.final, finals));
}

// Whatever stands in the padding, left or right, the state and the outputs are those of the samples alone.
TYPED_TEST(SelectiveScan, PaddingIsNeverRead) {
  using V = TypeParam;
  using T = typename instance<V>::T;
  options o{
      .batch = 3, .channels = 4, .states = 3, .time = 70, .initial = true, .begin = {0, 5, 70}, .end = {64, 70, 70}};
  instance<V> padded(o);
  selective_problem<V> const p = padded.problem();
  for (index_t i = 0; i < 3; ++i)
    for (index_t c = 0; c < 4; ++c)
      for (index_t t = 0; t < 70; ++t)
        if (t < o.begin[size(i)] || t >= o.end[size(i)])
          for (auto* values : {&padded.u, &padded.delta, &padded.z})
            (*values)[size((i * 4 + c) * 70 + t)] = std::numeric_limits<T>::quiet_NaN();
  check_all_modes<V>(o, false);
  for (selective_mode const mode : {selective_mode::fused, selective_mode::unfused, selective_mode::recurrence}) {
    selective_scan(p, {.mode = mode});
    expect_inside(padded, detail::selective_reference(p, 2 * 7), std::string(name_of(mode)));
    for (index_t t = 0; t < 70; ++t) ASSERT_EQ(padded.y[size(2 * 4 * 70 + t)], 0);
    for (index_t n = 0; n < 12; ++n)
      ASSERT_EQ(padded.final[size(24 + n)], padded.initial[size(24 + n)]);  // nothing but padding
  }
}

TYPED_TEST(SelectiveScan, LayoutThreadsBatchAndPlaceChangeNoBit) {
  using V = TypeParam;
  using T = typename instance<V>::T;
  options const o{.batch = 2, .channels = 70, .states = 6, .time = 130, .B = operand::grouped, .initial = true};
  instance<V> plain(o);
  selective_scan(plain.problem(), {.scan = {.threads = 1}});
  auto const y = plain.y;
  auto const final = plain.final;
  for (int const threads : {2, 3, 8}) {
    selective_scan(plain.problem(), {.scan = {.threads = threads}});
    EXPECT_TRUE(same_bits(plain.y, y) && same_bits(plain.final, final)) << threads;
  }
  selective_scan(plain.problem(), {.scan = {.backend = "serial"}});
  EXPECT_TRUE(same_bits(plain.y, y) && same_bits(plain.final, final));

  // Channels contiguous, y in the place of u.
  instance<V> turned(o);
  auto const turn = [&](std::vector<T>& values) {
    std::vector<T> const from = values;
    for (index_t i = 0; i < 2; ++i)
      for (index_t c = 0; c < 70; ++c)
        for (index_t t = 0; t < 130; ++t) values[size((i * 130 + t) * 70 + c)] = from[size((i * 70 + c) * 130 + t)];
  };
  for (auto* values : {&turned.u, &turned.delta, &turned.z}) turn(*values);
  selective_problem<V> p = turned.problem();
  for (auto* view : {&p.u, &p.delta, &p.z}) view->stride = {130 * 70, 1, 70};
  p.y = {turned.u.data(), p.u.shape, p.u.stride};
  selective_scan(p);
  auto expected = y;
  turn(expected);
  EXPECT_TRUE(same_bits(turned.u, expected) && same_bits(turned.final, final));

  // One channel by itself, in the second group's half, from any place in memory.
  instance<V> again(o);
  selective_problem<V> q = again.problem();
  index_t const channel = 41;
  for (auto* view : {&q.u, &q.delta, &q.z}) view->data += channel * 130, view->shape.channel = 1;
  q.y.data += channel * 130, q.y.shape.channel = 1;
  q.A.data += channel * 6, q.A.rows = 1;
  q.D = q.D.subspan(41, 1), q.delta_bias = q.delta_bias.subspan(41, 1);
  q.B.data += q.B.stride.group, q.B.groups = 1;
  q.initial.data += channel * 6, q.final.data += channel * 6;
  selective_scan(q);
  for (index_t t = 0; t < 130; ++t) ASSERT_EQ(again.y[size(channel * 130 + t)], y[size(channel * 130 + t)]);
}

TYPED_TEST(SelectiveScan, EverySimdTargetGivesTheSameBits) {
  using V = TypeParam;
  std::int64_t const here = hwy::SupportedTargets();
  for (selective_rule const rule : {selective_rule::mamba, selective_rule::zoh, selective_rule::bilinear}) {
    instance<V> one({.batch = 1, .channels = 37, .states = 5, .time = 70, .rule = rule, .initial = true});
    selective_scan(one.problem());
    auto const y = one.y;
    auto const final = one.final;
    for (std::int64_t left = here; left != 0; left &= left - 1) {
      hwy::SetSupportedTargetsForTest(left & -left);
      hwy::GetChosenTarget().Update(hwy::SupportedTargets());
      selective_scan(one.problem());
      EXPECT_TRUE(same_bits(one.y, y) && same_bits(one.final, final)) << hwy::TargetName(left & -left);
    }
    hwy::SetSupportedTargetsForTest(0);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  }
}

// e^x of one vector function after the other, seen through the scan: x[0] = e^(d A) x[-1] with d = 1 and B = 0.
template <class T>
void check_exponential() {
  index_t const count = 1 << 16;
  T const least = std::is_same_v<T, float> ? T(-104) : T(-746), most = std::is_same_v<T, float> ? T(88.7) : T(709.7);
  std::vector<T> d(size(count)), one(size(count), T(1)), zero(size(count)), u(size(count)), y(size(count)),
      x(size(count));
  std::mt19937 random(5);
  std::uniform_real_distribution<T> uniform(least, most), near(T(-1), T(1));
  for (std::size_t i = 0; i < d.size(); ++i)
    d[i] = i % 2 == 0 ? uniform(random) : near(random) * std::ldexp(T(1), -int(i % 60));
  T const infinity = std::numeric_limits<T>::infinity();
  d[0] = 0, d[1] = infinity, d[2] = -infinity, d[3] = std::numeric_limits<T>::quiet_NaN(), d[4] = most + 1,
  d[5] = least - 1;
  tensor_shape const shape{1, count, 1};
  selective_problem<T> p;
  p.u = tensor_view<T const>(u.data(), shape), p.delta = tensor_view<T const>(one.data(), shape),
  p.y = {y.data(), shape};
  p.A = {d.data(), count, 1};
  p.B = constant_coefficient<T>(zero.data(), count, 1), p.C = p.B;
  p.initial = dense_state<T const>(one.data(), count, 1), p.final = dense_state(x.data(), count, 1);
  selective_scan(p);
  EXPECT_EQ(x[0], 1);
  EXPECT_EQ(x[1], infinity);
  EXPECT_EQ(x[4], infinity);
  EXPECT_EQ(x[5], 0);
  EXPECT_EQ(x[2], 0);
  EXPECT_TRUE(std::isnan(x[3]));
  long double const unit = std::numeric_limits<T>::epsilon() / 2, smallest = std::numeric_limits<T>::denorm_min();
  for (std::size_t i = 6; i < d.size(); ++i) {
    long double const exact = std::exp(static_cast<long double>(d[i]));
    ASSERT_LE(std::abs(x[i] - exact), 2 * unit * exact + smallest) << d[i];
  }
}
TEST(SelectiveScanExponential, IsWithinTwoUnits) {
  check_exponential<float>();
  check_exponential<double>();
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
  EXPECT_THAT(said([&](problem& p, execution&) { p.offsets = falling; }), HasSubstr("offsets"));
  EXPECT_THAT(said([&](problem& p, execution&) { p.offsets = wrong; }), HasSubstr("offsets"));
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
