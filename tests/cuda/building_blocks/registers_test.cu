// A thread's run, and what the threads of a warp make of theirs.
#include <cmath>
#include <cstring>

#include "tests/cuda/building_blocks/numbers.hpp"
#include <gtest/gtest.h>

#include <ssmscan/scan/backends/cuda/look_back_tile.cuh>
#include <ssmscan/scan/backends/cuda/piece_runs.cuh>

namespace ssmscan::device {
namespace {

using map = affine_map<number>;

// Steps t .. t + count of each lane, a thread for each run; a's and b's as they are read.
__global__ void read_runs(__grid_constant__ ssmscan::detail::recurrence_problem<number> const p,
                          __grid_constant__ piece_runs::shape const s, map* found, int* times) {
  auto const mine = piece_runs::run<number>::of(p, s);
  auto const steps = mine.steps();
  for (int k = 0; k < piece_runs::fan; ++k) {
    if (k < mine.count) {
      index_t const at = mine.lane * s.time + mine.t + k;
      found[at] = steps[k];
      atomicAdd(times + at, 1);
    } else if (!(steps[k] == affine<number>{}.identity())) {
      atomicAdd(times + s.lanes * s.time, 1);  // what is past the end is no identity
    }
  }
}

// Fewer lanes than a block has columns, as many, more; less than a run, a piece and one step more.
TEST(cuda_thread, runs_are_each_step_once_with_its_initial_state) {
  for (extent const size : {extent{1, 1}, {1, 15}, {3, 256}, {5, 257}, {32, 4096}, {33, 1000}, {70, 529}}) {
    auto const n = static_cast<std::size_t>(size.lanes * size.time);
    auto const a = random_numbers(n, 1), b = random_numbers(n, 2),
               initial = random_numbers(static_cast<std::size_t>(size.lanes), 3);
    gpu::array<number> const on_a(a), on_b(b), on_initial(initial);
    gpu::array<map> found(size.lanes * size.time);
    gpu::array<int> times(size.lanes * size.time + 1);
    times.fill_bytes(0);
    ssmscan::detail::recurrence_problem<number> p;
    tensor_shape const all{1, size.lanes, size.time};
    p.size = size;
    p.a = ssmscan::detail::lane_view<number const>({on_a.data(), all});
    p.b = ssmscan::detail::lane_view<number const>({on_b.data(), all});
    p.initial = ssmscan::detail::lane_view<number const>({on_initial.data(), {1, size.lanes, 1}});
    auto const s = piece_runs::shape::of<number>(size);
    launch(nullptr, {s.blocks<number>(), piece_runs::threads<number>}, &read_runs, p, s, found.data(), times.data());
    wait();
    auto const counts = times.values();
    auto const values = found.values();
    EXPECT_EQ(counts.back(), 0);
    for (std::size_t at = 0; at < n; ++at) {
      ASSERT_EQ(counts[at], 1) << at << " of " << size.lanes << " x " << size.time;
      auto const lane = at / static_cast<std::size_t>(size.time);
      bool const first = at % static_cast<std::size_t>(size.time) == 0;
      map const needed = first ? affine<number>::start(a[at] * initial[lane] + b[at]) : map{a[at], b[at]};
      ASSERT_EQ(values[at], needed) << at << " of " << size.lanes << " x " << size.time;
    }
  }
}

__global__ void complete_zeros(float* to) {
  affine_map<float> const prefix{1, -0.0f};
  to[0] = piece_runs::completed(prefix, {false, 0.0f});
  to[1] = piece_runs::completed(prefix, {true, 0.0f});
}

// Of nothing before: the prefix as it is, whose zero has its sign; a combine with the identity would take it away.
TEST(cuda_thread, what_has_nothing_before_keeps_the_sign_of_zero) {
  gpu::array<float> to(2);
  launch(nullptr, {1, 1}, &complete_zeros, to.data());
  wait();
  EXPECT_TRUE(std::signbit(to.values()[0]));
  EXPECT_FALSE(std::signbit(to.values()[1]));
}

template <int Words>
__global__ void exchange(several<Words> const* in, several<Words>* up, int distance, several<Words>* last) {
  up[threadIdx.x] = shuffle_up(in[threadIdx.x], distance);
  last[threadIdx.x] = from_last_thread(in[threadIdx.x]);
}

template <int Words>
void expect_exchanges() {
  std::vector<several<Words>> values(warp_size);
  auto const numbers = random_numbers(Words * warp_size, Words);
  std::memcpy(values.data(), numbers.data(), numbers.size() * sizeof(number));
  gpu::array<several<Words>> const in(values);
  gpu::array<several<Words>> up(warp_size), last(warp_size);
  for (int const distance : {1, 2, 16, 31}) {
    launch(nullptr, {1, warp_size}, &exchange<Words>, in.data(), up.data(), distance, last.data());
    wait();
    auto const from_before = up.values(), of_last = last.values();
    for (int k = 0; k < warp_size; ++k) {
      EXPECT_EQ(from_before[k].of, values[k < distance ? k : k - distance].of) << k << " from " << distance;
      EXPECT_EQ(of_last[k].of, values[warp_size - 1].of) << k;
    }
  }
}

// As many words as maps of float, double and complex double have.
TEST(cuda_warp, threads_of_a_warp_exchange_whole_values) {
  expect_exchanges<1>(), expect_exchanges<2>(), expect_exchanges<4>(), expect_exchanges<8>();
}

__global__ void scan_a_row(map const* in, int const* earlier_ones, map* out) {
  out[threadIdx.x] = scan_of_row(in[threadIdx.x], earlier_ones[threadIdx.x], affine<number>{});
}

TEST(cuda_warp, a_row_is_scanned_from_the_last_start_on) {
  std::mt19937 random(5);
  gpu::array<map> in(warp_size), out(warp_size);
  gpu::array<int> earlier(warp_size);
  for (int round = 0; round < 50; ++round) {
    auto const numbers = random_numbers(2 * warp_size, 100 + round);
    std::vector<map> maps(warp_size), needed(warp_size);
    std::vector<int> before(warp_size);
    for (int k = 0; k < warp_size; ++k) {
      maps[k] = {numbers[2 * k], numbers[2 * k + 1]};
      bool const starts = k == 0 || (round > 0 && random() % 5 == 0);  // the first round has no other start
      before[k] = starts ? 0 : before[k - 1] + 1;
      needed[k] = starts ? maps[k] : affine<number>{}(needed[k - 1], maps[k]);
    }
    in.put(maps), earlier.put(before);
    launch(nullptr, {1, warp_size}, &scan_a_row, in.data(), earlier.data(), out.data());
    wait();
    EXPECT_EQ(out.values(), needed) << "round " << round;
  }
}

}  // namespace
}  // namespace ssmscan::device
