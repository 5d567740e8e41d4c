// The deep model: as a convolution, a scan and a recurrence one function; in pieces the whole; what is saved is what is loaded.
// Its parts are held to others' numbers where they live (layers_test, layer_test); here a model is written out step by step.
#include "tests/ssm/reference_data.hpp"
#include <gmock/gmock.h>

#include <ssmscan/ssm/hippo.hpp>
#include <ssmscan/ssm/sequence_model.hpp>

namespace ssmscan::ssm {
namespace {

using complex = std::complex<double>;
constexpr index_t width = 6, inputs = 3, outputs = 4;

std::size_t at(index_t i) { return static_cast<std::size_t>(i); }

template <class T>
std::vector<T> numbers(index_t count, unsigned seed) {
  std::vector<T> made;
  for (index_t i = 0; i < count; ++i) {
    seed = seed * 1664525u + 1013904223u;
    made.push_back(static_cast<T>(static_cast<double>(seed >> 8) / 0x1p23 - 1) / 2);
  }
  return made;
}

template <class T>
sequence_parameters<T> some_model(bool low_rank, bool is_embedding, pooling pool) {
  sequence_parameters<T> made;
  made.is_embedding = is_embedding, made.pool = pool;
  made.encoder = is_embedding
                     ? linear_parameters<T>{10, width, numbers<T>(10 * width, 1), {}}
                     : linear_parameters<T>{width, inputs, numbers<T>(width * inputs, 1), numbers<T>(width, 2)};
  made.decoder = {outputs, width, numbers<T>(outputs * width, 3), numbers<T>(outputs, 4)};
  auto const form = hippo_normal_plus_low_rank(hippo::legs, 8, spectrum::half);
  for (unsigned i = 0; i < 3; ++i) {
    block_parameters<T> block;
    block.norm_weight = numbers<T>(width, 10 + i), block.norm_bias = numbers<T>(width, 20 + i);
    block.mix = {2 * width, width, numbers<T>(2 * width * width, 30 + i), numbers<T>(2 * width, 40 + i)};
    std::vector<dplr_system> s4;
    std::vector<diagonal_system> s4d;
    for (index_t h = 0; h < width; ++h) {
      std::vector<complex> c;
      for (int n = 0; n < 4; ++n) c.push_back(std::polar(0.5, 1.3 * n + static_cast<double>(h)));
      double const step = 0.01 * static_cast<double>(h + 1);
      s4.push_back({{form.lambda.begin(), form.lambda.end()},
                    {form.p.data(), form.p.data() + 4},
                    {form.b.begin(), form.b.end()},
                    c,
                    0.5,
                    step});
      s4d.push_back({s4d_lambda(s4d_initialization::lin, 8), std::vector<complex>(4, 1.0), c, 0.5, step});
    }
    if (low_rank) {
      block.systems = s4;
    } else {
      block.systems = s4d;
    }
    made.blocks.push_back(block);
  }
  return made;
}

template <class T>
double difference(std::vector<T> const& p, std::vector<T> const& q) {
  double error = p.size() == q.size() ? 0 : INFINITY;
  for (std::size_t i = 0; i < q.size(); ++i) {
    double const off = static_cast<double>(std::abs(p[i] - q[i]));
    error = off <= error ? error : off;
  }
  return error;
}

template <class T>
void expect_modes_agree(double tolerance) {
  constexpr index_t time = 40;
  auto const u = numbers<T>(time * inputs, 7);
  std::vector<index_t> ids;
  for (index_t t = 0; t < time; ++t) ids.push_back(t * t % 10);
  for (bool const low_rank : {true, false}) {
    for (bool const is_embedding : {false, true}) {
      for (pooling const pool : {pooling::none, pooling::mean, pooling::last}) {
        sequence_model<T> const model(some_model<T>(low_rank, is_embedding, pool));
        index_t const rows = pool == pooling::none ? time : 1;
        auto const run = [&](layer_execution const& how) {
          std::vector<T> y(at(rows * outputs));
          if (is_embedding) {
            model.run(ids, {y.data(), rows, outputs}, how);
          } else {
            model.run(matrix_view<T const>(u.data(), time, inputs), {y.data(), rows, outputs}, how);
          }
          return y;
        };
        auto const expected = run({});
        EXPECT_LE(difference(run({.mode = mode::convolution}), expected), tolerance);
        EXPECT_LE(difference(run({.mode = mode::scan, .scan = {.algorithm = "blelloch"}}), expected), tolerance);
        EXPECT_GT(difference(expected, std::vector<T>(expected.size())), 0.1);
      }
    }
  }
}

// Outputs of order 1; three blocks amplify what the modes differ by (u of sums of some tens) by at most a few hundred: the
// layer norms divide by deviations of order 0.3.
TEST(SequenceModel, ModesAgree) {
  expect_modes_agree<double>(1e-11);
  expect_modes_agree<float>(2e-3);
}

// The layers' pieces are the whole bit for bit (layer_test); `linear` sums in an order that depends on the number of rows, so
// that outputs of order 1 differ by some hundred u.
TEST(SequenceModel, GeneratesInPieces) {
  constexpr index_t time = 30;
  auto const u = numbers<double>(time * inputs, 8);
  for (bool const low_rank : {true, false}) {
    sequence_model<double> const model(some_model<double>(low_rank, false, pooling::none));
    std::vector<double> whole(time * outputs), pieces(whole);
    model.run(matrix_view<double const>(u.data(), time, inputs), {whole.data(), time, outputs}, {});
    for (index_t const piece : {1, 7}) {
      std::vector<complex> states(at(model.states()));
      for (index_t begin = 0; begin < time; begin += piece) {
        index_t const count = std::min(piece, time - begin);
        model.run(matrix_view<double const>(u.data() + begin * inputs, count, inputs),
                  {pieces.data() + begin * outputs, count, outputs}, {}, states);
      }
      EXPECT_LE(difference(pieces, whole), 1e-12) << piece;
    }
  }
}

TEST(SequenceModel, WhatIsSavedIsWhatIsLoaded) {
  test::scratch_folder const folder;
  for (bool const low_rank : {true, false}) {
    for (bool const is_embedding : {true, false}) {
      auto const parameters = some_model<float>(low_rank, is_embedding, pooling::mean);
      auto const file = folder / "model.safetensors";
      save_sequence_model(file, parameters, existing_file::replace);
      auto const loaded = load_sequence_model<float>(file).parameters();
      EXPECT_EQ(loaded.encoder.weight, parameters.encoder.weight);
      EXPECT_EQ(loaded.encoder.bias, parameters.encoder.bias);
      EXPECT_EQ(loaded.decoder.bias, parameters.decoder.bias);
      EXPECT_EQ(loaded.pool, parameters.pool);
      EXPECT_EQ(loaded.epsilon, parameters.epsilon);
      ASSERT_EQ(loaded.blocks.size(), 3u);
      for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(loaded.blocks[i].mix.weight, parameters.blocks[i].mix.weight);
        EXPECT_EQ(loaded.blocks[i].norm_bias, parameters.blocks[i].norm_bias);
        ASSERT_EQ(loaded.blocks[i].systems.index(), low_rank ? 0u : 1u);
        std::visit(
            [&](auto const& systems) {
              auto const& expected = std::get<std::decay_t<decltype(systems)>>(parameters.blocks[i].systems);
              for (std::size_t h = 0; h < systems.size(); ++h) {
                EXPECT_EQ(systems[h].lambda, expected[h].lambda);
                EXPECT_EQ(systems[h].c, expected[h].c);
                EXPECT_EQ(systems[h].step, expected[h].step);
                if constexpr (requires { systems[h].p; }) { EXPECT_EQ(systems[h].p, expected[h].p); }
              }
            },
            loaded.blocks[i].systems);
      }
    }
  }
}

TEST(SequenceModel, Refusals) {
  auto const refused = [](auto change) {
    auto wrong = some_model<float>(true, false, pooling::none);
    change(wrong);
    return test::refusal([&] { sequence_model<float> const made(wrong); });
  };
  EXPECT_THAT(refused([](auto& p) { p.blocks[1].mix.outputs = width; }),
              testing::StartsWith("layers.1.mix.weight: got "));
  EXPECT_THAT(refused([](auto& p) { p.decoder.weight[0] = NAN; }),
              testing::StartsWith("decoder.weight: got a value that is not finite"));
  EXPECT_THAT(refused([](auto& p) { p.blocks[0].norm_bias.pop_back(); }),
              testing::StartsWith("layers.0.norm.bias: got 5 elements; need 6"));
  sequence_model<float> const model(some_model<float>(true, false, pooling::none));
  std::vector<float> u(12), y(16);
  EXPECT_THAT(test::refusal([&] {
                model.run(matrix_view<float const>(u.data(), 4, 2), {y.data(), 4, outputs}, {});
              }),
              testing::StartsWith("input: got (4, 2); need (4, 3)"));
  EXPECT_THAT(test::refusal([&] {
                model.run(matrix_view<float const>(u.data(), 4, 3), {y.data(), 1, outputs}, {});
              }),
              testing::StartsWith("output: got (1, 4); need (4, 4)"));
  EXPECT_THAT(test::refusal([&] {
                model.run(std::vector<index_t>{1, 2}, {y.data(), 2, outputs}, {});
              }),
              testing::StartsWith("ids: got ids; need numbers"));
  test::scratch_folder const folder;
  auto const parameters = some_model<float>(true, false, pooling::none);
  save_sequence_model(folder / "m", parameters, existing_file::keep);
  EXPECT_THAT(test::refusal([&] { save_sequence_model(folder / "m", parameters, existing_file::keep); }),
              testing::HasSubstr("already there"));
}

}  // namespace
}  // namespace ssmscan::ssm
