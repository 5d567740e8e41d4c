// Beyond 2^31 elements, where an index of 32 bits breaks. No array where none is needed: one buffer of 2^31 floats
// (8.6 GB), in place, under a broadcast a, for the forms that take no scratch of values; and for algorithms with scratch
// a monoid of one byte, its leaves made and its prefixes judged by functors. Every truth has a closed form. (Strides
// beyond 2^32 elements: huge_strides.hpp.)
#include <atomic>
#include <memory>

#include "machine/free_memory.hpp"
#include "tests/laws/effort.hpp"
#include "tests/laws/suite.hpp"

#include <ssmscan/scan/backends/openmp.hpp>
#include <ssmscan/scan/registry.hpp>
#include <ssmscan/scan/scan.hpp>

namespace ssmscan::laws {
namespace {

// Only in the full run, and where the memory is: 2^31 floats, and room for the machine to go on.
class large : public testing::Test {
 protected:
  void SetUp() override {
    if (chosen_effort() != effort::full) GTEST_SKIP() << "beyond 2^31 elements is for the full run";
    constexpr double needed_gib = 10;
    if (double const gib = free_gib(); gib < needed_gib)
      GTEST_SKIP() << "got " << gib << " GiB of memory; need " << needed_gib;
  }
};

constexpr index_t beyond = (index_t{1} << 31) + 4099;  // past the last power of two by a chunk and three

// x[t] = -x[t-1] + 1: 1, 0, 1, 0, ... exactly.
TEST_F(large, float_in_place_with_one_a_by_the_public_call) {
  auto const values = std::make_unique_for_overwrite<float[]>(static_cast<std::size_t>(beyond));
  for (char const* const algorithm : {"sequential", "chunked", "look_back"})
    for (char const* const backend : {"serial", "openmp"}) {
      std::fill(values.get(), values.get() + beyond, 1.0F);
      float const a = -1;
      float final = 2;
      recurrence<float> problem;
      problem.x = tensor_view<float>(values.get(), beyond);
      problem.a = tensor_view<float const>(&a, {1, 1, beyond}, {0, 0, 0});
      problem.b = problem.x;
      problem.final = tensor_view<float>(&final, 1);
      linear_recurrence<float>(problem, {.algorithm = algorithm, .backend = backend});
      index_t wrong = 0;
      for (index_t t = 0; t < beyond; ++t) wrong += values[static_cast<std::size_t>(t)] != (t % 2 == 0 ? 1.0F : 0.0F);
      EXPECT_EQ(wrong, 0) << algorithm << '/' << backend;
      EXPECT_EQ(final, beyond % 2 == 1 ? 1.0F : 0.0F) << algorithm << '/' << backend;
      tally::add(1);
    }
}

// x -> a x + b mod 16, both in one byte: exactly associative, and does not commute.
struct affine_mod_16 {
  using value_type = std::uint8_t;
  static constexpr unsigned a_of(value_type v) { return v >> 4U; }
  static constexpr unsigned b_of(value_type v) { return v & 15U; }
  value_type identity() const { return 0x10; }
  value_type operator()(value_type const& earlier, value_type const& later) const {
    unsigned const a = a_of(later) * a_of(earlier), b = a_of(later) * b_of(earlier) + b_of(later);
    return static_cast<value_type>((a & 15U) << 4U | (b & 15U));
  }
};

// Leaves of a prime period, a odd. The prefix is (the whole period)^k, then a part of one; powers of a map of a finite
// group repeat, so that a table holds them.
class periodic {
 public:
  static constexpr index_t period = 65537;
  periodic() {
    affine_mod_16 const combine;
    std::uint8_t prefix = combine.identity();
    for (index_t t = 0; t < period; ++t) part_.push_back(prefix = combine(prefix, leaf(t)));
    powers_.push_back(combine.identity());
    while (true) {
      std::uint8_t const next = combine(powers_.back(), part_.back());
      if (next == combine.identity()) break;
      powers_.push_back(next);
    }
  }
  static std::uint8_t leaf(index_t t) {
    auto const bits = static_cast<std::uint32_t>(t % period) * 2654435761U;  // Knuth's multiplicative hash
    return static_cast<std::uint8_t>(bits >> 24U | 0x10U);
  }
  std::uint8_t prefix(index_t t) const {
    return affine_mod_16{}(powers_[static_cast<std::size_t>(t / period % static_cast<index_t>(powers_.size()))],
                           part_[static_cast<std::size_t>(t % period)]);
  }

 private:
  std::vector<std::uint8_t> part_, powers_;
};

template <class A>
void judge_large(extent e) {
  static periodic const truth;
  std::atomic<index_t> wrong{0}, seen{0};
  // Counting each store would cost more than the scan: one in 1024 is counted, and every one of the last 4096 of a lane.
  auto const counted = [time = e.time](index_t lane, index_t t) { return (lane + t) % 1024 == 0 || t + 4096 >= time; };
  bool const many_lanes = e.lanes > 1;
  openmp on;
  scan(
      on, A{}, affine_mod_16{}, e, [](index_t, index_t t) { return periodic::leaf(t); },
      [&](index_t lane, index_t t, std::uint8_t const& prefix) {
        if (prefix != truth.prefix(t)) ++wrong;
        if (!many_lanes && counted(lane, t)) ++seen;
      });
  EXPECT_EQ(wrong, 0) << A::info.name;
  if (!many_lanes) {
    index_t needed = 0;
    for (index_t t = 0; t < e.time; t += 1024) needed += t + 4096 < e.time;
    EXPECT_EQ(seen, needed + 4096) << A::info.name;
  }
  tally::add(1);
}

// Doubling would take 31 passes over one sequence; its index arithmetic is over lanes * time, so it gets many lanes.
TEST_F(large, every_tree_on_a_monoid_of_one_byte) {
  index_t judged = 0;
  algorithms::for_each([&]<class A>(std::type_identity<A>) {
    if constexpr (supports<A, openmp, affine_mod_16>) {
      constexpr index_t short_time = 17;
      judge_large<A>(A::info.name == "hillis_steele" ? extent{beyond / short_time + 1, short_time} : extent{1, beyond});
      ++judged;
    }
  });
  index_t trees = 0;
  algorithms::for_each([&]<class A>(std::type_identity<A>) { trees += A::info.result != result_class::reformulates; });
  EXPECT_EQ(judged, trees);
}

}  // namespace
}  // namespace ssmscan::laws
