// The small layers on a device, each by itself, against their formulas in long double, inside bounds derived beside them.
#include <cmath>
#include <cstring>
#include <random>

#include "tests/cuda/gpu.hpp"
#include "tests/ssm/reference_data.hpp"
#include <gmock/gmock.h>

#include <ssmscan/ssm/cuda/layers/causal_conv1d.hpp>
#include <ssmscan/ssm/cuda/layers/embedding.hpp>
#include <ssmscan/ssm/cuda/layers/rms_norm.hpp>
#include <ssmscan/ssm/cuda/layers/silu.hpp>
#include <ssmscan/ssm/detail/selective_reference.hpp>

namespace ssmscan::cuda_test {
namespace {

using ssm::test::refusal;
using testing::HasSubstr;
using real = long double;
using floats = std::vector<float>;

constexpr real u = 0x1p-24L;
constexpr ssm::detail::selective_errors errors = ssm::detail::errors_of_a_device<float>();

// Of a stored value: half a unit of its last place, and below the normal numbers half of the smallest step.
template <class IO>
real rounding_of(real value) {
  if constexpr (std::is_same_v<IO, float>) return 0;
  return std::is_same_v<IO, bfloat16> ? 0x1p-8L * std::abs(value) : 0x1p-11L * std::abs(value) + 0x1p-25L;
}
float wide(float x) { return x; }
float wide(bfloat16 x) { return from_bfloat16(x.bits); }
float wide(float16 x) { return from_half(x.bits); }
template <class IO>
std::vector<IO> stored(floats& values) {  // and what is stored is what the formula sees
  std::vector<IO> made;
  for (float& x : values) {
    if constexpr (std::is_same_v<IO, float>)
      made.push_back(x);
    else if constexpr (std::is_same_v<IO, bfloat16>)
      made.push_back({to_bfloat16(x)});
    else
      made.push_back({to_half(x)});
    x = wide(made.back());
  }
  return made;
}

floats normal_values(index_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  floats made(static_cast<std::size_t>(count));
  for (float& x : made) x = normal(random);
  return made;
}

real silu_of(real x) { return x / (1 + std::exp(-x)); }
// The function itself, and what an error of x makes of it: its slope is below 1.1.
real silu_bound(real x, real error) {
  return errors.gate * u * std::abs(silu_of(x)) + 1.1L * error + 2 * errors.smallest * (1 + std::abs(x));
}

template <class IO>
class CudaLayers : public testing::Test {};
using storages = testing::Types<float, bfloat16, float16>;
TYPED_TEST_SUITE(CudaLayers, storages);

TYPED_TEST(CudaLayers, Silu) {
  using IO = TypeParam;
  floats x{0.0f, -0.0f, 1.0f, -1.0f, 87.5f, -87.5f, 200.0f, -200.0f, 3e4f, -3e4f, 1e-30f};
  floats const more = normal_values(1000, 3);
  x.insert(x.end(), more.begin(), more.end());
  gpu::array<IO> const there(stored<IO>(x));
  std::size_t const n = x.size();
  device::silu<IO>(std::span<IO const>(there.data(), n), std::span<IO>(there.data(), n));  // in place
  auto const y = there.values();
  for (std::size_t i = 0; i < n; ++i) {
    real const exact = silu_of(x[i]), off = std::abs(real(wide(y[i])) - exact);
    ASSERT_LE(off, silu_bound(x[i], 0) * 1.01L + rounding_of<IO>(exact) * 1.01L) << x[i];
  }
  EXPECT_THAT(refusal([&] { device::silu<IO>(std::span<IO const>(there.data(), n), std::span<IO>(there.data(), 2)); }),
              HasSubstr("y: got 2 elements"));
}

TYPED_TEST(CudaLayers, RmsNormOfTheResidual) {
  using IO = TypeParam;
  for (index_t const features : {1, 31, 32, 33, 768, 1000}) {
    for (bool const adds : {false, true}) {
      index_t const rows = 5, stride = features + 3;
      floats const x = normal_values(rows * stride, 5), weight = normal_values(features, 6);
      floats add = normal_values(rows * stride, 7);
      gpu::array<IO> const add_there(stored<IO>(add));
      gpu::array<float> const x_there(x), weight_there(weight);
      gpu::array<IO> y_there(rows * features);
      y_there.fill_bytes(0xff);
      float const epsilon = 1e-3f;
      device::rms_norm_call<IO> call{.x = {x_there.data(), rows, features, stride},
                                     .weight = {weight_there.data(), weight.size()},
                                     .epsilon = epsilon,
                                     .y = {y_there.data(), rows, features}};
      if (adds) call.add = {add_there.data(), rows, features, stride};
      device::rms_norm(call);
      auto const y = y_there.values();
      floats const after = x_there.values();
      for (index_t r = 0; r < rows; ++r) {
        real squares = 0;
        for (index_t i = 0; i < stride; ++i) {
          std::size_t const k = static_cast<std::size_t>(r * stride + i);
          float const expected = adds && i < features ? x[k] + add[k] : x[k];  // one addition of floats
          ASSERT_EQ(after[k], expected);
          if (i < features) squares += real(expected) * expected;
        }
        real const scale = 1 / std::sqrt(squares / real(features) + real(epsilon));
        for (index_t i = 0; i < features; ++i) {
          real const exact =
              real(weight[static_cast<std::size_t>(i)]) * after[static_cast<std::size_t>(r * stride + i)] * scale;
          real const off = std::abs(real(wide(y[static_cast<std::size_t>(r * features + i)])) - exact);
          // In double up to a rounding to float; then a product of floats: 2 u and what is left of double.
          ASSERT_LE(off, (2 * u + 0x1p-40L) * std::abs(exact) + rounding_of<IO>(exact) * 1.001L) << features;
        }
      }
    }
  }
}

template <class IO>
struct conv_instance {
  conv_instance(index_t width_, index_t batch_, index_t channels_, index_t time_, layout order_,
                std::vector<index_t> offsets_)
      : width(width_),
        batch(batch_),
        channels(channels_),
        time(time_),
        order(order_),
        offsets(std::move(offsets_)),
        sequences(offsets.empty() ? 1 : index_t(offsets.size()) - 1),
        x(normal_values(batch * channels * time, 11)),
        weight(normal_values(channels * width, 12)),
        bias(normal_values(channels, 13)),
        initial(normal_values(batch * channels * sequences * (width - 1), 14)),
        x_there(stored<IO>(x)),
        y_there(batch * channels * time),
        weight_there(weight),
        bias_there(bias),
        states_there(initial),
        offsets_there(offsets) {
    y_there.fill_bytes(0xff);
  }
  ssm::causal_conv1d_problem<float, IO> problem() const {
    ssm::causal_conv1d_problem<float, IO> p;
    p.x = tensor_view<IO const>(x_there.data(), {batch, channels, time}, order);
    p.y = {y_there.data(), {batch, channels, time}, order};
    p.weight = {weight_there.data(), channels, width};
    p.bias = {bias_there.data(), bias.size()};
    if (!offsets.empty()) p.offsets = {offsets_there.data(), offsets.size()};
    p.initial = ssm::dense_state<float const>(states_there.data(), channels, width - 1, sequences);
    p.final = ssm::dense_state(states_there.data(), channels, width - 1, sequences);  // in the place of initial
    return p;
  }
  void check(ssm::causal_conv1d_problem<float, IO> const& p, std::string const& what) const {
    auto const y = y_there.values();
    floats const final = states_there.values();
    tensor_view<float const> const in(x.data(), {batch, channels, time}, order);
    std::vector<index_t> const cuts = offsets.empty() ? std::vector<index_t>{0, time} : offsets;
    for (index_t row = 0; row < batch * channels * sequences; ++row) {
      index_t const k = row % sequences, c = row / sequences % channels, b = row / sequences / channels;
      index_t const begin = cuts[std::size_t(k)], end = cuts[std::size_t(k) + 1];
      auto const state_at = [&](index_t w) {
        return std::size_t(((b * channels + c) * sequences + k) * (width - 1) + w);
      };
      auto const sample = [&](index_t t) -> float {
        if (t >= begin) return in(b, c, t);
        return p.initial.data == nullptr ? 0.0f : initial[state_at(t - begin + width - 1)];
      };
      for (index_t t = begin; t < end; ++t) {
        real sum = p.bias.empty() ? 0 : bias[std::size_t(c)], size = std::abs(sum);
        for (index_t w = 0; w < width; ++w) {
          real const term = real(weight[std::size_t(c * width + w)]) * sample(t - width + 1 + w);
          sum += term, size += std::abs(term);
        }
        real const error = real(width) * 1.001L * u * size;  // a rounding for each fused multiply-add
        bool const by_silu = p.activation == ssm::conv_activation::silu;
        real const exact = by_silu ? silu_of(sum) : sum, bound = by_silu ? silu_bound(sum, error) : error;
        real const got = wide(y[std::size_t(&in(b, c, t) - in.data)]);
        ASSERT_LE(std::abs(got - exact), (bound + rounding_of<IO>(exact)) * 1.01L) << what << ' ' << row << ' ' << t;
      }
      for (index_t w = 0; w + 1 < width && p.final.data != nullptr; ++w)
        ASSERT_EQ(final[state_at(w)], sample(end - width + 1 + w)) << what << " final " << row << ' ' << w;
    }
  }

