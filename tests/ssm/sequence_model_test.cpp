// The deep model: as a convolution, a scan and a recurrence one function; in pieces the whole; what is saved is what is loaded.
// Its parts are held to others' numbers where they live (layers_test, layer_test), the whole in sequence_model_reference_test.
#include "tests/ssm/mode_bounds.hpp"
#include "tests/ssm/reference_data.hpp"
#include "tests/ssm/some_model.hpp"
#include "tests/worst.hpp"
#include <gmock/gmock.h>

#include <ssmscan/ssm/hippo.hpp>
#include <ssmscan/ssm/layers/gelu.hpp>
#include <ssmscan/ssm/layers/glu.hpp>
#include <ssmscan/ssm/layers/layer_norm.hpp>
#include <ssmscan/ssm/layers/linear.hpp>
#include <ssmscan/ssm/sequence_model.hpp>

namespace ssmscan::ssm {
namespace {

using complex = std::complex<double>;
using test::at, test::numbers_of, test::some_model;
using test::width, test::inputs, test::outputs;

template <class T>
double difference(std::vector<T> const& p, std::vector<T> const& q) {
  double error = p.size() == q.size() ? 0 : INFINITY;
  for (std::size_t i = 0; i < q.size(); ++i) {
    double const off = static_cast<double>(std::abs(p[i] - q[i]));
    error = tests::worse(error, off);
  }
  return error;
}

// How far a mode's outputs may be from the exact ones, to first order: what block i rounds, by the bound of its layer in that
// mode and a count of the rest, times the derivative of the outputs by the stream after block i, by differences of the double
// model. Modes agree within the sum of theirs.
class model_bounds {
 public:
  model_bounds(sequence_parameters<double> const& of, std::vector<double> const& stream, index_t time)
      : of_(of), time_(time) {
    streams_.push_back(stream);
    for (std::size_t i = 0; i < of.blocks.size(); ++i) {
      parts_.emplace_back();
      std::visit(
          [&](auto const& systems) {
            for (auto const& system : systems) parts_.back().push_back(test::bounded(system));
          },
          of.blocks[i].systems);
      streams_.push_back(run(part(i, i + 1, identity(), pooling::none), streams_.back()));
    }
    for (std::size_t i = 0; i <= of.blocks.size(); ++i) rest_.push_back(part(i, of.blocks.size(), of.decoder, of.pool));
    for (std::size_t i = 1; i < streams_.size(); ++i) {
      derivatives_.emplace_back();
      auto const at_rest = outputs_from(i, streams_[i]);
      for (std::size_t k = 0; k < stream.size(); ++k) {
        constexpr double nudge = 1e-6;
        auto moved = streams_[i];
        moved[k] += nudge;
        auto row = outputs_from(i, moved);
        for (std::size_t o = 0; o < row.size(); ++o) row[o] = std::abs(row[o] - at_rest[o]) / nudge;
        derivatives_.back().push_back(row);
      }
    }
  }

  // For each output.
  template <class T>
  std::vector<double> bound(layer_execution const& how) const {
    constexpr double u = detail::unit<T>;
    double const roundings = static_cast<double>(width) + 4;  // of a dot product with its bias, and a mean in T
    std::vector<double> const y = outputs_from(of_.blocks.size(), streams_.back());
    std::vector<double> made(y.size());
    for (std::size_t o = 0; o < y.size(); ++o) {
      std::size_t const channel = o % at(outputs);
      double size = std::abs(of_.decoder.bias[channel]);
      double const largest = std::abs(*std::max_element(streams_.back().begin(), streams_.back().end(),
                                                        [](auto p, auto q) { return std::abs(p) < std::abs(q); }));
      for (index_t i = 0; i < width; ++i)
        size += largest * std::abs(of_.decoder.weight[at(index_t(channel) * width + i)]);
      made[o] = roundings * u * size;
    }
    for (std::size_t i = 0; i < of_.blocks.size(); ++i) {
      std::vector<double> const off = error_of_block<T>(i, how);
      for (std::size_t k = 0; k < off.size(); ++k)
        for (std::size_t o = 0; o < made.size(); ++o) made[o] += derivatives_[i][k][o] * off[k];
    }
    constexpr double higher_order = 1.01;
    for (double& b : made) b *= higher_order;
    return made;
  }

