// The short convolution against the double loop, for every width, with state, packed and in pieces; sampling's rules.
#include <cmath>
#include <map>
#include <random>

#include "tests/ssm/reference_data.hpp"
#include <gmock/gmock.h>

#include <ssmscan/ssm/layers/causal_conv1d.hpp>
#include <ssmscan/ssm/sampling.hpp>

namespace ssmscan::ssm {
namespace {

using test::refusal;
using testing::HasSubstr;

constexpr index_t batch = 2, channels = 3, time = 20;

template <class T>
struct instance {
  explicit instance(index_t width_, index_t sequences = 1) : width(width_) {
    std::mt19937 random(9);
    std::normal_distribution<double> normal;
    auto const fill = [&](std::vector<T>& values, index_t count) {
      values.resize(static_cast<std::size_t>(count));
      for (T& value : values) value = static_cast<T>(normal(random));
    };
    fill(x, batch * channels * time), fill(weight, channels * width), fill(bias, channels);
    fill(initial, batch * channels * sequences * (width - 1));
    y.resize(x.size()), final.resize(initial.size());
    p.x = tensor_view<T const>(x.data(), tensor_shape{batch, channels, time});
    p.weight = {weight.data(), channels, width};
    p.bias = bias;
    p.y = {y.data(), tensor_shape{batch, channels, time}};
    p.initial = dense_state<T const>(initial.data(), channels, width - 1, sequences);
    p.final = dense_state(final.data(), channels, width - 1, sequences);
  }
  index_t width;
  std::vector<T> x, weight, bias, initial, y, final;
  causal_conv1d_problem<T> p;
};

template <class T>
class CausalConv1d : public testing::Test {};
using dtypes = testing::Types<float, double>;
TYPED_TEST_SUITE(CausalConv1d, dtypes);

TYPED_TEST(CausalConv1d, IsTheDoubleLoop) {
  using T = TypeParam;
  long double const unit = std::numeric_limits<T>::epsilon() / 2;
  for (index_t const width : {1, 2, 3, 4, 16}) {
    instance<T> one(width);
    causal_conv1d(one.p);
    for (index_t i = 0; i < batch; ++i) {
      for (index_t c = 0; c < channels; ++c) {
        auto const sample = [&](index_t t) -> long double {
          return t < 0 ? one.p.initial(i, c, 0, t + width - 1) : one.p.x(i, c, t);
        };
        for (index_t t = 0; t < time; ++t) {
          long double sum = one.bias[static_cast<std::size_t>(c)], size = std::abs(sum);
          for (index_t w = 0; w < width; ++w) {
            long double const term = one.p.weight(c, w) * sample(t - width + 1 + w);
            sum += term, size += std::abs(term);
          }
          // A product and a sum for each weight.
          ASSERT_LE(std::abs(one.p.y(i, c, t) - sum), 2 * static_cast<long double>(width) * unit * size) << width;
        }
        for (index_t w = 0; w + 1 < width; ++w)
          ASSERT_EQ(one.p.final(i, c, 0, w), static_cast<T>(sample(time - width + 1 + w))) << width;
      }
    }
    auto const plain = one.y;
    one.p.activation = conv_activation::silu;
    causal_conv1d(one.p);
    for (std::size_t k = 0; k < plain.size(); ++k) ASSERT_EQ(one.y[k], silu(plain[k]));
  }
}

TYPED_TEST(CausalConv1d, PiecesAndPackedSequences) {
  using T = TypeParam;
  for (index_t const width : {1, 2, 4}) {
    instance<T> whole(width);
    causal_conv1d(whole.p);
    for (index_t cut = 0; cut <= time; ++cut) {
      instance<T> pieces(width);
      auto first = pieces.p, second = pieces.p;
      first.x.shape.time = first.y.shape.time = cut;
      second.x.shape.time = second.y.shape.time = time - cut;
      second.x.data += cut, second.y.data += cut;
      second.initial = dense_state<T const>(pieces.final.data(), channels, width - 1);  // in place
      causal_conv1d(first), causal_conv1d(second);
      ASSERT_EQ(pieces.y, whole.y) << cut;
      ASSERT_EQ(pieces.final, whole.final) << cut;
    }
    std::vector<index_t> const offsets{0, 1, 1, 12, time};
    instance<T> packed(width, 4);
    packed.p.offsets = offsets;
    causal_conv1d(packed.p);
    instance<T> separate(width, 4);
    for (std::size_t k = 0; k + 1 < offsets.size(); ++k) {
      auto p = separate.p;
      p.x.data += offsets[k], p.y.data += offsets[k];
      p.x.shape.time = p.y.shape.time = offsets[k + 1] - offsets[k];
      p.initial.data += p.initial.stride.sequence * static_cast<index_t>(k);
      p.final.data += p.final.stride.sequence * static_cast<index_t>(k);
      causal_conv1d(p);
    }
    EXPECT_EQ(packed.y, separate.y);
    EXPECT_EQ(packed.final, separate.final);
  }
}

TEST(CausalConv1dRefuses, WhatDoesNotFit) {
  instance<float> one(4);
  auto const said = [&](auto change) {
    auto p = one.p;
    change(p);
    return refusal([&] { causal_conv1d(p); });
  };
  using problem = causal_conv1d_problem<float>;
  EXPECT_THAT(said([](problem& p) { p.weight.columns = 17; }), HasSubstr("weight: got a width of 17"));
  EXPECT_THAT(said([](problem& p) { p.weight.rows = 2; }), HasSubstr("weight: got (2, 4); need (3, 4)"));
  EXPECT_THAT(said([](problem& p) { p.y.shape.time = 19; }), HasSubstr("y: got another shape"));
  EXPECT_THAT(said([](problem& p) { p.bias = p.bias.first(2); }), HasSubstr("bias: got 2 elements"));
  std::vector<index_t> const wrong{0, 19};
  EXPECT_THAT(said([&](problem& p) { p.offsets = wrong; }), HasSubstr("offsets: got last = 19; need last = time = 20"));
}

TEST(Sampling, GreedyNucleusAndFrequencies) {
  std::mt19937_64 random(1);
  std::vector<float> const logits{0, 1, 3, 3, -INFINITY};
  EXPECT_EQ(next_token(logits, {}, random), 2);  // the first of the greatest
  std::map<index_t, int> seen;
  constexpr int draws = 40000;
  for (int i = 0; i < draws; ++i) ++seen[next_token(logits, {.temperature = 2}, random)];
  double all = 0;
  for (float const x : logits) all += std::exp(x / 2);
  for (index_t id = 0; id < 5; ++id) {
    double const p = std::exp(logits[static_cast<std::size_t>(id)] / 2) / all;
    EXPECT_NEAR(seen[id], draws * p, 6 * std::sqrt(draws * p * (1 - p)) + 1e-9) << id;  // six standard deviations
  }
  // e^0 : e^1 : e^3 : e^3 at temperature 1: the two likeliest make up 0.91.
  seen.clear();
  for (int i = 0; i < 1000; ++i) ++seen[next_token(logits, {.temperature = 1, .top_p = 0.9}, random)];
  EXPECT_EQ(seen.size(), 2u);
  EXPECT_GT(seen[2], 400);
  EXPECT_GT(seen[3], 400);
  std::vector<float> const infinite{0, INFINITY, INFINITY};
  seen.clear();
  for (int i = 0; i < 100; ++i) ++seen[next_token(infinite, {.temperature = 1}, random)];
  EXPECT_EQ(seen.count(0), 0u);
  EXPECT_EQ(seen.size(), 2u);

  EXPECT_THAT(refusal([&] { next_token({}, {}, random); }), HasSubstr("logits: got none"));
  EXPECT_THAT(refusal([&] { next_token(std::vector<float>{NAN}, {}, random); }), HasSubstr("a NaN"));
  EXPECT_THAT(refusal([&] { next_token(logits, {.temperature = -1}, random); }), HasSubstr("temperature"));
  EXPECT_THAT(refusal([&] { next_token(logits, {.temperature = 1, .top_p = 0}, random); }), HasSubstr("top_p"));
}

}  // namespace
}  // namespace ssmscan::ssm
