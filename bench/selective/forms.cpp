// Does the selective scan on a GPU choose the faster of its two fused forms? At shapes between small and large (drawn from a seed, or
// named) both run by name, float and bfloat16, by turns; the call's own choice is one of them, and how much longer that one
// takes is printed. Each form's first steps are held against the definition before it is timed. Exit 0 where no choice takes over
// 1.1 times the faster form, else 4.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <memory>
#include <random>
#include <stdexcept>
#include <string_view>

#include "bench/common/context.hpp"
#include "bench/selective/forms_data.hpp"

namespace ssmscan::bench {
namespace {

using device::selective_form;

constexpr double most_over_best = 1.1;
constexpr int exit_over_bar = 4;

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

index_t number(std::string_view text, index_t most) {
  index_t made = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), made);
  if (error != std::errc{} || end != text.data() + text.size() || made < 1 || made > most)
    throw usage_error("'" + std::string(text) + "'; need a number from 1 to " + std::to_string(most));
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
sizes shape_of(std::string_view text) {
  auto const of = parts_of(text, 'x');
  if (of.size() != 4) throw usage_error("'" + std::string(text) + "'; need BATCHxCHANNELSxTIMExSTATES");
  sizes const made{number(of[0], most_values), number(of[1], most_channels), number(of[2], most_values),
                   number(of[3], most_states)};
  auto const fits = [](index_t a, index_t b, index_t c) { return a <= most_values / b && a * b <= most_values / c; };
  if (!fits(made.batch, made.channels, made.time) || !fits(made.batch, made.states, made.time))
    throw usage_error("'" + std::string(text) + "'; need at most " + std::to_string(most_values) +
                      " steps of all channels, and values of B");
  return made;
}
asked options_of(int argc, char** argv) {
  constexpr index_t most_shapes = 100000;
  asked made;
  for (std::string_view const given : std::vector<std::string_view>(argv + 1, argv + argc)) {
    auto const value = [&](std::string_view name) {
      return given.starts_with(name) ? given.substr(name.size()) : std::string_view{};
    };
    if (auto const seed = value("--seed="); !seed.empty())
      made.seed = static_cast<unsigned>(number(seed, 0xffffffff));
    else if (auto const count = value("--count="); !count.empty())
      made.count = static_cast<int>(number(count, most_shapes));
    else if (auto const shapes = value("--shapes="); !shapes.empty())
      for (auto const shape : parts_of(shapes, ',')) made.shapes.push_back(shape_of(shape));
    else
      throw usage_error("'" + std::string(given) +
                        "'; need --seed=N, --count=N, --shapes=BATCHxCHANNELSxTIMExSTATES,...");
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
    std::cerr << "bench_selective_forms: " << not_run << gpu::why_none() << '\n';
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

int help() {
  std::cout
      << R"(bench_selective_forms [FLAG...]: whether the selective scan on a GPU chooses the faster of its fused forms

  --seed=N, --count=N   so many shapes drawn from a seed (1, 150)
  --shapes=SHAPE,...    these shapes: BATCHxCHANNELSxTIMExSTATES, as 8x1536x2048x16
  --help                this

Exit: 0 no choice takes over 1.1 times the faster form, 1 a result was wrong, 2 bad arguments, 3 a run failed or the build is not
a Release build, 4 some choice does, 77 no GPU.
)";
  return exit_good;
}

}  // namespace
}  // namespace ssmscan::bench

int main(int argc, char** argv) {
  using namespace ssmscan::bench;
  auto const ends = [](int code, std::string const& words) {
    std::cerr << "bench_selective_forms: " << words << "\n";
    return code;
  };
  if (argc == 2 && (argv[1] == std::string_view("--help") || argv[1] == std::string_view("-h"))) return help();
  try {
    auto const how = options_of(argc, argv);
    if (auto const why = refusal(ssmscan::this_build()); !why.empty()) return ends(exit_failed, why);
    return run(how);
  } catch (usage_error const& error) {
    return ends(exit_usage, std::string("arguments: got ") + error.what());
  } catch (wrong_answer const& error) {
    return ends(exit_wrong_result, wrong_result + std::string(error.what()));
  } catch (std::exception const& error) { return ends(exit_failed, error.what()); }
}
