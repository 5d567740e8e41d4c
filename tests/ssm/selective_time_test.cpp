// The fused selective scan of a channel by itself, time in vectors, against the one in vectors of channels: the same bits.
#include "tests/ssm/selective_checks.hpp"
#include "tests/ssm/simd_targets.hpp"
#include <gtest/gtest.h>

#include <ssmscan/ssm/detail/selective_plan.hpp>

namespace ssmscan::ssm {
namespace {

using namespace test::selective;

template <class V>
detail::selective_plan<V> plan_of(selective_problem<V> const& p, index_t sequences) {
  return {p, p.u.shape.batch, p.u.shape.channel, p.A.columns, p.u.shape.time, sequences};
}

// Every channel by its own, so many threads over time. Padding's y is its caller's.
template <class V>
void run_by_time(selective_problem<V> const& p, index_t sequences, int threads) {
  auto const plan = plan_of(p, sequences);
  for (index_t row = 0; row < plan.batch; ++row)
    for (index_t c = 0; c < plan.channels; ++c) detail::run_fused_by_time(plan, row, c, threads);
}

template <class V>
void expect_same_bits(options const& o) {
  instance<V> by_channels(o), by_time(o);
  selective_problem<V> const wanted = by_channels.problem();
  auto const plan = plan_of(wanted, by_channels.sequences());
  for (index_t row = 0; row < plan.batch; ++row) detail::run_fused(plan, row, 0, plan.channels);
  for (int const threads : {1, 2, 3}) {
    std::fill(by_time.y.begin(), by_time.y.end(), 99), std::fill(by_time.final.begin(), by_time.final.end(), V(99));
    run_by_time(by_time.problem(), by_time.sequences(), threads);
    EXPECT_TRUE(same_bits(by_time.y, by_channels.y) && same_bits(by_time.final, by_channels.final))
        << text_of(o) << ", threads " << threads;
  }
}

template <class V>
class SelectiveTime : public testing::Test {};
using dtypes = testing::Types<float, double, std::complex<float>, std::complex<double>>;
TYPED_TEST_SUITE(SelectiveTime, dtypes);

TYPED_TEST(SelectiveTime, GivesTheBitsOfVectorsOfChannels) {
  int const cases = over_the_grid([](options o) {
    o.batch = 1, o.channels = 2, o.time = 275;  // a tile is 256 steps of float, 128 of double, of up to 16 states
    expect_same_bits<TypeParam>(o);
  });
  EXPECT_EQ(cases, 3 * 3 * 3 * 16);
  for (index_t const time : {0, 1, 2, 15, 16, 17, 127, 128, 129, 255, 256, 257, 512, 1000})
    expect_same_bits<TypeParam>({.batch = 2, .channels = 3, .time = time, .initial = true});
  // Tiles of 64 steps, and of 16; vectors of states that are not whole.
  for (index_t const states : {1, 2, 3, 15, 16, 17, 33, 64, 100, 256, 300})
    expect_same_bits<TypeParam>({.batch = 1, .channels = 2, .states = states, .time = 150, .initial = true});
}

TYPED_TEST(SelectiveTime, PackedAndPadded) {
  std::vector<index_t> const offsets{0, 0, 1, 1, 256, 257, 640, 700, 700};
  expect_same_bits<TypeParam>({.channels = 3, .time = 700, .initial = true, .offsets = offsets});
  expect_same_bits<TypeParam>({.channels = 3, .states = 17, .time = 700, .B = operand::constant, .offsets = offsets});
  expect_same_bits<TypeParam>(
      {.batch = 3, .channels = 3, .time = 600, .initial = true, .begin = {0, 5, 600}, .end = {517, 600, 600}});
}

// NaN of the steps before stays with its state and goes on; nothing comes of the states that only fill a vector.
TYPED_TEST(SelectiveTime, NaNGoesForward) {
  using V = TypeParam;
  using T = typename instance<V>::T;
  options const o{.batch = 1, .channels = 1, .states = 3, .time = 600, .initial = true};
  instance<V> one(o);
  one.u[300] = std::numeric_limits<T>::quiet_NaN();
  run_by_time(one.problem(), 1, 2);
  for (index_t t = 0; t < o.time; ++t) ASSERT_EQ(std::isnan(one.y[size(t)]), t >= 300) << t;
  one.u[300] = std::numeric_limits<T>::infinity();
  instance<V> other(o);
  other.u = one.u;
  run_by_time(one.problem(), 1, 1);
  detail::run_fused(plan_of(other.problem(), 1), 0, 0, 1);
  for (index_t t = 0; t < o.time; ++t)  // a NaN's own bits depend on the order of operands, which a compiler chooses
    ASSERT_TRUE(one.y[size(t)] == other.y[size(t)] || (std::isnan(one.y[size(t)]) && std::isnan(other.y[size(t)])))
        << t;
}

TYPED_TEST(SelectiveTime, AnyStridesAndInPlace) {
  using V = TypeParam;
  options const o{.batch = 2, .channels = 3, .states = 5, .time = 531, .initial = true};
  instance<V> plain(o), turned(o);
  run_by_time(plain.problem(), 1, 2);
  auto const turn = [&](auto const& from) {  // (batch, channel, time) to (batch, time, channel)
    auto to = from;
    for (index_t i = 0; i < o.batch; ++i)
      for (index_t c = 0; c < o.channels; ++c)
        for (index_t t = 0; t < o.time; ++t)
          to[size((i * o.time + t) * o.channels + c)] = from[size((i * o.channels + c) * o.time + t)];
    return to;
  };
  for (auto* values : {&turned.u, &turned.delta, &turned.z}) *values = turn(*values);
  for (std::vector<typename instance<V>::T> instance<V>::*const place :
       {&instance<V>::u, &instance<V>::delta, &instance<V>::z}) {
    instance<V> in_place = turned;
    selective_problem<V> p = in_place.problem();
    for (auto* view : {&p.u, &p.delta, &p.z}) view->stride = {o.time * o.channels, 1, o.channels};
    p.y = {(in_place.*place).data(), p.u.shape, p.u.stride};
    p.final = dense_state(in_place.initial.data(), o.channels, o.states);  // the states in their place too
    run_by_time(p, 1, 2);
    EXPECT_TRUE(same_bits(in_place.*place, turn(plain.y)) && same_bits(in_place.initial, plain.final));
  }
}

TYPED_TEST(SelectiveTime, EverySimdTargetGivesTheSameBits) {
  using V = TypeParam;
  for (selective_rule const rule : {selective_rule::mamba, selective_rule::zoh, selective_rule::bilinear}) {
    instance<V> one({.batch = 1, .channels = 2, .states = 19, .time = 300, .rule = rule, .initial = true});
    run_by_time(one.problem(), 1, 1);
    auto const y = one.y;
    auto const final = one.final;
    test::on_every_simd_target([&](std::string const& target) {
      std::fill(one.y.begin(), one.y.end(), 99);
      run_by_time(one.problem(), 1, 2);
      EXPECT_TRUE(same_bits(one.y, y) && same_bits(one.final, final)) << target;
    });
  }
}

TYPED_TEST(SelectiveTime, IsForFewChannelsOfManySteps) {
  using V = TypeParam;
  using enum detail::fused_way;
  auto const way = [](index_t batch, index_t channels, index_t time, int threads) {
    selective_problem<V> const p;
    return detail::way_of_fused(detail::selective_plan<V>{p, batch, channels, 16, time, 1}, threads);
  };
  EXPECT_EQ(way(1, 1, 4096, 1), by_time);
  EXPECT_EQ(way(1, 1, 4096, 2), by_time_shared);
  EXPECT_EQ(way(1, 2, 4096, 2), by_time);         // a channel for each thread
  EXPECT_EQ(way(1, 3, 4096, 2), by_time_shared);  // of which one thread would have two
  EXPECT_EQ(way(1, 16, 4096, 16), by_time);       // in a vector or two of channels one thread would have them all
  EXPECT_EQ(way(4, 4, 4096, 16), by_time);
  EXPECT_EQ(way(1, 1, 1, 2), by_channels);
  EXPECT_EQ(way(1, 1536, 4096, 2), by_channels);
  EXPECT_EQ(way(1, 1536, 4096, 16), by_channels);
  EXPECT_EQ(way(8, 64, 4096, 1), by_channels);
  EXPECT_EQ(way(0, 1, 4096, 1), by_channels);
  EXPECT_EQ(way(1, 0, 4096, 1), by_channels);
}

}  // namespace
}  // namespace ssmscan::ssm