  index_t width, batch, channels, time;
  layout order;
  std::vector<index_t> offsets;
  index_t sequences;
  floats x, weight, bias, initial;
  gpu::array<IO> x_there;
  mutable gpu::array<IO> y_there;
  gpu::array<float> weight_there, bias_there, states_there;
  gpu::array<index_t> offsets_there;
};

TYPED_TEST(CudaLayers, CausalConv1dIsTheFormula) {
  using IO = TypeParam;
  index_t const time = 300;
  int cases = 0;
  for (index_t const width : {1, 2, 3, 4, 16}) {
    for (layout const order : {layout::lane_major, layout::time_major}) {
      for (std::vector<index_t> const& offsets :
           {std::vector<index_t>{}, std::vector<index_t>{0, 1, 1, 3, 130, 299, 300}}) {
        for (auto const activation : {ssm::conv_activation::none, ssm::conv_activation::silu}) {
          conv_instance<IO> const one(width, 2, 3, time, order, offsets);
          auto p = one.problem();
          p.activation = activation;
          device::causal_conv1d(p, nullptr, offsets);
          one.check(p, "width " + std::to_string(width));
          conv_instance<IO> const bare(width, 2, 3, time, order, offsets);
          p = bare.problem();
          p.bias = {}, p.initial = {}, p.final = {};
          device::causal_conv1d(p);
          bare.check(p, "bare, width " + std::to_string(width));
          ++cases;
        }
      }
    }
  }
  EXPECT_EQ(cases, 5 * 2 * 2 * 2);
}

// Cut anywhere, each piece from the last samples of the one before: the bits of one run.
TEST(CudaCausalConv1d, PiecesAreOneRun) {
  index_t const time = 20, channels = 3;
  conv_instance<float> const whole(4, 2, channels, time, layout::lane_major, {});
  device::causal_conv1d(whole.problem());
  for (index_t cut = 0; cut <= time; ++cut) {
    conv_instance<float> const pieces(4, 2, channels, time, layout::lane_major, {});
    for (auto const& [begin, end] : {std::pair<index_t, index_t>{0, cut}, {cut, time}}) {
      auto p = pieces.problem();
      p.x.data += begin, p.y.data += begin;
      p.x.shape.time = p.y.shape.time = end - begin;
      device::causal_conv1d(p);
    }
    EXPECT_EQ(pieces.y_there.values(), whole.y_there.values()) << cut;
    EXPECT_EQ(pieces.states_there.values(), whole.states_there.values()) << cut;
  }
}

TEST(CudaCausalConv1d, Refuses) {
  conv_instance<float> const one(4, 2, 3, 20, layout::lane_major, {0, 7, 20});
  auto const said = [&](auto change, std::vector<index_t> const& copy = {}) {
    auto p = one.problem();
    change(p);
    return refusal([&] { device::causal_conv1d(p, nullptr, copy); });
  };
  EXPECT_THAT(said([](auto& p) { p.weight.columns = 17; }), HasSubstr("weight: got a width of 17; need 1 to 16"));
  EXPECT_THAT(said([](auto& p) { p.weight.rows = 2; }), HasSubstr("weight"));
  EXPECT_THAT(said([](auto& p) { p.y.shape.time = 19; }), HasSubstr("y: got another shape"));
  EXPECT_THAT(said([](auto& p) { p.bias = p.bias.first(2); }), HasSubstr("bias: got 2 elements; need 3"));
  EXPECT_THAT(said([](auto& p) { p.y.data = const_cast<float*>(p.x.data); }),
              HasSubstr("y: got memory that overlaps x"));
  EXPECT_THAT(said([](auto& p) { p.y.data = nullptr; }), HasSubstr("y: got a null pointer"));
  EXPECT_THAT(said([](auto&) {}, {0, 7}), HasSubstr("host_offsets: got 2 values"));
  EXPECT_THAT(said([](auto&) {}, {0, 7, 19}), HasSubstr("last = 19"));
}

TEST(CudaEmbedding, RowsOfATable) {
  index_t const vocabulary = 7, features = 300;
  floats const table = normal_values(vocabulary * features, 21);
  floats rounded = table;
  gpu::array<float> const table_there(table);
  gpu::array<bfloat16> const narrow_there(stored<bfloat16>(rounded));
  std::vector<index_t> const ids{6, 0, 3, 3, 7, -1, index_t{1} << 40};
  gpu::array<index_t> const ids_there(ids);
  index_t const rows = index_t(ids.size());
  auto const check = [&](floats const& expected, floats const& y) {
    for (std::size_t r = 0; r < ids.size(); ++r)
      for (std::size_t i = 0; i < std::size_t(features); ++i) {
        float const got = y[r * std::size_t(features) + i];
        if (ids[r] < 0 || ids[r] >= vocabulary)
          ASSERT_TRUE(std::isnan(got)) << r;
        else
          ASSERT_EQ(got, expected[std::size_t(ids[r] * features) + i]) << r;
      }
  };
  gpu::array<float> y(rows * features);
  std::span<index_t const> const all(ids_there.data(), ids.size());
  device::embedding(all, ssm::matrix_view<float const>(table_there.data(), vocabulary, features),
                    ssm::matrix_view<float>(y.data(), rows, features));
  check(table, y.values());
  device::embedding(all, ssm::matrix_view<bfloat16 const>(narrow_there.data(), vocabulary, features),
                    ssm::matrix_view<float>(y.data(), rows, features));
  check(rounded, y.values());
  EXPECT_THAT(refusal([&] {
                device::embedding(all, ssm::matrix_view<float const>(table_there.data(), vocabulary, features),
                                  ssm::matrix_view<float>(y.data(), rows, 299));
              }),
              HasSubstr("y: got"));
}

TEST(CudaGreatest, IsTheFirstOfTheGreatest) {
  index_t const columns = 5000;
  float const infinity = INFINITY, nan = NAN;
  floats logits = normal_values(6 * columns, 31);
  std::vector<index_t> expected;
  auto const row = [&](index_t r) { return logits.data() + r * columns; };
  row(1)[4999] = row(1)[1234] = row(1)[1235] = 100;
  std::fill_n(row(2), columns, -infinity);
  row(3)[17] = nan;
  row(4)[4097] = infinity, row(4)[4098] = infinity;
  for (index_t r = 0; r < 6; ++r) expected.push_back(r == 3 ? -1 : std::max_element(row(r), row(r) + columns) - row(r));
  ASSERT_EQ(expected[1], 1234);
  gpu::array<float> const there(logits);
  gpu::array<index_t> ids(6);
  ids.fill_bytes(0x5a);
  device::greatest(ssm::matrix_view<float const>(there.data(), 6, columns), {ids.data(), 6});
  EXPECT_EQ(ids.values(), expected);
  device::greatest(ssm::matrix_view<float const>(there.data(), 6, 1, columns), {ids.data(), 6});
  EXPECT_EQ(ids.values(), std::vector<index_t>(6, 0));
  EXPECT_THAT(refusal([&] {
                device::greatest(ssm::matrix_view<float const>(there.data(), 6, 0), {ids.data(), 6});
              }),
              HasSubstr("logits: got no columns"));
}

}  // namespace
}  // namespace ssmscan::cuda_test
