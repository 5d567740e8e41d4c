// One token of channels against the forms for many: the same bits where nothing else is said, on every SIMD target.
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "tests/ssm/simd_targets.hpp"
#include <gtest/gtest.h>

#include <ssmscan/ssm/layers/causal_conv1d.hpp>
#include <ssmscan/ssm/layers/step_of_channels.hpp>
#include <ssmscan/ssm/selective_scan.hpp>

namespace ssmscan::ssm {
namespace {

class numbers {
 public:
  explicit numbers(unsigned seed) : random_(seed) {}
  std::vector<float> operator()(index_t count, float from = -1, float to = 1) {
    std::uniform_real_distribution<float> uniform(from, to);
    std::vector<float> made(static_cast<std::size_t>(count));
    for (float& x : made) x = uniform(random_);
    return made;
  }

 private:
  std::minstd_rand random_;
};

constexpr index_t steps = 3;
constexpr float untouched = 77;

// Channels that are vectors, or fewer, or some more; a range of them, and the others are left alone.
struct range {
  index_t channels, first, count;
};
std::vector<range> const ranges{{1, 0, 1}, {16, 0, 16}, {37, 0, 37}, {83, 16, 64}, {83, 3, 43}, {70, 70, 0}};

TEST(StepOfChannels, ScanIsTheFusedScan) {
  int cases = 0;
  for (auto const& [channels, first, count] : ranges) {
    for (index_t const states : {1, 5, 8, 16, 19, 32}) {
      numbers some(static_cast<unsigned>(states));
      auto const A = some(channels * states, -16, 0), D = some(channels), bias = some(channels, -3, 22);
      auto const state = some(channels * states);
      test::on_every_simd_target([&](std::string const& target) {
        numbers inputs(7);
        std::vector<float> expected_state = state, got_state = state;
        for (index_t t = 0; t < steps; ++t) {
          auto const u = inputs(channels), delta = inputs(channels), z = inputs(channels, -9, 9);
          auto const B = inputs(states), C = inputs(states);
          std::vector<float> expected(u.size()), got(u.size(), untouched);
          tensor_shape const shape{1, channels, 1};
          selective_problem<float> scan;
          scan.u = tensor_view<float const>(u.data(), shape),
          scan.delta = tensor_view<float const>(delta.data(), shape);
          scan.z = tensor_view<float const>(z.data(), shape), scan.y = tensor_view<float>(expected.data(), shape);
          scan.A = {A.data(), channels, states};
          scan.B = {B.data(), 1, {0, 0, 1, 0}}, scan.C = {C.data(), 1, {0, 0, 1, 0}};
          scan.D = D, scan.delta_bias = bias, scan.activation = delta_activation::softplus;
          scan.final = dense_state(expected_state.data(), channels, states);
          scan.initial = {scan.final.data, {scan.final.stride.batch, scan.final.stride.channel, 0, 1}};
          selective_scan(scan);
          detail::scan_step const step{.channels = channels,
                                       .states = states,
                                       .A = A.data(),
                                       .B = B.data(),
                                       .C = C.data(),
                                       .D = D.data(),
                                       .delta_bias = bias.data(),
                                       .u = u.data(),
                                       .delta = delta.data(),
                                       .z = z.data(),
                                       .state = got_state.data(),
                                       .y = got.data()};
          detail::step_scan(step, first, count, detail::upcoming_weight());
          for (index_t c = 0; c < channels; ++c) {
            bool const own = c >= first && c < first + count;
            ASSERT_EQ(got[std::size_t(c)], own ? expected[std::size_t(c)] : untouched) << target << ' ' << c;
            for (index_t n = 0; n < states; ++n) {
              std::size_t const at = std::size_t(c * states + n);
              ASSERT_EQ(got_state[at], own ? expected_state[at] : state[at]) << target << ' ' << c << ' ' << n;
            }
          }
        }
        ++cases;
      });
    }
  }
  EXPECT_GE(cases, int(6 * ranges.size()));
}

// The samples are the same bits; silu is the vectors', within 4u of silu of the same sum.
TEST(StepOfChannels, ConvolutionIsCausalConv1d) {
  double const unit = std::numeric_limits<float>::epsilon() / 2;
  int cases = 0;
  for (auto const& [channels, first, count] : ranges) {
    for (index_t const width : {1, 2, 3, 4, 7, 16}) {
      for (bool const with_bias : {true, false}) {
        numbers some(static_cast<unsigned>(width));
        auto const weight = some(channels * width), bias = some(channels), before = some(channels * (width - 1));
        std::vector<float> first_bits;
        test::on_every_simd_target([&](std::string const& target) {
          numbers inputs(7);
          std::vector<float> expected_before = before, got_before = before, bits;
          for (index_t t = 0; t < steps; ++t) {
            auto const x = inputs(channels, -9, 9);
            std::vector<float> sums(x.size()), got(x.size(), untouched);
            tensor_shape const shape{1, channels, 1};
            causal_conv1d_problem<float> conv;
            conv.x = tensor_view<float const>(x.data(), shape), conv.y = tensor_view<float>(sums.data(), shape);
            conv.weight = {weight.data(), channels, width};
            if (with_bias) conv.bias = bias;
            conv.final = dense_state(expected_before.data(), channels, width - 1);
            conv.initial = {conv.final.data, {conv.final.stride.batch, conv.final.stride.channel, 0, 1}};
            causal_conv1d(conv);
            detail::step_convolution({.width = width,
                                      .weight = weight.data(),
                                      .bias = with_bias ? bias.data() : nullptr,
                                      .before = got_before.data(),
                                      .x = x.data(),
                                      .y = got.data()},
                                     first, count);
            for (index_t c = 0; c < channels; ++c) {
              std::size_t const at = std::size_t(c);
              bool const own = c >= first && c < first + count;
              double const sum = sums[at], gated = sum / (1 + std::exp(-sum));
              if (own) {
                ASSERT_NEAR(got[at], gated, 4 * unit * std::abs(gated)) << target << ' ' << width << ' ' << c;
              } else {
                ASSERT_EQ(got[at], untouched) << target << ' ' << c;
              }
              for (index_t w = 0; w + 1 < width; ++w) {
                std::size_t const sample = std::size_t(c * (width - 1) + w);
                ASSERT_EQ(got_before[sample], own ? expected_before[sample] : before[sample]) << target << ' ' << c;
              }
            }
            bits.insert(bits.end(), got.begin(), got.end());
          }
          if (first_bits.empty()) first_bits = bits;
          EXPECT_EQ(bits, first_bits) << target;
          ++cases;
        });
      }
    }
  }
  EXPECT_GE(cases, int(6 * 2 * ranges.size()));
}

}  // namespace
}  // namespace ssmscan::ssm
