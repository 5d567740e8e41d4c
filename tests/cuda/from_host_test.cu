// The call on arrays in the host's memory: the CPU's bits where the tree is the CPU's, through every kind of view; and the
// CPU's refusals, overlaps among them, which the copies no longer have.
#include <cstring>

#include "tests/cuda/gpu.hpp"
#include <gtest/gtest.h>

#include <ssmscan/scan/backends/cuda/from_host.hpp>
#include <ssmscan/scan/backends/cuda/gpus.hpp>

namespace ssmscan {
namespace {

constexpr index_t lanes = 3, time = 1009, room = 2 * lanes * time;

struct arrays {
  std::vector<double> a, b, x, initial, final;
  std::vector<index_t> offsets{0, 10, 10, 700, time};
  std::vector<std::uint8_t> reset = std::vector<std::uint8_t>(time);
  arrays() : a(room), b(room), x(room, -1), initial(lanes * 4), final(lanes * 4, -1) {
    for (std::size_t i = 0; i < a.size(); ++i)
      a[i] = 0.9 + 0.0001 * static_cast<double>(i % 997), b[i] = static_cast<double>(i * 7 % 13) - 6;
    for (std::size_t i = 0; i < initial.size(); ++i) initial[i] = static_cast<double>(i) + 0.5;
    reset[10] = reset[700] = 1;
  }
};

enum class kind { dense, strided, reversed_strides, in_place, broadcast, by_offsets, by_reset, reverse };

recurrence<double> problem_of(arrays& of, kind which) {
  tensor_shape const whole{1, lanes, time};
  recurrence<double> p{.a = {of.a.data(), whole}, .b = {of.b.data(), whole}, .x = {of.x.data(), whole}};
  tensor_shape states{1, lanes, 1};
  switch (which) {
    case kind::dense:
      break;
    case kind::strided:
      p.x.stride = {0, 2 * time, 2}, p.b.stride = {0, 1, lanes};
      break;
    case kind::reversed_strides:
      p.b.data += lanes * time - 1, p.b.stride = {0, -time, -1};
      break;
    case kind::in_place:
      p.x.data = of.b.data();
      break;
    case kind::broadcast:
      p.a.stride = {0, 1, 0};
      break;
    case kind::by_offsets:
      p.offsets = of.offsets, states.time = 4;
      break;
    case kind::by_reset:
      p.reset = of.reset, states.time = 3;
      break;
    case kind::reverse:
      p.direction = direction::reverse;
      break;
  }
  p.initial = {of.initial.data(), states}, p.final = {of.final.data(), states};
  return p;
}

TEST(cuda_from_host, gives_the_cpus_bits_and_touches_nothing_else) {
  for (auto const which : {kind::dense, kind::strided, kind::reversed_strides, kind::in_place, kind::broadcast,
                           kind::by_offsets, kind::by_reset, kind::reverse})
    for (auto const* algorithm : {"sequential", "blelloch", "chunked"}) {
      arrays here, there;
      linear_recurrence(problem_of(here, which), {.algorithm = algorithm, .backend = "serial"});
      auto const made = device::linear_recurrence_from_host(problem_of(there, which), {.algorithm = algorithm});
      EXPECT_EQ(made.algorithm, algorithm);
      EXPECT_EQ(made.backend, "cuda");
      auto const same = [](std::vector<double> const& p, std::vector<double> const& q) {
        return std::memcmp(p.data(), q.data(), p.size() * sizeof(double)) == 0;
      };
      EXPECT_TRUE(same(here.x, there.x) && same(here.b, there.b) && same(here.a, there.a) &&
                  same(here.final, there.final))
          << algorithm << ", kind " << static_cast<int>(which);
    }
}

template <class Change>
void refused(Change const& change, std::string const& argument) {
  arrays of;
  auto problem = problem_of(of, kind::by_offsets);
  device::execution how;
  change(of, problem, how);
  try {
    device::linear_recurrence_from_host(problem, how);
    FAIL() << argument;
  } catch (std::invalid_argument const& error) { EXPECT_TRUE(std::string(error.what()).starts_with(argument)); }
}

TEST(cuda_from_host, refuses_what_the_cpu_refuses) {
  refused([](arrays& of, auto& p, auto&) { p.x.data = of.b.data() + 1; }, "x");
  refused([](arrays& of, auto&, auto&) { of.offsets[1] = 5000; }, "offsets");
  refused([](arrays&, auto&, auto& how) { how.algorithm = "nothing"; }, "algorithm");
}

TEST(cuda_gpus, are_described) {
  auto const found = device::gpus();
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(device::why_no_gpu(), "");
  EXPECT_FALSE(found.front().name.empty());
  EXPECT_GT(found.front().memory_bytes, std::size_t{1} << 30);
  EXPECT_GT(found.front().multiprocessors, 0);
  EXPECT_NE(device::cuda_versions().driver, "none");
  EXPECT_NE(device::compiled_architectures(), "");
}

}  // namespace
}  // namespace ssmscan
