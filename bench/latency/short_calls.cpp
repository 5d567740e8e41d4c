// What automatic costs where a call is short: at some 80 lengths from 0 to 4096, one lane and several, either layout, beside
// a plain loop (nanoseconds more) and beside each algorithm by name (times as long), pair by pair: everybody runs in every
// round, one after the other, and the median over the rounds of the difference or ratio within a round counts. Each round in
// an order of its own: a form's other threads wait for more work, and take time from whoever runs next. Lengths stand
// on both sides of every change of what plan says, and of whole blocks. Every result is verified before anything is timed.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <functional>
#include <iostream>
#include <numeric>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "bench/common/contender.hpp"
#include "bench/common/context.hpp"

namespace ssmscan::bench {
namespace {

constexpr double most_over_loop = 50e-9, most_over_best = 1.25;

template <class T>
[[gnu::noinline]] void loop(T const* a, T const* b, T* x, index_t lanes, index_t n) {
  for (index_t lane = 0; lane < lanes; ++lane, a += n, b += n, x += n) {
    T state(0);
    for (index_t t = 0; t < n; ++t) x[t] = state = a[t] * state + b[t];
  }
}

template <class T>
[[gnu::noinline]] void loop_beside(T const* a, T const* b, T* x, index_t lanes, index_t n) {
  if (n > 0) std::copy_n(b, lanes, x);
  for (index_t i = lanes; i < lanes * n; ++i) x[i] = a[i] * x[i - lanes] + b[i];
}

// 0 to 16, then each some 12 % longer than the one before; around whole blocks of 256; both sides of where `automatic` changes.
template <class T>
std::vector<index_t> lengths(index_t lanes, layout where) {
  constexpr index_t longest = 4096, block = 256, blocks_looked_at = 4;
  std::vector<index_t> made;
  for (index_t n = 0; n <= 16; ++n) made.push_back(n);
  for (int k = 1; k <= 47; ++k) made.push_back(std::lround(16 * std::pow(256.0, k / 47.0)));
  for (index_t n = block; n <= blocks_looked_at * block; n += block) made.insert(made.end(), {n - 1, n, n + 1});
  problem<T> on({.lanes = lanes, .time = longest, .layout = where});
  auto const chosen = [&](index_t n) {
    on.shape.time = n;
    return plan(on.call()).algorithm;
  };
  for (index_t n = 1; n <= longest; ++n)
    if (chosen(n) != chosen(n - 1)) made.insert(made.end(), {n - 1, n});
  std::sort(made.begin(), made.end());
  made.erase(std::unique(made.begin(), made.end()), made.end());
  return made;
}

double seconds(std::function<void()> const& pass, int calls) {
  using clock = std::chrono::steady_clock;
  auto const begin = clock::now();
  for (int i = 0; i < calls; ++i) pass();
  return std::chrono::duration<double>(clock::now() - begin).count() / calls;
}

double median(std::vector<double> v) {
  auto const middle = v.begin() + std::ssize(v) / 2;
  std::nth_element(v.begin(), middle, v.end());
  return *middle;
}

struct runner {
  std::string name;
  std::function<void()> pass;
  accuracy promised;
  std::vector<double> rounds{};
};

struct wrong_answer : std::runtime_error {
  using runtime_error::runtime_error;
};

// Whoever may be the best: by name, and not four times as slow as another in a first look.
template <class T>
std::vector<runner> runners(problem<T>& on, oracle<T> const& truth) {
  auto const call = on.call();
  auto const promised = [&](std::string_view algorithm, std::string_view inner) {
    return promise<simd::algorithms>(capabilities(), algorithm, inner, operation::affine, on.shape.time);
  };
  choice const automatic = plan(call);
  auto const plain = [&on] {
    auto const& s = on.shape;
    (s.layout == layout::lane_major ? loop<T> : loop_beside<T>)(on.a.data(), on.b.data(), on.x.data(), s.lanes, s.time);
  };
  std::vector<runner> made{{"automatic", [=] { linear_recurrence(call); }, promised(automatic.algorithm, "")},
                           {"loop", plain, {.right_steps = 1, .rounding = rounding::apart}}};
  for_each_offer<T>(capabilities(), operation::affine, inners::the_default,
                    [&](capability const& row, std::string const&) {
                      if (!has_what_it_computes(row.algorithm, on.shape)) return;
                      execution const how{.algorithm = row.algorithm, .backend = row.backend};
                      std::string const name = std::string(row.algorithm) + "/" + std::string(row.backend);
                      made.push_back({name, [=] { linear_recurrence(call, how); }, promised(row.algorithm, row.inner)});
                    });
  std::vector<double> first(made.size());
  for (std::size_t k = 0; k < made.size(); ++k) {
    std::fill(on.x.begin(), on.x.end(), T(std::nanf("")));
    made[k].pass();
    if (auto const wrong = truth.compare(on.x, made[k].promised); !wrong.empty())
      throw wrong_answer(made[k].name + ", " + std::to_string(on.x.size()) + " elements: " + wrong);
    first[k] = std::min(seconds(made[k].pass, 3), seconds(made[k].pass, 3));
  }
  double const least = *std::min_element(first.begin() + 2, first.end());
  for (std::size_t k = made.size(); k-- > 2;)
    if (first[k] > 4 * least) made.erase(made.begin() + static_cast<std::ptrdiff_t>(k));
  return made;
}

// Lengths looked at, and of them within the bars.
struct tally {
  int within = 0, all = 0;
};

template <class T>
std::string shape_name(index_t lanes, layout where) {
  return std::string(dtype_name<T>) + ", " + std::to_string(lanes) + (lanes == 1 ? " lane, " : " lanes, ") +
         (where == layout::lane_major ? "lane_major" : "time_major");
}

template <class T>
tally measure(std::string const& name, index_t lanes, layout where) {
  constexpr int rounds = 61;
  constexpr double batch = 10e-6;
  std::printf("%s\n", name.c_str());
  std::printf("%6s %12s %12s %10s %8s  %-20s %s\n", "steps", "loop ns", "automatic ns", "over loop", "of best", "best",
              "chosen");
  tally made;
  std::mt19937 random(1);  // the same orders each time
  double worst_over = 0, worst_ratio = 0;
  for (index_t const n : lengths<T>(lanes, where)) {
    problem<T> on({.lanes = lanes, .time = n, .layout = where});
    oracle<T> const truth(on);
    auto who = runners(on, truth);
    std::vector<std::size_t> order(who.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    for (int round = 0; round < rounds; ++round) {
      std::shuffle(order.begin(), order.end(), random);
      for (std::size_t const k : order) {
        auto& one = who[k];
        double const about = one.rounds.empty() ? seconds(one.pass, 4) : one.rounds.back();
        one.rounds.push_back(seconds(one.pass, std::clamp(static_cast<int>(batch / about), 1, 2000)));
      }
    }
    auto const& automatic = who[0].rounds;
    auto const paired = [&](runner const& other, auto const& of) {
      std::vector<double> pairs(rounds);
      std::transform(automatic.begin(), automatic.end(), other.rounds.begin(), pairs.begin(), of);
      return median(pairs);
    };
    double const over = paired(who[1], std::minus<>{});
    double ratio = 0;
    std::string best;
    for (std::size_t k = 2; k < who.size(); ++k)
      if (double const r = paired(who[k], std::divides<>{}); r > ratio) ratio = r, best = who[k].name;
    bool const good = over <= most_over_loop && ratio <= most_over_best;
    std::printf("%6td %12.1f %12.1f %10.1f %8.2f  %-20s %s%s\n", static_cast<std::ptrdiff_t>(n),
                median(who[1].rounds) * 1e9, median(automatic) * 1e9, over * 1e9, ratio, best.c_str(),
                plan(on.call()).algorithm.c_str(), good ? "" : "  *");
    ++made.all, made.within += good;
    worst_over = std::max(worst_over, over), worst_ratio = std::max(worst_ratio, ratio);
  }
  std::printf(
      "%d of %d lengths within the bars: at most %.1f ns over the loop (bar %.0f), %.2f of the best (bar %.2f)\n",
      made.within, made.all, worst_over * 1e9, most_over_loop * 1e9, worst_ratio, most_over_best);
  std::fflush(stdout);
  return made;
}

// Of the shapes whose name has `part` in it.
int run(std::string const& part) {
  tally all;
  auto const with = [&]<class T>(std::type_identity<T>) {
    auto const look = [&](index_t lanes, layout where) {
      std::string const name = shape_name<T>(lanes, where);
      if (name.find(part) == std::string::npos) return;
      tally const one = measure<T>(name, lanes, where);
      all.within += one.within, all.all += one.all;
    };
    look(1, layout::lane_major);
    for (index_t const lanes : {8, 64})
      for (layout const where : {layout::lane_major, layout::time_major}) look(lanes, where);
  };
  with(std::type_identity<float>{}), with(std::type_identity<double>{}),
      with(std::type_identity<std::complex<float>>{});
  if (all.all == 0) {
    std::cerr << "bench_short_calls: arguments: got '" << part
              << "', which is in no shape's name; need a part of one, as 'f32, 8 lanes'\n";
    return 2;
  }
  std::printf("in all %d of %d\n", all.within, all.all);
  return all.within == all.all ? 0 : 4;
}

int help() {
  std::cout << R"(bench_short_calls [PART]: what automatic costs, beside a plain loop and beside each algorithm by name

  PART     part of the names of the shapes to take, as 'f32, 64 lanes'; all shapes where none is given (minutes)
  --help   this

Exit: 0 all lengths within the bars, 1 a result was wrong, 2 bad arguments, 3 a run failed or the build is not a Release
build, 4 not within the bars.
)";
  return 0;
}

}  // namespace
}  // namespace ssmscan::bench

int main(int argc, char** argv) {
  using namespace ssmscan::bench;
  if (argc == 2 && (argv[1] == std::string_view("--help") || argv[1] == std::string_view("-h"))) return help();
  if (argc > 2) {
    std::cerr << "bench_short_calls: arguments: got " << argc - 1 << "; need one at most, a part of a shape's name\n";
    return 2;
  }
  if (auto const why = refusal(ssmscan::this_build()); !why.empty()) {
    std::cerr << "bench_short_calls: " << why << "\n";
    return 3;
  }
  for (auto const& [name, value] : context_of(argc, argv)) std::cout << name << ": " << value << "\n";
  try {
    return run(argc > 1 ? argv[1] : "");
  } catch (wrong_answer const& error) {
    std::cerr << "bench_short_calls: " << error.what() << "\n";
    return 1;
  } catch (std::exception const& error) {
    std::cerr << "bench_short_calls: " << error.what() << "\n";
    return 3;
  }
}
