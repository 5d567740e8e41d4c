// What a layer refuses, and that it does so before it writes.
#include "tests/ssm/channels.hpp"
#include "tests/ssm/reference_data.hpp"
#include <gmock/gmock.h>

#include <ssmscan/ssm/layer.hpp>

namespace ssmscan::ssm {
namespace {

using test::at, test::s4_channel, test::s4d_channel, test::dense_channel, test::s5_block;
using complex = std::complex<double>;

// What grows: the recurrence, a scan and the sum of the definition lose no early sample in a late one; a transform would.
TEST(Layer, UnstableSystemsAreNoConvolutionByFft) {
  diagonal_system const grows{.lambda = {{1, 0}}, .b = {1.0}, .c = {1.0}};
  layer const of(std::span(&grows, 1));
  std::vector<double> const ones(400, 1.0);
  std::vector<double> y(400);
  for (layer_execution const& how :
       {layer_execution{.mode = mode::recurrence},
        layer_execution{.mode = mode::convolution, .convolution = convolution_method::direct},
        layer_execution{.mode = mode::scan, .scan = {.algorithm = "blelloch"}}}) {
    of.run(ones, 1, y, how);
    // y[t] = 2 (e^(t+1) - 1): t roundings of a, b and the sums, each below 4u, and as many of e^t's exponent.
    for (std::size_t t = 0; t < y.size(); ++t) {
      double const exact = 2 * std::expm1(static_cast<double>(t + 1));
      EXPECT_NEAR(y[t], exact, 8 * static_cast<double>(t + 8) * 0x1p-53 * exact) << name_of(how.mode) << t;
    }
  }
  layer_execution const fft{.mode = mode::convolution};
  std::fill(y.begin(), y.end(), 7.0);
  EXPECT_EQ(test::refusal([&] { of.run(ones, 1, y, fft); }),
            "mode: got convolution by FFT of a system that grows (index 0, spectral radius 2.71828); need recurrence, "
            "scan, or convolution by convolution_method::direct");
  EXPECT_EQ(y, std::vector<double>(400, 7.0));
  Eigen::MatrixXd const one = Eigen::MatrixXd::Ones(1, 1);
  layer const mixed(
      {diagonal(diagonal_system{.lambda = {{-1, 0}}, .b = {1.0}, .c = {1.0}}), dense({1.5 * one, one, one, one})});
  std::vector<double> two(8), out(8);
  layer_call<double> const call{.input = {two.data(), {1, 2, 4}}, .output = {out.data(), {1, 2, 4}}};
  EXPECT_THAT(test::refusal([&] { mixed.run(call, fft); }), testing::HasSubstr("(index 1, spectral radius 1.5)"));
  // On the unit circle nothing grows: an integrator, and an oscillator whose |a| is found as 1 + u.
  diagonal_system const kept[] = {{.lambda = {{0, 0}}, .b = {1.0}, .c = {1.0}, .step = 0.1},
                                  {.lambda = {{0, 3}}, .b = {1.0}, .c = {1.0}, .step = 0.1}};
  layer(std::span(kept)).run(call, fft);
  // Sixty-four equal eigenvalues below 1, of which a solver makes a disc that reaches beyond.
  layer({dense(dense_channel(hippo::lagt, 64, discretization::bilinear))}).run(ones, 1, y, fft);
}

TEST(Layer, StatesOfADenseSystemAreReal) {
  layer const of(
      {diagonal_plus_low_rank(s4_channel(8, 0.3)), dense(dense_channel(hippo::legs, 3, discretization::zoh))});
  std::vector<double> u(20), y(20, 7.0);
  std::vector<complex> states(at(of.states()), complex(1, 5));
  layer_call<double> const call{.input = {u.data(), {1, 2, 10}},
                                .output = {y.data(), {1, 2, 10}},
                                .initial = {states.data(), {1, of.states(), 1}}};
  for (mode const which : {mode::recurrence, mode::convolution, mode::scan})
    EXPECT_EQ(test::refusal([&] { of.run(call, {.mode = which}); }),
              "initial: got an imaginary part of 5 at state 4; need 0: the states of a dense system are real");
  EXPECT_EQ(y, std::vector<double>(20, 7.0));
  std::fill(states.begin() + 4, states.end(), 1.0);
  of.run(call);
}

TEST(Layer, SystemsHaveWhatTheyHave) {
  std::vector<std::pair<std::string, linear_system_ptr>> const systems{
      {"s4", diagonal_plus_low_rank(s4_channel(8, 0.3))},
      {"s4d", diagonal(s4d_channel(s4d_initialization::lin, discretization::zoh))},
      {"s5", diagonal(s5_block())},
      {"dense", dense(dense_channel(hippo::legs, 3, discretization::zoh))}};
  for (auto const& [name, made] : systems) {
    linear_system const& system = *made;
    for (index_t const wrong : {index_t{-1}, system.outputs()}) {
      std::string const needed = "output: got " + std::to_string(wrong) + "; need one of 0 to ";
      for (auto const& refused : {test::refusal([&] { system.kernel(wrong, 0, 3); }),
                                  test::refusal([&] { system.kernel_of_floats(wrong, 0, 3); }),
                                  test::refusal([&] { system.feedthrough(wrong, 0); })})
        EXPECT_THAT(refused, testing::StartsWith(needed)) << name;
    }
    EXPECT_THAT(test::refusal([&] { system.feedthrough(0, system.inputs()); }), testing::StartsWith("input: got "));
  }
}

TEST(Layer, RefusalsNameTheChannel) {
  std::vector<diagonal_system> s4d(3, s4d_channel(s4d_initialization::lin, discretization::zoh));
  s4d[2].b.pop_back();
  EXPECT_EQ(test::refusal([&] { layer{std::span<diagonal_system const>(s4d)}; }),
            "b of channel 2: got 3 values; need 4, as many as lambda");
  std::vector<dplr_system> s4(2, s4_channel(4, 0.1));
  s4[1].lambda[0] = {1, 0};
  EXPECT_EQ(test::refusal([&] { layer{std::span<dplr_system const>(s4)}; }),
            "lambda of channel 1: got the real part 1 at index 0, an unstable system; need no positive real part");
}

TEST(Layer, Refusals) {
  std::vector<dplr_system> const channels{s4_channel(8, 0.3), s4_channel(8, 1.2), s4_channel(6, 0.1, spectrum::full)};
  layer const of{std::span(channels)};
  std::vector<double> u(30), y(30);
  std::vector<complex> states(at(of.states()));
  layer_call<double> const good{.input = {u.data(), {1, 3, 10}}, .output = {y.data(), {1, 3, 10}}};
  auto const refused = [&](auto change) {
    auto call = good;
    layer_execution how;
    change(call, how);
    return test::refusal([&] { of.run(call, how); });
  };
  EXPECT_EQ(refused([](auto& c, auto&) { c.input.shape.channel = 2; }),
            "input: got shape (1, 2, 10); need (1, 3, 10) = (batch, inputs, time)");
  EXPECT_EQ(refused([](auto& c, auto&) { c.output.shape.time = 9; }),
            "output: got shape (1, 3, 9); need (1, 3, 10) = (batch, outputs, time)");
  EXPECT_EQ(refused([](auto& c, auto&) { c.input.data = nullptr; }),
            "input: got a null pointer; need a pointer to (1, 3, 10) values");
  EXPECT_EQ(refused([&](auto& c, auto&) { c.output.data = u.data() + 1; }),
            "output: got memory that overlaps input; need the same pointer and strides as input, or no overlap");
  EXPECT_EQ(
      refused([&](auto& c, auto&) {
        c.initial = {states.data(), {1, 2, 1}};
      }),
      "initial: got shape (1, 2, 1); need (1, " + std::to_string(of.states()) + ", 1) = (batch, states, sequences)");
  // Two channels' states where their outputs are put: 8 complex numbers over 16 of the doubles.
  EXPECT_EQ(refused([&](auto& c, auto&) {
              c.output.data = reinterpret_cast<double*>(states.data());
              c.output.shape.time = c.input.shape.time = 6;
              c.initial = {states.data(), {1, of.states(), 1}};
            }),
            "output: got memory that overlaps initial; need no overlap");
  EXPECT_EQ(refused([](auto& c, auto&) { c.direction = direction(2); }), "direction: got 2; need forward or reverse");
  for (mode const which : {mode::recurrence, mode::convolution, mode::scan}) {
    EXPECT_THAT(refused([&](auto&, auto& how) { how.mode = which, how.scan.algorithm = "blellok"; }),
                testing::StartsWith("algorithm: got blellok; need one of automatic, sequential"));
    EXPECT_EQ(refused([&](auto&, auto& how) { how.mode = which, how.scan.threads = -3; }),
              "threads: got -3; need 0 (as many as OpenMP would use) to 4096");
    EXPECT_EQ(refused([&](auto&, auto& how) { how.mode = which, how.convolution = convolution_method(9); }),
              "convolution_method: got 9; need direct or fft");
  }
  std::vector<index_t> const falls{0, 7, 3, 10}, late{1, 10}, short_of{0, 9};
  EXPECT_EQ(refused([&](auto& c, auto&) { c.offsets = falls; }),
            "offsets: got 7 then 3 at position 2; need ascending values");
  EXPECT_EQ(refused([&](auto& c, auto&) { c.offsets = late; }), "offsets: got first = 1; need first = 0");
  EXPECT_EQ(refused([&](auto& c, auto&) { c.offsets = short_of; }), "offsets: got last = 9; need last = time = 10");
  EXPECT_EQ(refused([](auto&, auto& how) { how.scan.backend = "cuda13"; }),
            "backend: got cuda13; need one of serial, openmp");
  EXPECT_EQ(refused([](auto&, auto& how) { how.mode = mode::scan, how.scan.algorithm = "heinsen"; }),
            "algorithm: got heinsen for a state that is not diagonal; need one of sequential, hillis_steele, blelloch, "
            "chunked, look_back");
  EXPECT_EQ(test::refusal([] { layer(std::vector<linear_system_ptr>{}); }), "systems: got none; need at least 1");
  EXPECT_EQ(test::refusal([] {
              dense({Eigen::MatrixXd::Zero(2, 3), Eigen::MatrixXd::Zero(2, 1), Eigen::MatrixXd::Zero(1, 2),
                     Eigen::MatrixXd::Zero(1, 1)});
            }),
            "a: got 2 x 3; need 2 x 2");
  EXPECT_EQ(test::refusal([] {
              diagonal(mimo_diagonal_system{.lambda = {{-1, 0}}, .b = {1.0, 1.0}});
            }),
            "b: got 2 values; need 1, (N, inputs)");
}

}  // namespace
}  // namespace ssmscan::ssm