 private:
  static linear_parameters<double> identity() {
    linear_parameters<double> made{width, width, std::vector<double>(width * width), std::vector<double>(width)};
    for (index_t i = 0; i < width; ++i) made.weight[at(i * width + i)] = 1;
    return made;
  }
  sequence_model<double> part(std::size_t first, std::size_t last, linear_parameters<double> const& decoder,
                              pooling pool) const {
    sequence_parameters<double> made;
    made.encoder = identity(), made.decoder = decoder, made.pool = pool;
    made.blocks.assign(of_.blocks.begin() + static_cast<std::ptrdiff_t>(first),
                       of_.blocks.begin() + static_cast<std::ptrdiff_t>(last));
    return sequence_model<double>(made);
  }
  std::vector<double> run(sequence_model<double> const& model, std::vector<double> const& stream) const {
    index_t const rows = model.parameters().pool == pooling::none ? time_ : 1;
    std::vector<double> made(at(rows * model.outputs()));
    model.run(matrix_view<double const>(stream.data(), time_, width), {made.data(), rows, model.outputs()}, {});
    return made;
  }
  std::vector<double> outputs_from(std::size_t block, std::vector<double> const& stream) const {
    return run(rest_[block], stream);
  }

  // Of the stream after block i, from the same stream before it. Roundings: the norm 3 (its sums are in double), tanh's gelu 6
  // of |x|, a dot product width + 2, the gate 5, the sum 1. |gelu'| < 1.13, |sigmoid'| <= 1/4.
  template <class T>
  std::vector<double> error_of_block(std::size_t i, layer_execution const& how) const {
    constexpr double u = detail::unit<T>, slope = 1.13;
    auto const& block = of_.blocks[i];
    std::vector<double> y(streams_[i].size()), off(y.size()), mixed(2 * y.size()), off_mixed(mixed.size());
    layer_norm<double>(matrix_view<double const>(streams_[i].data(), time_, width), block.norm_weight, block.norm_bias,
                       of_.epsilon, {y.data(), time_, width});
    for (index_t c = 0; c < width; ++c) {
      auto const& part = parts_[i][at(c)];
      std::vector<double> samples, filtered(at(time_));
      double largest = 0, gain = part.d;
      for (index_t t = 0; t < time_; ++t) {
        samples.push_back(y[at(t * width + c)]);
        largest = std::max(largest, std::abs(samples.back()) + 2 * std::abs(block.norm_bias[at(c)]));
      }
      for (double const tap : part.system->kernel(0, 0, time_)) gain += std::abs(tap);
      double const error = 3 * u * largest * gain + test::bound_of_mode<T>(part, samples, time_, {}, how).output;
      std::vector<complex> state(at(part.system->states()));
      part.system->recurrence(state.data(), samples.data(), filtered.data(), time_);
      for (index_t t = 0; t < time_; ++t) {
        double const x = filtered[at(t)];
        y[at(t * width + c)] = gelu(x, gelu_form::tanh), off[at(t * width + c)] = slope * error + 6 * u * std::abs(x);
      }
    }
    linear<double>(matrix_view<double const>(y.data(), time_, width), {block.mix.weight.data(), 2 * width, width},
                   block.mix.bias, {mixed.data(), time_, 2 * width});
    std::vector<double> made(y.size());
    for (index_t t = 0; t < time_; ++t) {
      for (index_t o = 0; o < 2 * width; ++o) {
        double sum = 0, size = std::abs(block.mix.bias[at(o)]);
        for (index_t c = 0; c < width; ++c) {
          double const weight = std::abs(block.mix.weight[at(o * width + c)]);
          sum += weight * off[at(t * width + c)], size += weight * std::abs(y[at(t * width + c)]);
        }
        off_mixed[at(t * 2 * width + o)] = sum + static_cast<double>(width + 2) * u * size;
      }
      for (index_t c = 0; c < width; ++c) {
        std::size_t const value = at(t * 2 * width + c), gate = at(t * 2 * width + width + c);
        made[at(t * width + c)] = off_mixed[value] + std::abs(mixed[value]) * (off_mixed[gate] / 4 + 5 * u) +
                                  u * std::abs(streams_[i + 1][at(t * width + c)]);
      }
    }
    return made;
  }

