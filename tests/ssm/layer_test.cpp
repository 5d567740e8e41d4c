// The layer: every mode against the Annotated S4's outputs and against the others; states, pieces, packed sequences, both
// directions, many inputs and outputs.
#include <thread>

#include "tests/ssm/annotated_s4.hpp"
#include "tests/ssm/channels.hpp"
#include "tests/ssm/mode_bounds.hpp"
#include <Eigen/Dense>
#include <gmock/gmock.h>

#include <ssmscan/scan/backends/all.hpp>
#include <ssmscan/scan/monoids/affine_matrix.hpp>
#include <ssmscan/scan/registry.hpp>
#include <ssmscan/ssm/detail/error_of_largest.hpp>
#include <ssmscan/ssm/layer.hpp>

namespace ssmscan::ssm {
namespace {

using test::at, test::some_signal, test::s4_channel, test::s4d_channel, test::dense_channel, test::s5_block;
using test::reference;
using complex = std::complex<double>;

// Layers of every kind, by name, and what their bounds are made of.
struct named_layer {
  std::string name;
  layer of;
  std::vector<test::bounded_system> parts;

  named_layer(std::string given, std::vector<test::bounded_system> systems)
      : name(std::move(given)),
        of([&] {
          std::vector<linear_system_ptr> made;
          for (auto const& one : systems) made.push_back(one.system);
          return made;
        }()),
        parts(std::move(systems)) {}
};

std::vector<named_layer> layers() {
  std::vector<dplr_system> const s4{s4_channel(8, 0.3), s4_channel(8, 1.2), s4_channel(6, 0.1, spectrum::full)};
  std::vector<test::bounded_system> s4d, low_rank;
  for (auto const& channel : s4) low_rank.push_back(test::bounded(channel));
  for (auto const which : all_s4d_initializations)
    for (auto const rule : {discretization::zoh, discretization::bilinear, discretization::mamba})
      s4d.push_back(test::bounded(s4d_channel(which, rule)));
  return {{"s4", low_rank},
          {"s4d", s4d},
          {"s5", {test::bounded(s5_block())}},
          {"dense",
           {test::bounded(dense_channel(hippo::legs, 5, discretization::zoh)),
            test::bounded(dense_channel(hippo::legt, 4, discretization::backward_euler)),
            test::bounded(dense_channel(hippo::fout, 5, discretization::bilinear))}},
          {"mixed", {test::bounded(s5_block()), low_rank[0], s4d[1]}}};
}

// Every scan of the registry that takes the state: of matrices, all but heinsen.
std::vector<layer_execution> executions(bool is_diagonal) {
  std::vector<layer_execution> made{{},
                                    {.mode = mode::recurrence, .scan = {.backend = "serial"}},
                                    {.mode = mode::convolution, .convolution = convolution_method::direct},
                                    {.mode = mode::convolution, .convolution = convolution_method::fft}};
  ssmscan::backends::for_each([&]<class B>(std::type_identity<B>) {
    auto const scan = [&](std::string_view algorithm) {
      made.push_back({.mode = mode::scan, .scan = {.algorithm = algorithm, .backend = B::name}});
    };
    scan("automatic");
    ssmscan::algorithms::for_each([&]<class A>(std::type_identity<A>) {
      if (!A::info.variant.empty()) return;  // heinsen.plain has no bound
      if (is_diagonal || supports<A, B, affine_matrix<double, dynamic>>) scan(A::info.name);
    });
  });
  return made;
}

using test::ratio_to_bound, test::result;
template <class T>
result<T> run(layer const& of, std::vector<T> const& u, index_t batch, layer_execution const& how,
              std::vector<complex> const& initial = {}, std::vector<index_t> const& offsets = {},
              direction way = direction::forward) {
  index_t const time = static_cast<index_t>(u.size()) / (batch * of.inputs());
  index_t const sequences = offsets.empty() ? 1 : static_cast<index_t>(offsets.size()) - 1;
  result<T> made{std::vector<T>(at(batch * of.outputs() * time), T(1e30f)),
                 std::vector<complex>(at(batch * of.states() * sequences), complex(1e30))};
  layer_call<T> call{.input = {u.data(), {batch, of.inputs(), time}},
                     .output = {made.y.data(), {batch, of.outputs(), time}},
                     .final = {made.final.data(), {batch, of.states(), sequences}},
                     .offsets = offsets,
                     .direction = way};
  if (!initial.empty()) call.initial = {initial.data(), {batch, of.states(), sequences}};
  of.run(call, how);
  return made;
}

// (batch, states, sequences), real where the states are.
std::vector<complex> some_states(layer const& of, index_t batch, index_t sequences) {
  std::vector<complex> made;
  for (index_t b = 0; b < batch; ++b) {
    for (auto const& system : of.systems()) {
      for (index_t i = 0; i < system->states() * sequences; ++i) {
        complex const state = std::polar(0.5, 0.9 * static_cast<double>(made.size()));
        made.push_back(system->has_real_states() ? state.real() : state);
      }
    }
  }
  return made;
}

// What a layer and its copies, which share it, keep of one length and type is not used for another; side by side too.
TEST(Layer, KeepsWhatALengthMakes) {
  std::vector<dplr_system> const channels{s4_channel(8, 0.3), s4_channel(6, 0.1, spectrum::full)};
  layer const kept(channels);
  layer const copy = kept;
  layer_execution const how{.mode = mode::convolution};
  for (index_t const length : {40, 97, 40, 1, 97}) {
    std::vector<double> const u = some_signal(2 * length);
    std::vector<float> const v(u.begin(), u.end());
    for (layer const* const each : {&kept, &copy}) {
      EXPECT_EQ(run(*each, u, 1, how).y, run(layer(channels), u, 1, how).y) << length;
      EXPECT_EQ(run(*each, v, 1, how).y, run(layer(channels), v, 1, how).y) << length;
    }
  }
  std::vector<std::vector<double>> made(8);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < made.size(); ++i)
    threads.emplace_back(
        [&, i] { made[i] = run(kept, some_signal(2 * (30 + static_cast<index_t>(i % 2))), 1, how).y; });
  for (std::thread& each : threads) each.join();
  for (std::size_t i = 0; i < made.size(); ++i)
    EXPECT_EQ(made[i], run(layer(channels), some_signal(2 * (30 + static_cast<index_t>(i % 2))), 1, how).y);
}

// Both spectra: of the half, the convolution's kernel is the fast one, and the others run the half of the states.
TEST(Layer, IsTheAnnotatedS4) {
  for (std::string const& name : test::annotated_s4_cases) {
    auto const input = reference<double>(name + ".u");
    auto const full = test::of_recurrence(test::annotated_s4(name), static_cast<index_t>(input.size()));
    auto const expected = reference<double>(name + ".y");
    std::vector<double> recurrence;
    for (complex const y : reference<complex>(name + ".yr")) recurrence.push_back(y.real());
    std::vector<double> output(input.size());
    for (dplr_system const& system : {full, test::half_of(full)}) {
      layer const one(std::span<dplr_system const>(&system, 1));
      for (layer_execution const& how :
           {layer_execution{.mode = mode::recurrence}, layer_execution{.mode = mode::convolution},
            layer_execution{.mode = mode::convolution, .convolution = convolution_method::direct},
            layer_execution{.mode = mode::scan, .scan = {.algorithm = "chunked"}}}) {
        if (how.mode == mode::scan && name != "annotated_s4/a") continue;  // 64^3 and more a combine
        one.run(input, 1, output, how);
        EXPECT_LE(detail::error_of_largest(output, expected), 1e-12)
            << name << " " << system.size() << " " << name_of(how.mode);
        EXPECT_LE(detail::error_of_largest(output, recurrence), 1e-12)
            << name << " " << system.size() << " " << name_of(how.mode);
      }
    }
  }
}

// Modes, backends, states in and out, packed, reversed: one answer. What the recurrence makes of a packed or reversed signal
// is held against the plain recurrence of each piece.
TEST(Layer, EveryModeIsTheRecurrence) {
  std::size_t cases = 0;
  double largest = 0;
  for (auto const& [name, of, parts] : layers()) {
    bool const is_diagonal = name == "s4d" || name == "s5";
    for (index_t const batch : {1, 2}) {
      for (index_t const time : {1, 2, 30}) {
        std::vector<double> const u = some_signal(batch * of.inputs() * time);
        for (std::vector<index_t> const& offsets :
             {std::vector<index_t>{}, std::vector<index_t>{0, time / 3, time / 3, time}}) {
          index_t const sequences = offsets.empty() ? 1 : 3;
          for (bool const started : {false, true}) {
            auto const initial = started ? some_states(of, batch, sequences) : std::vector<complex>{};
            for (direction const way : {direction::forward, direction::reverse}) {
              auto const expected = run(of, u, batch, {}, initial, offsets, way);
              for (layer_execution const& how : executions(is_diagonal)) {
                auto const made = run(of, u, batch, how, initial, offsets, way);
                std::string const what = name + " " + std::string(name_of(how.mode)) + " " +
                                         std::string(how.scan.algorithm) + " " + std::to_string(time);
                double const ratio = ratio_to_bound(parts, u, batch, initial, offsets, way, how, made, expected);
                ASSERT_LE(ratio, 1) << what;
                largest = std::max(largest, ratio);
                ++cases;
              }
            }
          }
        }
      }
    }
  }
  std::size_t const of_diagonal = executions(true).size(), of_matrix = executions(false).size();
  EXPECT_GE(of_matrix, 4u + 2 * 6);  // four of recurrence and convolution; of two backends, six names of scans and more
  EXPECT_EQ(cases, 2 * 3 * 2 * 2 * 2 * (2 * of_diagonal + 3 * of_matrix));
  EXPECT_GT(largest, 1e-3);  // of the errors' size
}

TEST(Layer, PiecesAreTheWholeBitForBit) {
  constexpr index_t time = 400;
  for (auto const& [name, of, parts] : layers()) {
    std::vector<double> const u = some_signal(of.inputs() * time);
    auto const whole = run(of, u, 1, {});
    for (index_t const piece : {1, 7, 100}) {
      std::vector<double> y(at(of.outputs() * time));
      std::vector<complex> state(at(of.states()));
      for (index_t begin = 0; begin < time; begin += piece) {
        index_t const length = std::min(piece, time - begin);
        of.run<double>({.input = {u.data() + begin, {1, of.inputs(), length}, {of.inputs() * time, time, 1}},
                        .output = {y.data() + begin, {1, of.outputs(), length}, {of.outputs() * time, time, 1}},
                        .initial = {state.data(), {1, of.states(), 1}},
                        .final = {state.data(), {1, of.states(), 1}}});
      }
      EXPECT_EQ(y, whole.y) << name << " " << piece;
      EXPECT_EQ(state, whole.final) << name << " " << piece;
    }
  }
}

TEST(Layer, PackedAndReversedAreTheirSequencesApart) {
  constexpr index_t time = 50;
  std::vector<index_t> const offsets{0, 0, 17, 18, time};
  for (auto const& [name, of, parts] : layers()) {
    std::vector<double> const u = some_signal(of.inputs() * time);
    for (direction const way : {direction::forward, direction::reverse}) {
      auto const packed = run(of, u, 1, {}, {}, offsets, way);
      for (std::size_t k = 0; k + 1 < offsets.size(); ++k) {
        index_t const length = offsets[k + 1] - offsets[k];
        std::vector<double> part;
        for (index_t q = 0; q < of.inputs(); ++q)
          for (index_t t = 0; t < length; ++t)
            part.push_back(u[at(q * time + (way == direction::forward ? offsets[k] + t : offsets[k + 1] - 1 - t))]);
        auto const alone = run(of, part, 1, {});
        for (index_t p = 0; p < of.outputs(); ++p)
          for (index_t t = 0; t < length; ++t)
            EXPECT_EQ(packed.y[at(p * time + (way == direction::forward ? offsets[k] + t : offsets[k + 1] - 1 - t))],
                      alone.y[at(p * length + t)])
                << name;
        for (index_t n = 0; n < of.states(); ++n)
          EXPECT_EQ(packed.final[at(n) * (offsets.size() - 1) + k], alone.final[at(n)]) << name;
      }
    }
  }
}

// Of two layers, so that one for the other is seen.
TEST(Layer, BothDirections) {
  named_layer const ahead{"ahead", {test::bounded(s4_channel(8, 0.3)), test::bounded(s4_channel(8, 1.2))}};
  named_layer const back{"back", {test::bounded(s4_channel(6, 0.9)), test::bounded(s4_channel(4, 0.2))}};
  constexpr index_t time = 40;
  std::vector<double> const u = some_signal(ahead.of.inputs() * time);
  auto const forward = run(ahead.of, u, 1, {}), reverse = run(back.of, u, 1, {}, {}, {}, direction::reverse);
  for (layer_execution const& how : executions(false)) {
    std::vector<double> y(u);  // in place
    tensor_view<double> const signal(y.data(), {1, ahead.of.inputs(), time});
    run_bidirectional<double>(ahead.of, back.of, {.input = signal, .output = signal}, how);
    for (std::size_t h = 0; h < ahead.parts.size(); ++h) {
      std::vector<double> samples(u.begin() + static_cast<index_t>(h) * time,
                                  u.begin() + static_cast<index_t>(h + 1) * time);
      auto const bound_of = [&](named_layer const& of) {
        return test::bound_of_mode<double>(of.parts[h], samples, time, {}, how).output +
               test::bound_of_mode<double>(of.parts[h], samples, time, {}, {}).output;
      };
      double bound = bound_of(ahead);
      std::reverse(samples.begin(), samples.end());
      bound += bound_of(back);
      // One addition of two outputs on either side.
      for (std::size_t i = h * time; i < (h + 1) * time; ++i) {
        double const expected = forward.y[i] + reverse.y[i];
        EXPECT_LE(std::abs(y[i] - expected), bound + 0x1p-52 * std::abs(expected)) << i;
      }
    }
  }
}

// Floats: signals, kernels and transforms are floats, states doubles.
TEST(Layer, FloatsAreNear) {
  double largest = 0;
  for (auto const& [name, of, parts] : layers()) {
    std::vector<double> const u = some_signal(of.inputs() * 200);
    std::vector<float> const single(u.begin(), u.end());
    auto const expected = run(of, std::vector<double>(single.begin(), single.end()), 1, {});
    for (layer_execution const& how : executions(false)) {
      auto const made = run(of, single, 1, how);
      double const ratio = ratio_to_bound(parts, single, 1, {}, {}, direction::forward, how, made, expected);
      EXPECT_LE(ratio, 1) << name << name_of(how.mode);
      largest = std::max(largest, ratio);
    }
  }
  EXPECT_GT(largest, 1e-2);  // a rounding to float of an output of its size
}

TEST(Layer, EmptySignals) {
  for (auto const& [name, of, parts] : layers()) {
    std::vector<complex> const initial = some_states(of, 1, 1);
    for (layer_execution const& how : executions(false)) {
      EXPECT_EQ(run(of, std::vector<double>{}, 1, how, initial).final, initial) << name << name_of(how.mode);
    }
  }
}

}  // namespace
}  // namespace ssmscan::ssm
