// The small layers against PyTorch in double precision, within a few units in the last place of what is summed.
#include <cmath>

#include "tests/ssm/reference_data.hpp"
#include "tests/ssm/simd_targets.hpp"
#include <gmock/gmock.h>

#include <ssmscan/ssm/layers/embedding.hpp>
#include <ssmscan/ssm/layers/gelu.hpp>
#include <ssmscan/ssm/layers/glu.hpp>
#include <ssmscan/ssm/layers/layer_norm.hpp>
#include <ssmscan/ssm/layers/linear.hpp>
#include <ssmscan/ssm/layers/rms_norm.hpp>
#include <ssmscan/ssm/layers/silu.hpp>

namespace ssmscan::ssm {
namespace {

using test::reference;
using test::refusal;
using testing::HasSubstr;

constexpr index_t tokens = 5, features = 14, outputs = 9;

template <class T>
std::vector<T> input(std::string const& name) {
  std::vector<double> const values = reference<double>("layers/" + name);
  return {values.begin(), values.end()};
}

// T's rounding of the inputs and of the result: `roundings` units on values of the size of `scale`.
template <class T>
void expect_near(std::vector<T> const& got, std::string const& name, double roundings, double scale) {
  std::vector<double> const expected = input<double>(name);
  ASSERT_EQ(got.size(), expected.size());
  double const unit = std::numeric_limits<T>::epsilon() / 2;
  for (std::size_t i = 0; i < got.size(); ++i)
    EXPECT_NEAR(got[i], expected[i], roundings * unit * std::max(scale, std::abs(expected[i]))) << name << " " << i;
}

template <class T>
class Layers : public testing::Test {};
using dtypes = testing::Types<float, double>;
TYPED_TEST_SUITE(Layers, dtypes);

TYPED_TEST(Layers, AreWhatTorchComputes) {
  using T = TypeParam;
  using in = matrix_view<T const>;
  using out = matrix_view<T>;
  auto const x = input<T>("x"), weight = input<T>("weight"), bias = input<T>("bias"), scale = input<T>("scale"),
             shift = input<T>("shift"), line = input<T>("line");
  double const greatest = 12;  // of |x|, of the sum's terms |x w|

  std::vector<T> y(tokens * outputs);
  linear<T>(in(x.data(), tokens, features), in(weight.data(), outputs, features), bias, out(y.data(), tokens, outputs));
  expect_near(y, "linear", (features + 3) * double(features), greatest);  // each of 14 terms: products and sums

  std::vector<index_t> const ids = reference<std::int64_t>("layers/ids");
  y.assign(ids.size() * features, 0);
  embedding<T>(ids, in(weight.data(), outputs, features), out(y.data(), 4, features));
  expect_near(y, "embedding", 1, 0);

  // The inputs' roundings pass through scale 1/sigma, at most 1 here; the rest are the result's own.
  y.assign(tokens * features, 0);
  layer_norm<T>(in(x.data(), tokens, features), scale, shift, T(1e-3), out(y.data(), tokens, features));
  expect_near(y, "layer_norm", 16, greatest);
  rms_norm<T>(in(x.data(), tokens, features), scale, T(1e-3), out(y.data(), tokens, features));
  expect_near(y, "rms_norm", 16, greatest);
  std::vector<T> z = x;  // in place
  rms_norm<T>(in(z.data(), tokens, features), scale, T(1e-3), out(z.data(), tokens, features));
  EXPECT_EQ(z, y);

  // line is in steps of 1/2, exact. exp(-x) has relative error |x| u from nothing (x is exact), 2u of libm.
  y.assign(line.size(), 0);
  silu<T>(line, y);
  expect_near(y, "silu", 8, std::numeric_limits<T>::min());
  gelu<T>(line, gelu_form::exact, y);
  // erfc amplifies the rounding of its argument w = x / sqrt 2 by 2 w^2.
  for (std::size_t i = 0; i < line.size(); ++i)
    EXPECT_NEAR(y[i], reference<double>("layers/gelu")[i],
                (10 + 4 * double(line[i]) * double(line[i])) * std::numeric_limits<T>::epsilon() *
                        std::abs(double(line[i]) / 2 * std::erfc(-double(line[i]) / std::sqrt(2.0))) +
                    1e-15 * std::abs(double(line[i])))
        << line[i];  // torch's 1 + erf cancels to 1e-16
  gelu<T>(line, gelu_form::tanh, y);
  expect_near(y, "gelu_tanh", 40, 40);  // 1 + tanh cancels: absolute, in units of |x|

  y.assign(tokens * features / 2, 0);
  glu<T>(in(x.data(), tokens, features), out(y.data(), tokens, features / 2));
  expect_near(y, "glu", 24, 1);
}

TYPED_TEST(Layers, SaturateWithoutNaN) {
  using T = TypeParam;
  T const great = std::numeric_limits<T>::max(), infinity = std::numeric_limits<T>::infinity();
  EXPECT_EQ(silu(great), great);
  EXPECT_EQ(silu(-great), T(0));
  EXPECT_EQ(silu(infinity), infinity);
  EXPECT_EQ(sigmoid(-infinity), T(0));
  EXPECT_EQ(gelu(great, gelu_form::exact), great);
  EXPECT_EQ(gelu(-great, gelu_form::exact), T(0));
  EXPECT_TRUE(std::isnan(silu(std::numeric_limits<T>::quiet_NaN())));
}

// One token at a time, many rows, strided rows, any number of threads: each against the plain sum in double.
TYPED_TEST(Layers, LinearOfAnySize) {
  using T = TypeParam;
  double const unit = std::numeric_limits<T>::epsilon() / 2;
  std::minstd_rand random(3);
  std::uniform_real_distribution<T> uniform(-1, 1);
  for (index_t const rows : {0, 1, 2, 4, 5, 63, 64, 65, 130}) {
    for (index_t const inputs : {0, 1, 7, 33, 80}) {
      for (index_t const columns : {1, 3, 255, 256, 300}) {
        index_t const stride = inputs + 2, out_stride = columns + 3;
        std::vector<T> x(std::size_t(rows * stride)), w(std::size_t(columns * inputs)),
            y(std::size_t(rows * out_stride), T(7));
        for (T& value : x) value = uniform(random);
        for (T& value : w) value = uniform(random);
        linear<T>(matrix_view<T const>(x.data(), rows, inputs, stride), matrix_view<T const>(w.data(), columns, inputs),
                  {}, matrix_view<T>(y.data(), rows, columns, out_stride));
        for (index_t r = 0; r < rows; ++r) {
          for (index_t o = 0; o < columns; ++o) {
            double sum = 0, size = 0;
            for (index_t i = 0; i < inputs; ++i) {
              double const term = double(x[std::size_t(r * stride + i)]) * double(w[std::size_t(o * inputs + i)]);
              sum += term;
              size += std::abs(term);
            }
            ASSERT_NEAR(y[std::size_t(r * out_stride + o)], sum, double(2 * inputs + 1) * unit * size)
                << rows << ' ' << inputs << ' ' << columns;
          }
          for (index_t o = columns; o < out_stride; ++o) ASSERT_EQ(y[std::size_t(r * out_stride + o)], T(7));
        }
      }
    }
  }
}

// A weight of bfloat16 is the same weight in float: bit for bit.
TEST(LinearLayer, OfABfloat16Weight) {
  std::minstd_rand random(4);
  std::uniform_real_distribution<float> uniform(-1, 1);
  for (index_t const rows : {1, 3, 4, 5, 65})
    for (index_t const inputs : {1, 16, 37, 96})
      for (index_t const columns : {1, 5, 300}) {
        index_t const stride = inputs + 3;
        std::vector<float> x(std::size_t(rows * inputs)), wide(std::size_t(columns * stride)),
            bias(std::size_t(columns), 0.5f);
        std::vector<bfloat16> weight(wide.size());
        for (float& value : x) value = uniform(random);
        for (std::size_t i = 0; i < wide.size(); ++i) wide[i] = widen(weight[i] = narrow(uniform(random)));
        std::vector<float> y(std::size_t(rows * columns)), expected(y.size());
        matrix_view<float const> const from(x.data(), rows, inputs);
        linear(from, matrix_view<bfloat16 const>(weight.data(), columns, inputs, stride), bias,
               matrix_view<float>(y.data(), rows, columns));
        linear<float>(from, matrix_view<float const>(wide.data(), columns, inputs, stride), bias,
                      matrix_view<float>(expected.data(), rows, columns));
        ASSERT_EQ(y, expected) << rows << ' ' << inputs << ' ' << columns;
      }
}

// One row: the 32 partial sums of layers/matrix_vector.hpp, on every SIMD target that runs here.
TEST(LinearLayer, OfOneRowIsItsSumsOnEveryTarget) {
  std::minstd_rand random(5);
  std::uniform_real_distribution<float> uniform(-1, 1);
  index_t const columns = 83, rows = 11;  // two each of four streams, and a rest
  std::vector<float> x(columns), weight(std::size_t(rows * columns)), expected(rows);
  for (float& value : x) value = uniform(random);
  for (float& value : weight) value = widen(narrow(uniform(random)));  // what bfloat16 has as well
  for (index_t o = 0; o < rows; ++o) {
    float sums[32] = {};
    for (index_t i = 0; i < columns; ++i)
      sums[i % 32] = std::fma(weight[std::size_t(o * columns + i)], x[std::size_t(i)], sums[i % 32]);
    for (int half = 16; half > 0; half /= 2)
      for (int k = 0; k < half; ++k) sums[k] += sums[k + half];
    expected[std::size_t(o)] = sums[0];
  }
  std::vector<bfloat16> kept(weight.size());
  std::transform(weight.begin(), weight.end(), kept.begin(), narrow);
  int targets = 0;
  test::on_every_simd_target([&](std::string const& target) {
    std::vector<float> y(rows), of_kept(rows);
    matrix_view<float const> const from(x.data(), 1, columns);
    linear<float>(from, matrix_view<float const>(weight.data(), rows, columns), {},
                  matrix_view<float>(y.data(), 1, rows));
    linear(from, matrix_view<bfloat16 const>(kept.data(), rows, columns), {},
           matrix_view<float>(of_kept.data(), 1, rows));
    EXPECT_EQ(y, expected) << target;
    EXPECT_EQ(of_kept, expected) << target;
    ++targets;
  });
  EXPECT_GE(targets, 1);
}

TEST(LayersRefuse, ShapesThatDoNotFit) {
  std::vector<float> x(12), w(12), y(12), three(3);
  using in = matrix_view<float const>;
  using out = matrix_view<float>;
  EXPECT_EQ(refusal([&] { linear<float>(in(x.data(), 4, 3), in(w.data(), 3, 4), {}, out(y.data(), 4, 3)); }),
            "weight: got (3, 4); need (3, 3)");
  EXPECT_EQ(refusal([&] { linear<float>(in(x.data(), 4, 3), in(w.data(), 4, 3), {}, out(y.data(), 4, 3)); }),
            "y: got (4, 3); need (4, 4)");
  EXPECT_EQ(refusal([&] { linear<float>(in(x.data(), 2, 3), in(w.data(), 4, 3), three, out(y.data(), 2, 4)); }),
            "bias: got 3 elements; need 4");
  EXPECT_THAT(refusal([&] { linear<float>(in(x.data(), 4, 3, 2), in(w.data(), 3, 3), {}, out(y.data(), 4, 3)); }),
              HasSubstr("a row stride of 2"));
  std::vector<index_t> const ids{0, 4};
  EXPECT_EQ(refusal([&] { embedding<float>(ids, in(w.data(), 4, 3), out(y.data(), 2, 3)); }),
            "ids[1]: got 4; need an id of 0 to 3");
  EXPECT_EQ(refusal([&] { rms_norm<float>(in(x.data(), 3, 4), three, 1e-5f, out(y.data(), 3, 4)); }),
            "weight: got 3 elements; need 4");
  EXPECT_EQ(refusal([&] { layer_norm<float>(in(x.data(), 4, 3), three, {}, 1e-5f, out(y.data(), 3, 4)); }),
            "y: got (3, 4); need (4, 3)");
  EXPECT_EQ(refusal([&] { glu<float>(in(x.data(), 4, 3), out(y.data(), 4, 1)); }), "x: got (4, 3); need (4, 2)");
  EXPECT_THAT(refusal([&] { silu<float>(x, std::span(y).first(3)); }), HasSubstr("y: got 3 elements; need 12"));
}

}  // namespace
}  // namespace ssmscan::ssm
