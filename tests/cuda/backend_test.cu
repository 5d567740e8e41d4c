// The verbs of the CUDA backend, and the header-only route with a monoid that the library does not know: every index
// once, waits that end, memory that is the caller's and no other, errors that arrive.
#include <numeric>

#include "tests/cuda/gpu.hpp"
#include <gtest/gtest.h>

#include <ssmscan/scan/backends/cuda.cuh>
#include <ssmscan/scan/backends/serial.hpp>
#include <ssmscan/scan/monoids/affine_matrix.hpp>
#include <ssmscan/scan/monoids/plus.hpp>
#include <ssmscan/scan/registry.hpp>
#include <ssmscan/scan/scan.hpp>

namespace ssmscan {
namespace {

static_assert(backend<cuda> && ordered_backend<cuda>);
static_assert(backend<workspace_query> && ordered_backend<workspace_query>);

// A backend on the default stream with some workspace, and what a test then looks at.
struct bench {
  gpu::memory workspace;
  cuda on;
  explicit bench(std::size_t bytes = 1 << 20) : workspace(bytes), on(nullptr, workspace.span()) {}
};

struct count_visit {
  int* times;
  int* outside;
  extent e;
  __device__ void operator()(index_t lane, index_t i) const {
    bool const inside = lane >= 0 && lane < e.lanes && i >= 0 && i < e.time;
    atomicAdd(inside ? times + lane * e.time + i : outside, 1);
  }
  __device__ void operator()(index_t block) const { (*this)(0, block); }
};

bool all_once(gpu::array<int> const& times) {
  auto const values = times.values();
  return std::all_of(values.begin(), values.end(), [](int n) { return n == 1; });
}

// Around a thread block of 256, the grid's 2^16 blocks of it, and a lane longer and shorter than a warp.
TEST(cuda_backend, parallel_for_visits_each_index_once) {
  bench b;
  index_t constexpr a_grid = index_t{1} << 24;
  for (extent const e : {extent{0, 0},
                         {0, 5},
                         {5, 0},
                         {1, 1},
                         {1, 255},
                         {1, 256},
                         {1, 257},
                         {3, 4099},
                         {4099, 3},
                         {100003, 1},
                         {1, a_grid},
                         {1, a_grid + 1},
                         {5, a_grid / 2 + 7}}) {
    gpu::array<int> times(e.lanes * e.time), outside(1);
    times.fill_bytes(0), outside.fill_bytes(0);
    b.on.parallel_for(e, count_visit{times.data(), outside.data(), e});
    EXPECT_TRUE(all_once(times)) << e.lanes << " x " << e.time;
    EXPECT_EQ(outside.values()[0], 0);
  }
}

// To either side of the count from which thread blocks are full, and of a grid of those.
TEST(cuda_backend, blocks_run_each_block_once) {
  bench b;
  for (index_t const count : {0, 1, 31, 32, 33, 1000, (1 << 17) - 1, 1 << 17, (1 << 23) + 5}) {
    gpu::array<int> plain(count), ordered(count), outside(1);
    plain.fill_bytes(0), ordered.fill_bytes(0), outside.fill_bytes(0);
    b.on.blocks(count, count_visit{plain.data(), outside.data(), {1, count}});
    b.on.ordered_blocks(count, count_visit{ordered.data(), outside.data(), {1, count}});
    EXPECT_TRUE(all_once(plain)) << count;
    EXPECT_TRUE(all_once(ordered)) << count;
    EXPECT_EQ(outside.values()[0], 0);
  }
}

struct chain {
  mailbox_view<index_t> boxes;
  index_t* sums;
  __device__ void operator()(index_t block) const {
    index_t const sum = block == 0 ? 0 : boxes.await(block - 1) + block;
    boxes.publish(block, sum);
    sums[block] = sum;
  }
};

// A chain through all blocks, many times more of them than a device holds: each waits for its neighbour, so this ends
// only if what is earlier makes progress.
TEST(cuda_backend, ordered_blocks_may_wait_for_earlier_ones) {
  index_t constexpr count = 200003;
  bench b(count * 16);
  gpu::array<index_t> sums(count);
  auto const boxes = b.on.mailboxes<index_t>(count);
  b.on.ordered_blocks(count, chain{boxes.boxes(), sums.data()});
  auto const values = sums.values();
  for (index_t block = 0; block < count; ++block)
    ASSERT_EQ(values[static_cast<std::size_t>(block)], block * (block + 1) / 2);
}

struct look {
  mailbox_view<double> boxes;
  int* ready;
  __device__ void operator()(index_t slot) const { ready[slot] = boxes.ready(slot); }
};

TEST(cuda_backend, mailboxes_start_empty_whatever_was_in_the_workspace) {
  bench b;
  need_success(cudaMemset(b.workspace.data(), 0xff, b.workspace.size()), "filling");
  gpu::array<int> ready(100);
  {
    auto const boxes = b.on.mailboxes<double>(100);
    b.on.blocks(100, look{boxes.boxes(), ready.data()});
  }
  EXPECT_EQ(ready.values(), std::vector<int>(100, 0));
  EXPECT_NO_THROW(b.on.mailboxes<double>(0));
}

// x -> A x + b mod 2^32 with A of 2 x 2: exactly associative, and does not commute.
using witness = affine_matrix<std::uint32_t, 2>;
using map = witness::value_type;

SSMSCAN_HOST_DEVICE map leaf_at(index_t lane, index_t t) {
  map made;
  auto bits = static_cast<std::uint32_t>(lane * 7919 + t) * 2654435761U;
  for (std::uint32_t& v : made.a) v = bits = bits * 1664525U + 1013904223U;
  for (std::uint32_t& v : made.b) v = bits = bits * 1664525U + 1013904223U;
  return made;
}
struct load_leaf {
  SSMSCAN_HOST_DEVICE map operator()(index_t lane, index_t t) const { return leaf_at(lane, t); }
};
struct store_prefix {
  map* values;
  index_t time;
  SSMSCAN_HOST_DEVICE void operator()(index_t lane, index_t t, map const& prefix) const {
    values[lane * time + t] = prefix;
  }
};

template <class A>
void runs_a_monoid_of_ones_own() {
  static_assert(supports<A, cuda, witness>);
  for (extent const e : {extent{1, 1}, {1, 2}, {3, 100}, {2, 4097}, {1, 20011}, {700, 33}}) {
    std::vector<map> needed(static_cast<std::size_t>(e.lanes * e.time));
    serial definition;
    scan(definition, sequential{}, witness{}, e, load_leaf{}, store_prefix{needed.data(), e.time});

    gpu::array<map> got(e.lanes * e.time);
    workspace_query query;
    scan(query, A{}, witness{}, e, load_leaf{}, store_prefix{got.data(), e.time});
    gpu::memory const workspace(query.bytes());
    cuda on(nullptr, workspace.span());
    scan(on, A{}, witness{}, e, load_leaf{}, store_prefix{got.data(), e.time});
    EXPECT_EQ(got.values(), needed) << A::info.name << ", " << e.lanes << " x " << e.time;

    if (query.bytes() == 0) continue;
    cuda short_of_it(nullptr, workspace.span().first(query.bytes() - 1));
    EXPECT_THROW(scan(short_of_it, A{}, witness{}, e, load_leaf{}, store_prefix{got.data(), e.time}),
                 std::invalid_argument);
  }
}

TEST(cuda_backend, runs_every_tree_over_a_monoid_of_ones_own) {
  runs_a_monoid_of_ones_own<sequential>();
  runs_a_monoid_of_ones_own<hillis_steele>();
  runs_a_monoid_of_ones_own<blelloch>();
  runs_a_monoid_of_ones_own<chunked>();
  runs_a_monoid_of_ones_own<look_back>();
}

// Small integers, so that every sum is exact. nvcc drops what std::complex's own operators would do here.
using gaussian = std::complex<float>;
struct load_gaussian {
  SSMSCAN_HOST_DEVICE gaussian operator()(index_t lane, index_t t) const {
    return gaussian(static_cast<float>((t + lane) % 7 - 3), static_cast<float>(t % 5 - 2));
  }
};
struct store_gaussian {
  gaussian* values;
  index_t time;
  SSMSCAN_HOST_DEVICE void operator()(index_t lane, index_t t, gaussian const& prefix) const {
    values[lane * time + t] = prefix;
  }
};

TEST(cuda_backend, adds_complex_numbers) {
  extent const e{3, 1000};
  std::vector<gaussian> needed;
  for (index_t lane = 0; lane < e.lanes; ++lane) {
    gaussian sum;
    for (index_t t = 0; t < e.time; ++t) needed.push_back(sum += load_gaussian{}(lane, t));
  }
  gpu::array<gaussian> got(e.lanes * e.time);
  bench b;
  scan(b.on, blelloch{}, plus<gaussian>{}, e, load_gaussian{}, store_gaussian{got.data(), e.time});
  EXPECT_EQ(got.values(), needed);
}

__global__ void does_nothing() {}

TEST(cuda_backend, a_launch_that_cuda_refuses_arrives_once) {
  launch_shape constexpr too_many_threads{1, 4096};
  try {
    launch(nullptr, too_many_threads, &does_nothing);
    ADD_FAILURE() << "nothing thrown";
  } catch (std::system_error const& error) {
    EXPECT_STREQ(error.code().category().name(), "cuda");
    auto const status = static_cast<cudaError_t>(error.code().value());  // which of its codes is CUDA's affair
    EXPECT_NE(status, cudaSuccess);
    EXPECT_NE(std::string(error.what()).find(cudaGetErrorName(status)), std::string::npos) << error.what();
  }
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
  EXPECT_NO_THROW(launch(nullptr, {1, 32}, &does_nothing));
  EXPECT_THROW(launch(nullptr, {index_t{1} << 31, 32}, &does_nothing), std::invalid_argument);
}

}  // namespace
}  // namespace ssmscan
