// Does the selective scan on a GPU choose the faster of its two fused forms? At shapes between small and large (drawn from a seed, or
// named) both run by name, float and bfloat16, by turns; the call's own choice is one of them, and how much longer that one
// takes is printed. Each form's first steps are held against the definition before it is timed. Exit 0 where no choice takes over
// 1.1 times the faster form, else 4.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <memory>
#include <random>
#include <stdexcept>
#include <string_view>

#include "bench/common/cuda/device.hpp"
#include "bench/selective/data.hpp"

#include <ssmscan/ssm/cuda/selective_errors.hpp>
#include <ssmscan/ssm/cuda/selective_scan.hpp>

namespace ssmscan::bench {
namespace {

using device::selective_form;

constexpr double most_over_best = 1.1;
constexpr int exit_over_bar = 4;
constexpr index_t most_values = index_t{1} << 25;  // of u

struct usage_error : std::runtime_error {
  using runtime_error::runtime_error;
};
struct wrong_answer : std::runtime_error {
  using runtime_error::runtime_error;
};

struct asked {
  unsigned seed = 1;
  int count = 150;
  std::vector<sizes> shapes;
};

index_t number(std::string_view text) {
  index_t made = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), made);
  if (error != std::errc{} || end != text.data() + text.size() || made < 1)
    throw usage_error("'" + std::string(text) + "' is no positive number");
  return made;
}
std::vector<std::string_view> parts_of(std::string_view text, char between) {
  std::vector<std::string_view> made;
  for (;;) {
    auto const at = text.find(between);
    made.push_back(text.substr(0, at));
    if (at == text.npos) return made;
    text.remove_prefix(at + 1);
  }
}
asked options_of(int argc, char** argv) {
  asked made;
  for (int i = 1; i < argc; ++i) {
    std::string_view const given = argv[i];
    auto const value = [&](std::string_view name) -> std::string_view {
      return given.starts_with(name) ? given.substr(name.size()) : std::string_view{};
    };
    if (auto const seed = value("--seed="); !seed.empty()) {
      made.seed = static_cast<unsigned>(number(seed));
    } else if (auto const count = value("--count="); !count.empty()) {
      made.count = static_cast<int>(number(count));
    } else if (auto const shapes = value("--shapes="); !shapes.empty()) {
      for (auto const shape : parts_of(shapes, ',')) {
        auto const of = parts_of(shape, 'x');
        if (of.size() != 4) throw usage_error("'" + std::string(shape) + "' is not BATCHxCHANNELSxTIMExSTATES");
        made.shapes.push_back({number(of[0]), number(of[1]), number(of[2]), number(of[3])});
        if (made.shapes.back().steps() > most_values || made.shapes.back().states > 64)
          throw usage_error("'" + std::string(shape) + "' has more than 2^25 steps, or than 64 states");
      }
    } else {
      throw usage_error("'" + std::string(given) +
                        "' is not --seed=N, --count=N or --shapes=BATCHxCHANNELSxTIMExSTATES,...");
    }
  }
  return made;
}

// As models have them: channels in multiples of 64, most often of 16 states; lengths whole (of 512), even and odd by turns.
std::vector<sizes> drawn(asked const& how) {
  std::mt19937 random(how.seed);
  auto const below = [&](index_t n) { return static_cast<index_t>(random() % static_cast<std::uint64_t>(n)); };
  auto const between = [&](double least, double most) {  // evenly by the logarithm
    double const at = static_cast<double>(random()) / 4294967296.0;
    return least * std::pow(most / least, at);
  };
  constexpr std::array<index_t, 8> states{16, 16, 16, 16, 16, 8, 32, 64};
  constexpr index_t tile = 512, fused_tile = 32;
  constexpr double most_updates = 1.2e9;  // about a millisecond
  std::vector<sizes> made;
  while (std::ssize(made) < how.count) {
    sizes s{std::lround(between(1, 24)), 64 * std::lround(between(1, 96)), 0,
            states[static_cast<std::size_t>(below(8))]};
    double const time = between(100, 20000);
    switch (std::ssize(made) % 4) {
      case 0:
      case 1:
        s.time = tile * std::max<index_t>(1, std::lround(time / tile));
        break;
      case 2:
        s.time = fused_tile * std::max<index_t>(1, std::lround(time / fused_tile));
        break;
      default:
        s.time = std::lround(time);
    }
    double const updates = static_cast<double>(s.steps()) * static_cast<double>(s.states);
    if (updates <= most_updates && updates >= 1e6 && s.steps() <= most_values) made.push_back(s);
  }
  return made;
}

