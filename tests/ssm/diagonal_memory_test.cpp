// What an S4D layer allocates in a scan: by sequential, chunked and look_back a piece of time of each worker, however many states and
// steps there are. Every operator new of the process is counted.
#include "tests/ssm/channels.hpp"
#include "tests/ssm/counted_new.hpp"
#include <gtest/gtest.h>

#include <ssmscan/ssm/layer.hpp>

namespace ssmscan::ssm {
namespace {

using test::counted::live, test::counted::most;
std::size_t size(index_t i) { return static_cast<std::size_t>(i); }

struct shape {
  index_t channels, states, time;
};

// Bytes allocated at a time during a call, beyond those before it.
std::size_t peak(shape const& s, execution const& scan) {
  std::vector<diagonal_system> systems;
  for (index_t c = 0; c < s.channels; ++c) {
    diagonal_system made{.lambda = s4d_lambda(s4d_initialization::lin, 2 * s.states), .step = 0.01};
    made.lambda.resize(size(s.states)), made.b.assign(size(s.states), 1.0), made.c.assign(size(s.states), 1.0);
    systems.push_back(made);
  }
  layer const of(systems);
  std::vector<double> const u = test::some_signal(s.channels * s.time);
  std::vector<double> y(u.size());
  tensor_shape const rows{1, s.channels, s.time};
  layer_call<double> const call{.input = {u.data(), rows}, .output = {y.data(), rows}};
  layer_execution const how{.mode = mode::scan, .scan = scan};
  of.run(call, how);  // what is made once is there
  std::size_t const before = live;
  most = before;
  of.run(call, how);
  EXPECT_EQ(live, before) << "kept after the call";
  return most - before;
}

// A worker's piece is 16384 values of state, or 128 steps of all states; besides, the states that enter and leave.
constexpr index_t value = sizeof(std::complex<double>), piece = 16384, least_steps = 128, bytes_besides = 4096;

TEST(DiagonalMemory, IsThatOfAPiece) {
  int cases = 0;
  for (std::string_view const algorithm : {"automatic", "sequential", "chunked", "look_back"}) {
    for (execution const& how : {execution{.algorithm = algorithm, .backend = "serial"},
                                 {.algorithm = algorithm, .backend = "openmp", .threads = 2}}) {
      int const workers = how.backend == "serial" ? 1 : how.threads;
      for (index_t const channels : {1, 4}) {
        for (index_t const states : {4, 16, 200}) {
          std::size_t const bytes = peak({channels, states, 65536}, how);
          index_t const values = workers * std::max(piece, least_steps * states) + 8 * workers * states;
          EXPECT_GT(bytes, 0u);
          EXPECT_LE(bytes, size(value * values + workers * bytes_besides))
              << algorithm << ' ' << how.backend << ' ' << channels << " channels, " << states << " states";
          ++cases;
        }
      }
    }
  }
  EXPECT_EQ(cases, 4 * 2 * 2 * 3);
  EXPECT_EQ(peak({1, 16, 131072}, {.algorithm = "look_back", .backend = "serial"}),
            peak({1, 16, 16384}, {.algorithm = "look_back", .backend = "serial"}));
}

// The counter sees what does grow: of another tree the whole length of all states.
TEST(DiagonalMemory, OfOtherTreesIsTheWhole) {
  EXPECT_GE(peak({1, 16, 16384}, {.algorithm = "blelloch", .backend = "serial"}), size(16 * 16384 * value));
}

}  // namespace
}  // namespace ssmscan::ssm
