// The S4D layer in its three modes against SciPy's dlsim of the real system it stands for.
#include "tests/ssm/reference_data.hpp"

#include <ssmscan/ssm/kernels/diagonal.hpp>
#include <ssmscan/ssm/layer.hpp>

namespace ssmscan::ssm {
namespace {

using test::reference;
using complex = std::complex<double>;
constexpr double u = 0x1p-53;

diagonal_system layer_system(discretization rule) {
  return {.lambda = reference<complex>("scipy/layer_lambda"),
          .b = reference<complex>("scipy/layer_b"),
          .c = reference<complex>("scipy/layer_c"),
          .d = 0.7,
          .step = 0.02,
          .rule = rule};
}

// Per step SciPy multiplies by a 12 x 12 matrix (12u) that is within some 50u of the exact one; ours costs less in
// every mode but the FFT's. With all |a| <= 1 the state is at most the sum of |b u|, so over t steps everything stays
// within 128 (t + 1) u sum f |c| |b| |u|; the FFT's part is in its bound.
TEST(S4d, EveryModeIsScipysSimulation) {
  auto const input = reference<double>("scipy/layer_u");
  for (auto const& [rule, name] :
       {std::pair<discretization, std::string>{discretization::zoh, "zoh"}, {discretization::bilinear, "bilinear"}}) {
    auto const expected = reference<double>("scipy/layer_" + name + "_y");
    diagonal_system const system = layer_system(rule);
    discrete_diagonal const discrete = discretize(system);
    layer const one(std::span(&system, 1));
    double gain = 0;
    for (std::size_t n = 0; n < discrete.b.size(); ++n) { gain += 2 * std::abs(system.c[n]) * std::abs(discrete.b[n]); }
    auto const kernel = diagonal_kernel(system, static_cast<index_t>(input.size()));
    double const transform = fft_convolution_bound<double>(
        padded_length(300, 300), norms_of(std::span<double const>(kernel)), norms_of(std::span<double const>(input)));
    std::vector<layer_execution> modes{{},
                                       {.mode = mode::convolution, .convolution = convolution_method::direct},
                                       {.mode = mode::convolution, .convolution = convolution_method::fft}};
    for (std::string_view const algorithm : {"sequential", "blelloch", "chunked", "automatic"}) {
      modes.push_back({.mode = mode::scan, .scan = {.algorithm = algorithm}});
    }
    for (layer_execution const& how : modes) {
      std::vector<double> output(input.size(), 1e9);
      one.run(input, 1, output, how);
      double fed = 0;
      for (std::size_t t = 0; t < input.size(); ++t) {
        fed += std::abs(input[t]);
        double const tolerance = 128 * static_cast<double>(t + 1) * u * (gain * fed + std::abs(input[t])) + transform;
        ASSERT_NEAR(output[t], expected[t], tolerance)
            << name << " " << name_of(how.mode) << " " << how.scan.algorithm << t;
      }
    }
  }
}

TEST(S4d, ImpulseResponseOfTheRecurrenceIsTheKernel) {
  diagonal_system system = layer_system(discretization::zoh);
  system.d = 0;
  std::vector<double> impulse(200);
  impulse[0] = 1;
  std::vector<double> output(200);
  layer(std::span(&system, 1)).run(impulse, 1, output);
  auto const kernel = diagonal_kernel(system, 200);
  auto const bound = diagonal_kernel_bound(system, 200);
  for (std::size_t l = 0; l < 200; ++l) {
    // The recurrence multiplies by a once per step: (sqrt(5) + 1) u each, N + 3 in the read-out, of the same moduli
    // that stand in the kernel's bound with at least 17u; so (l + 4) times that bound is beyond both.
    EXPECT_NEAR(output[l], kernel[l], static_cast<double>(l + 4) * bound[l]) << l;
  }
}

TEST(S4d, FullSpectrumIsTheRealPartOnce) {
  diagonal_system half{.lambda = {{-0.5, 3}}, .b = {{1, 1}}, .c = {{0.5, -2}}, .step = 0.1};
  diagonal_system full = half;
  full.kept = spectrum::full;
  full.lambda.push_back({-0.5, -3});
  full.b.push_back({1, -1});
  full.c.push_back({0.5, 2});
  std::vector<double> const input{1, -2, 0.5, 3, 0, 0, 1};
  std::vector<double> one(7);
  std::vector<double> other(7);
  layer(std::span(&half, 1)).run(input, 1, one);
  layer(std::span(&full, 1)).run(input, 1, other);
  // Conjugates have the same parts bit for bit, so the sum of the two is twice the one.
  EXPECT_EQ(one, other);
}

TEST(S4d, RowsAndMemoryPortionsNeverChangeABit) {
  // 2 x 2^20 values per row: two rows fill a portion of 2^22, the third is scanned by itself.
  std::size_t const length = std::size_t{1} << 20;
  diagonal_system const system{.lambda = {{-0.5, 3}, {-1, 20}}, .b = {1.0, 1.0}, .c = {1.0, {0, 1}}, .step = 0.01};
  layer const one(std::span(&system, 1));
  std::vector<double> input(3 * length);
  for (std::size_t i = 0; i < input.size(); ++i) input[i] = static_cast<double>((i * 2654435761u) % 1001) / 500 - 1;
  layer_execution const how{.mode = mode::scan, .scan = {.algorithm = "chunked"}};
  std::vector<double> together(input.size());
  one.run(input, 3, together, how);
  for (std::size_t row = 0; row < 3; ++row) {
    std::vector<double> alone(length);
    one.run(std::span<double const>(input).subspan(row * length, length), 1, alone, how);
    EXPECT_TRUE(std::equal(alone.begin(), alone.end(), together.begin() + static_cast<std::ptrdiff_t>(row * length)))
        << row;
  }
}

TEST(S4d, EmptyInputsAndRefusals) {
  diagonal_system const system{.lambda = {{-1, 0}}, .b = {1.0}, .c = {1.0}};
  layer const one(std::span(&system, 1));
  std::vector<double> none;
  for (mode const mode : {mode::recurrence, mode::convolution, mode::scan}) {
    EXPECT_EQ(mode_by_name(name_of(mode)), mode);
    one.run(none, 0, none, {.mode = mode});
    one.run(none, 3, none, {.mode = mode});
  }
  std::vector<double> const six(6);
  std::vector<double> out(6);
  EXPECT_EQ(test::refusal([&] { one.run(six, 4, out); }), "batch: got 4; need a number that divides the 6 samples");
  EXPECT_EQ(test::refusal([&] { one.run(six, 1, none); }), "output: got 0 samples; need 6, as the input");
  EXPECT_NE(test::refusal([&] {
              one.run(six, 1, out, {.mode = mode::scan, .scan = {.algorithm = "bleloch"}});
            }).find("bleloch"),
            std::string::npos);
  EXPECT_EQ(test::refusal([] { mode_by_name("fft"); }), "mode: got fft; need recurrence, convolution or scan");
}

}  // namespace
}  // namespace ssmscan::ssm