// A table of normal numbers over and over, as long as any shape's arrays, in float on the host and stored as IO on the device.
template <class IO>
struct numbers {
  numbers(index_t count, unsigned seed) : host(static_cast<std::size_t>(count)), device(host.size()) {
    constexpr std::size_t period = std::size_t{1} << 20;
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    std::vector<IO> stored(host.size());
    for (std::size_t i = 0; i < host.size(); ++i) {
      if (i >= period) {
        host[i] = host[i - period], stored[i] = stored[i - period];
      } else if constexpr (std::is_same_v<IO, float>) {
        stored[i] = host[i] = normal(random);
      } else {
        stored[i] = {to_bfloat16(normal(random))}, host[i] = from_bfloat16(stored[i].bits);
      }
    }
    device.put(stored.data());
  }
  std::vector<float> host;
  gpu::array<IO> device;
};

// Every shape's arrays are the beginnings of these; A is from -1 to -N in every channel, the bias -2.
template <class IO>
struct arrays {
  static constexpr index_t of_channels = 1 << 16, most_states = 64, of_coefficients = index_t{1} << 25;
  numbers<IO> u{most_values, 1}, delta{most_values, 2}, z{most_values, 3}, B{of_coefficients, 4}, C{of_coefficients, 5};
  numbers<float> D{of_channels, 6};
  std::vector<float> A_host = std::vector<float>(of_channels * most_states),
                     bias_host = std::vector<float>(of_channels, -2.0f);
  gpu::array<float> A{A_host.size()}, bias{bias_host.size()};
  gpu::array<IO> y{static_cast<std::size_t>(most_values)};

  arrays() { bias.put(bias_host.data()); }
  void set_rates(sizes const& s) {
    auto const count = static_cast<std::size_t>(s.channels * s.states);
    for (std::size_t i = 0; i < count; ++i) A_host[i] = -static_cast<float>(static_cast<index_t>(i) % s.states + 1);
    A.put_first(A_host.data(), count);
  }
  ssm::selective_problem<float, IO> problem(sizes const& s) const {
    tensor_shape const shape{s.batch, s.channels, s.time};
    ssm::selective_problem<float, IO> p;
    p.u = tensor_view<IO const>(u.device.data(), shape), p.delta = tensor_view<IO const>(delta.device.data(), shape);
    p.z = tensor_view<IO const>(z.device.data(), shape), p.y = {y.data(), shape};
    p.A = {A.data(), s.channels, s.states};
    auto const coefficient = [&](numbers<IO> const& of) {
      auto const strides = ssm::varying_coefficient<float>(nullptr, 1, s.states, s.time).stride;
      return ssm::selective_coefficient<IO>{
          of.device.data(), 1, {strides.batch, strides.group, strides.state, strides.time}};
    };
    p.B = coefficient(B), p.C = coefficient(C);
    p.D = {D.device.data(), static_cast<std::size_t>(s.channels)};
    p.delta_bias = {bias.data(), static_cast<std::size_t>(s.channels)};
    p.activation = ssm::delta_activation::softplus;
    return p;
  }
  // Empty, or which of the first channel's first steps is outside the bound of the form that ran.
  std::string wrong_where(sizes const& s, std::string const& ran) const {
    constexpr index_t verified_updates = 1 << 14;  // the definition costs long double
    index_t const steps = std::clamp<index_t>(verified_updates / s.states, 1, s.time);
    tensor_shape const shape{1, 1, steps};
    std::vector<float> y_host(static_cast<std::size_t>(steps));
    ssm::selective_problem<float> p;
    p.u = tensor_view<float const>(u.host.data(), shape), p.delta = tensor_view<float const>(delta.host.data(), shape);
    p.z = tensor_view<float const>(z.host.data(), shape), p.y = {y_host.data(), shape};
    p.A = {A_host.data(), 1, s.states};
    p.B = ssm::varying_coefficient(B.host.data(), 1, s.states, s.time);
    p.C = ssm::varying_coefficient(C.host.data(), 1, s.states, s.time);
    p.D = std::span<float const>(D.host).first(1), p.delta_bias = std::span<float const>(bias_host).first(1);
    p.activation = ssm::delta_activation::softplus;
    auto const error = device::error_of_form<float, IO>(ran, s.channels * s.states, s.time);
    auto const exact = ssm::detail::selective_reference(p, error.roundings, error.errors);
    std::vector<IO> made(y_host.size());
    y.take_first(made.data(), made.size());
    constexpr long double rounding = std::is_same_v<IO, float> ? 0 : 0x1p-8L;
    for (std::size_t i = 0; i < made.size(); ++i) {
      float value;
      if constexpr (std::is_same_v<IO, float>)
        value = made[i];
      else
        value = from_bfloat16(made[i].bits);
      long double const bound = exact.y_bound[i] + rounding * (std::abs(exact.y[i]) + exact.y_bound[i]);
      if (!(std::abs(static_cast<long double>(value) - exact.y[i]) <= bound))
        return ran + ": y[" + std::to_string(i) + "] outside its bound";
    }
    return "";
  }
};

