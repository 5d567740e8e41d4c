// What must be equal bit for bit in the selective scan: pieces and whole, packed and separate, padded and not, every layout,
// thread count and SIMD target; and the exponential that it is made of.
#include "tests/ssm/selective_checks.hpp"
#include "tests/ssm/simd_targets.hpp"
#include <gtest/gtest.h>

#include <ssmscan/ssm/discretize.hpp>

namespace ssmscan::ssm {
namespace {

using namespace test::selective;

template <class V>
class SelectiveScanBits : public testing::Test {};
using dtypes = testing::Types<float, double, std::complex<float>, std::complex<double>>;
TYPED_TEST_SUITE(SelectiveScanBits, dtypes);

// A length-300 run cut at every place, the state carried: the bits of one run, in both modes that go step by step.
TYPED_TEST(SelectiveScanBits, PiecesAreTheWhole) {
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

TYPED_TEST(SelectiveScanBits, PackedIsSeparate) {
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
TYPED_TEST(SelectiveScanBits, PaddingIsNeverRead) {
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

TYPED_TEST(SelectiveScanBits, LayoutThreadsBatchAndPlaceChangeNoBit) {
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

TYPED_TEST(SelectiveScanBits, EverySimdTargetGivesTheSameBits) {
  using V = TypeParam;
  for (selective_rule const rule : {selective_rule::mamba, selective_rule::zoh, selective_rule::bilinear}) {
    instance<V> one({.batch = 1, .channels = 37, .states = 5, .time = 70, .rule = rule, .initial = true});
    selective_scan(one.problem());
    auto const y = one.y;
    auto const final = one.final;
    test::on_every_simd_target([&](std::string const& target) {
      selective_scan(one.problem());
      EXPECT_TRUE(same_bits(one.y, y) && same_bits(one.final, final)) << target;
    });
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

}  // namespace
}  // namespace ssmscan::ssm