  sequence_parameters<double> const& of_;
  index_t time_;
  std::vector<std::vector<test::bounded_system>> parts_;
  std::vector<sequence_model<double>> rest_;                   // from each block on
  std::vector<std::vector<double>> streams_;                   // before block 0, after each
  std::vector<std::vector<std::vector<double>>> derivatives_;  // (block, entry of the stream, output)
};

// The stream that the encoder makes.
std::vector<double> encoded(sequence_parameters<double> const& of, std::vector<double> const& u,
                            std::vector<index_t> const& ids) {
  std::vector<double> made;
  if (of.is_embedding) {
    for (index_t const id : ids)
      made.insert(made.end(), of.encoder.weight.begin() + id * width, of.encoder.weight.begin() + (id + 1) * width);
    return made;
  }
  made.resize(u.size() / inputs * width);
  linear<double>(matrix_view<double const>(u.data(), static_cast<index_t>(u.size()) / inputs, inputs),
                 {of.encoder.weight.data(), width, inputs}, of.encoder.bias,
                 {made.data(), static_cast<index_t>(u.size()) / inputs, width});
  return made;
}

// The largest difference over the bound of each.
template <class T>
double ratio_to_bound(std::vector<T> const& p, std::vector<T> const& q, std::vector<double> const& of_p,
                      std::vector<double> const& of_q) {
  double worst = p.size() == q.size() && p.size() == of_p.size() ? 0 : INFINITY;
  for (std::size_t i = 0; i < q.size(); ++i) {
    double const ratio = static_cast<double>(std::abs(p[i] - q[i])) / (of_p[i] + of_q[i]);
    worst = tests::worse(worst, ratio);
  }
  return worst;
}

struct agreement {
  double largest = 0, loosest = 0;  // difference over bound; bound
};

template <class T>
void expect_modes_agree(bool low_rank, bool is_embedding, pooling pool, index_t time, std::vector<index_t> const& ids,
                        model_bounds const& bounds, agreement& seen) {
  auto const u = numbers_of<T>(time * inputs, 7);
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
  auto const of_recurrence = bounds.bound<T>({});
  for (layer_execution const& how : {layer_execution{.mode = mode::convolution},
                                     layer_execution{.mode = mode::scan, .scan = {.algorithm = "blelloch"}}}) {
    auto const own = bounds.bound<T>(how);
    double const ratio = ratio_to_bound(run(how), expected, own, of_recurrence);
    EXPECT_LE(ratio, 1) << name_of(how.mode) << low_rank << is_embedding << name_of(pool);
    seen.largest = std::max(seen.largest, ratio);
    seen.loosest = std::max(seen.loosest, *std::max_element(own.begin(), own.end()));
  }
  EXPECT_GT(difference(expected, std::vector<T>(expected.size())), 0.1);
}

TEST(SequenceModel, ModesAgree) {
  constexpr index_t time = 20;
  std::vector<index_t> ids;
  for (index_t t = 0; t < time; ++t) ids.push_back(t * t % 10);
  agreement doubles, floats;
  for (bool const low_rank : {true, false}) {
    for (bool const is_embedding : {false, true}) {
      for (pooling const pool : {pooling::none, pooling::mean, pooling::last}) {
        auto const parameters = some_model<double>(low_rank, is_embedding, pool);
        model_bounds const bounds(parameters, encoded(parameters, numbers_of<double>(time * inputs, 7), ids), time);
        expect_modes_agree<double>(low_rank, is_embedding, pool, time, ids, bounds, doubles);
        expect_modes_agree<float>(low_rank, is_embedding, pool, time, ids, bounds, floats);
      }
    }
  }
  // Of the errors' size, and far below the outputs.
  EXPECT_GT(std::min(doubles.largest, floats.largest), 1e-4);
  EXPECT_LT(doubles.loosest, 1e-9);
  EXPECT_LT(floats.loosest, 2e-3);
}

// The layers' pieces are the whole bit for bit (layer_test); `linear` sums in an order that depends on the number of rows.
TEST(SequenceModel, GeneratesInPieces) {
  constexpr index_t time = 30;
  auto const u = numbers_of<double>(time * inputs, 8);
  for (bool const low_rank : {true, false}) {
    auto const parameters = some_model<double>(low_rank, false, pooling::none);
    sequence_model<double> const model(parameters);
    auto bound = model_bounds(parameters, encoded(parameters, u, {}), time).bound<double>({});
    std::vector<double> whole(time * outputs), pieces(whole);
    model.run(matrix_view<double const>(u.data(), time, inputs), {whole.data(), time, outputs}, {});
    for (index_t const piece : {1, 7}) {
      std::vector<complex> states(at(model.states()));
      for (index_t begin = 0; begin < time; begin += piece) {
        index_t const count = std::min(piece, time - begin);
        model.run(matrix_view<double const>(u.data() + begin * inputs, count, inputs),
                  {pieces.data() + begin * outputs, count, outputs}, {}, states);
      }
      EXPECT_LE(ratio_to_bound(pieces, whole, bound, bound), 1) << piece;
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

}  // namespace
}  // namespace ssmscan::ssm