struct timed_form {
  selective_form form;
  std::string name;
  std::unique_ptr<gpu::memory> workspace{};
  std::unique_ptr<gpu::batch> batch{};
  std::vector<double> rounds{};
  double seconds() {
    std::ranges::sort(rounds);
    return rounds[rounds.size() / 2];
  }
};

struct tally {
  int shapes = 0, over_bar = 0;
  double worst = 1;
};

template <class IO>
void compare(arrays<IO>& on, sizes const& s, tally& all) {
  constexpr int rounds = 5;
  on.set_rates(s);
  auto const p = on.problem(s);
  std::array<timed_form, 2> forms{timed_form{selective_form::fused, "fused"},
                                  timed_form{selective_form::fused_time, "fused_time"}};
  for (auto& who : forms) {
    device::selective_execution how{.form = who.form};
    who.workspace = std::make_unique<gpu::memory>(device::workspace_bytes(p, how));
    how.stream = gpu::the_stream(), how.workspace = who.workspace->span();
    on.y.bytes().fill(0xff);
    device::selective_scan(p, how);
    gpu::wait();
    if (auto const wrong = on.wrong_where(s, who.name); !wrong.empty()) throw wrong_answer(wrong);
    who.batch =
        std::make_unique<gpu::batch>([=](std::size_t) { device::selective_scan(p, how); }, gpu::launching::by_graph, 1);
  }
  for (int round = 0; round < rounds; ++round)
    for (auto& who : forms) who.rounds.push_back(who.batch->seconds() / static_cast<double>(who.batch->passes()));
  std::string const chosen = device::plan(p).algorithm;
  double const fused = forms[0].seconds(), time = forms[1].seconds();
  double const over = (chosen == "fused" ? fused : time) / std::min(fused, time);
  std::printf("%d %d %d %d %s %.5f %.5f %s %.3f\n", static_cast<int>(s.batch), static_cast<int>(s.channels),
              static_cast<int>(s.time), static_cast<int>(s.states), std::is_same_v<IO, float> ? "f32" : "bf16",
              fused * 1e3, time * 1e3, chosen.c_str(), over);
  std::fflush(stdout);
  ++all.shapes, all.over_bar += over > most_over_best, all.worst = std::max(all.worst, over);
}

int run(asked const& how) {
  if (!gpu::why_none().empty()) {
    std::cerr << not_run << gpu::why_none() << '\n';
    return exit_nothing_ran;
  }
  auto const shapes = how.shapes.empty() ? drawn(how) : how.shapes;
  std::printf("batch channels time states type fused_ms fused_time_ms chosen over_best\n");
  tally all;
  {
    arrays<float> on;
    for (sizes const& s : shapes) compare(on, s, all);
  }
  {
    arrays<bfloat16> on;
    for (sizes const& s : shapes) compare(on, s, all);
  }
  std::printf("# the choice takes over %.1f times the faster form at %d of %d, %.2f times at most\n", most_over_best,
              all.over_bar, all.shapes, all.worst);
  return all.over_bar > 0 ? exit_over_bar : exit_good;
}

}  // namespace
}  // namespace ssmscan::bench

int main(int argc, char** argv) {
  using namespace ssmscan::bench;
  try {
    return run(options_of(argc, argv));
  } catch (usage_error const& error) {
    std::cerr << error.what() << '\n';
    return exit_usage;
  } catch (wrong_answer const& error) {
    std::cerr << wrong_result << error.what() << '\n';
    return exit_wrong_result;
  } catch (std::exception const& error) {
    std::cerr << error.what() << '\n';
    return exit_failed;
  }
}
