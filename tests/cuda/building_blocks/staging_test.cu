// Copies between global and shared memory, the barrier that they report to, and stores from block to block of a cluster.
#include "tests/cuda/building_blocks/numbers.hpp"
#include <gtest/gtest.h>

#include <ssmscan/scan/backends/cuda/look_back_tile.cuh>
#include <ssmscan/scan/backends/cuda/staging.cuh>
#include <ssmscan/scan/backends/cuda/tickets.cuh>

namespace ssmscan::device {
namespace {

inline constexpr int slot_bytes = 1024, slots = 3;

// Blocks of bytes through a ring in shared memory, the next ones on their way while one is stored: thread 0 asks the copy engine
// for each, all wait for it by its phase.
__global__ void through_a_ring(unsigned char const* from, unsigned char* to, int count, bool as_usual) {
  __shared__ alignas(128) unsigned char ring[slots][slot_bytes];
  __shared__ barrier full[slots], empty[slots];
  if (threadIdx.x == 0) {
    for (int s = 0; s < slots; ++s) full[s].initialise(1), empty[s].initialise(1);
    barriers_are_initialised();
  }
  __syncthreads();
  if (threadIdx.x == 0) {
    for (int i = 0; i < count; ++i) {
      empty[i % slots].wait((i / slots & 1) ^ 1);  // the phase before the first returns at once
      full[i % slots].arrive_expecting(slot_bytes);
      bulk_load(ring[i % slots], from + i * slot_bytes, slot_bytes, full[i % slots],
                as_usual ? used_as_usual() : used_once());
    }
  } else if (threadIdx.x == warp_size) {
    for (int i = 0; i < count; ++i) {
      full[i % slots].wait(i / slots & 1);
      unsigned char* const place = ring[i % slots];
      for (int k = 0; k < slot_bytes; ++k) place[k] ^= 0xff;
      fence_before_bulk_store();
      bulk_store(to + i * slot_bytes, place, slot_bytes);
      bulk_stores_have_been_read();
      empty[i % slots].arrive();
    }
    bulk_stores_are_done();
  }
}

TEST(cuda_staging, bulk_copies_go_through_a_ring) {
  constexpr int count = 4 * slots + 2;  // the ring goes round, and not evenly
  constexpr std::size_t bytes = std::size_t{count} * slot_bytes;
  auto const numbers = random_numbers(bytes / sizeof(number), 7);
  gpu::array<number> const from(numbers);
  for (bool const as_usual : {false, true}) {
    gpu::array<number> to(static_cast<index_t>(bytes / sizeof(number)) + 1);
    to.fill_bytes(byte_of_poison);
    launch(nullptr, {1, 2 * warp_size}, &through_a_ring, reinterpret_cast<unsigned char const*>(from.data()),
           reinterpret_cast<unsigned char*>(to.data()), count, as_usual);
    wait();
    auto got = to.values();
    EXPECT_EQ(got.back(), poison);
    got.pop_back();
    for (number& v : got) v = ~v;
    EXPECT_EQ(got, numbers);
  }
}

// A thread an element, into its place between two that nobody writes; reported by a barrier, or waited for.
enum class told { by_a_barrier, by_waiting };
template <class T>
__global__ void copy_elements_in(T const* from, T* to, int count, told how) {
  __shared__ alignas(16) unsigned char memory[sizeof(T) * (2 * warp_size + 1)];
  __shared__ barrier done;
  auto* const place = reinterpret_cast<T*>(memory);
  for (int k = threadIdx.x; k < static_cast<int>(sizeof memory / 4); k += warp_size)
    reinterpret_cast<number*>(memory)[k] = poison;
  if (threadIdx.x == 0) done.initialise(warp_size), barriers_are_initialised();
  __syncthreads();
  int const k = static_cast<int>(threadIdx.x);
  if (k < count) copy_element(place + 2 * k + 1, from + k);
  if (how == told::by_a_barrier) {
    done.arrive_after_copies();
    done.wait(0);
  } else {
    copies_are_done();
    __syncthreads();
  }
  for (int j = k; j < 2 * warp_size + 1; j += warp_size) to[j] = place[j];
}

template <class T>
void expect_elements() {
  constexpr std::size_t words = sizeof(T) / sizeof(number), places = 2 * warp_size + 1;
  auto const numbers = random_numbers((warp_size + 1) * words, sizeof(T));
  gpu::array<number> const from(numbers);
  gpu::array<number> to(places * words);
  for (int const count : {1, 17, warp_size})
    for (int const first : {0, 1})  // the second is aligned as its type asks, and no better
      for (told const how : {told::by_a_barrier, told::by_waiting}) {
        launch(nullptr, {1, warp_size}, &copy_elements_in<T>, reinterpret_cast<T const*>(from.data()) + first,
               reinterpret_cast<T*>(to.data()), count, how);
        wait();
        auto const got = to.values();
        for (std::size_t at = 0; at < got.size(); ++at) {
          std::size_t const place = at / words, element = place / 2;
          bool const is_copied = place % 2 == 1 && element < static_cast<std::size_t>(count);
          EXPECT_EQ(got[at], is_copied ? numbers[(element + first) * words + at % words] : poison) << at;
        }
      }
}

TEST(cuda_staging, elements_are_copied_and_nothing_beside_them) {
  expect_elements<float>(), expect_elements<double>();
  expect_elements<std::complex<float>>(), expect_elements<std::complex<double>>();
}

__global__ void copy_pieces_in(uint4 const* from, uint4* to) {
  __shared__ uint4 place[warp_size];
  copy_piece(place + (warp_size - 1 - threadIdx.x), from + threadIdx.x);
  copies_are_done();
  __syncthreads();
  to[threadIdx.x] = place[threadIdx.x];
}

TEST(cuda_staging, pieces_are_copied) {
  auto const numbers = random_numbers(4 * warp_size, 11);
  gpu::array<number> const from(numbers);
  gpu::array<number> to(4 * warp_size);
  launch(nullptr, {1, warp_size}, &copy_pieces_in, reinterpret_cast<uint4 const*>(from.data()),
         reinterpret_cast<uint4*>(to.data()));
  wait();
  auto const got = to.values();
  for (int k = 0; k < 4 * warp_size; ++k)
    EXPECT_EQ(got[k], numbers[static_cast<std::size_t>((warp_size - 1 - k / 4) * 4 + k % 4)]) << k;
}

inline constexpr int cluster = 8;

// Each block writes into every other one's shared memory, and waits for what they write into its own.
__global__ void tell_one_another(std::uint64_t const* values, std::uint64_t* heard) {
  __shared__ std::uint64_t of_block[cluster];
  __shared__ barrier all_in;
  auto const block = blockIdx.x % cluster;
  if (threadIdx.x == 0) {
    all_in.initialise(1), barriers_are_initialised();
    all_in.arrive_expecting(sizeof of_block);
  }
  // No block writes before the barriers of all stand, and none leaves before all have written.
  asm volatile("barrier.cluster.arrive.aligned; barrier.cluster.wait.aligned;" ::: "memory");
  if (threadIdx.x < cluster) store_in_cluster(of_block + block, values[blockIdx.x], all_in, threadIdx.x);
  all_in.wait(0);
  if (threadIdx.x < cluster) heard[blockIdx.x * cluster + threadIdx.x] = of_block[threadIdx.x];
  __syncwarp();
  asm volatile("barrier.cluster.arrive.aligned; barrier.cluster.wait.aligned;" ::: "memory");
}

TEST(cuda_cluster, blocks_of_a_cluster_store_into_one_another) {
  constexpr int clusters = 3;
  std::vector<std::uint64_t> values(clusters * cluster);
  for (std::size_t k = 0; k < values.size(); ++k) values[k] = ticket_counter::mixed(k);
  gpu::array<std::uint64_t> const in(values);
  gpu::array<std::uint64_t> heard(clusters * cluster * cluster);
  launch(nullptr, {clusters * cluster, warp_size, 0, cluster}, &tell_one_another, in.data(), heard.data());
  wait();
  auto const got = heard.values();
  for (std::size_t at = 0; at < got.size(); ++at)
    EXPECT_EQ(got[at], values[at / (cluster * cluster) * cluster + at % cluster]) << at;
}

}  // namespace
}  // namespace ssmscan::device
