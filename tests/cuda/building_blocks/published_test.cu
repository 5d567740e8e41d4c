// What blocks of the whole device tell one another: words, tickets, mailboxes.
#include <algorithm>

#include "tests/cuda/building_blocks/numbers.hpp"
#include <gtest/gtest.h>

#include <ssmscan/scan/backends/cuda/mailbox.cuh>
#include <ssmscan/scan/backends/cuda/published.cuh>
#include <ssmscan/scan/backends/cuda/tickets.cuh>

namespace ssmscan::device {
namespace {

// Block k hands what it was given, and k more, to block k + 1: a chain through words, of which every other one is marked.
template <class V>
__global__ void pass_along(word* words, std::uint64_t epoch, V* found, int* marks) {
  auto const k = blockIdx.x;
  reading<V> before;
  V mine{};
  if (k > 0) {
    do before.look(words + (k - 1) * words_of<V>);
    while (!before.ready(epoch));
    mine = before.value();
    marks[k] = before.marked();
  }
  for (auto& each : mine.of) each += 17 * k + 1;
  found[k] = mine;
  publish(words + k * words_of<V>, mine, k % 2 == 1, epoch);
}

template <int Words>
void expect_passing() {
  using V = several<Words>;
  constexpr int blocks = 100;  // fewer than an H100 has multiprocessors: all run at the same time
  gpu::array<word> words(blocks * words_of<V>);
  words.fill_bytes(byte_of_poison);
  gpu::array<V> found(blocks);
  gpu::array<int> marks(blocks);
  for (std::uint64_t const epoch :
       {0x1234567890abcdeeull, 0x1234567890abcdecull, 2ull}) {  // each on what the last one left
    found.fill_bytes(0xff), marks.fill_bytes(0);
    launch(nullptr, {blocks, 1}, &pass_along<V>, words.data(), epoch, found.data(), marks.data());
    wait();
    auto const got = found.values();
    auto const seen = marks.values();
    number sum = 0;
    for (int k = 0; k < blocks; ++k) {
      sum += 17u * static_cast<number>(k) + 1;
      for (number const each : got[static_cast<std::size_t>(k)].of) EXPECT_EQ(each, sum) << "block " << k;
      EXPECT_EQ(seen[static_cast<std::size_t>(k)], k > 0 && (k - 1) % 2 == 1) << "block " << k;
    }
  }
}

TEST(cuda_published, words_are_read_whole_and_of_their_run) {
  expect_passing<1>(), expect_passing<2>(), expect_passing<4>(), expect_passing<8>();
}

template <class V>
__global__ void look_once(word const* words, std::uint64_t epoch, int* ready) {
  reading<V> seen;
  seen.look(words);
  *ready = seen.ready(epoch);
}

// A value of two words is not ready before both are of this run.
TEST(cuda_published, half_a_value_is_none) {
  constexpr std::uint64_t epoch = 0x77770, another = 0x77772;
  gpu::array<int> ready(1);
  struct stands {
    std::uint64_t first, second;
    bool ready;
  };
  for (stands const& of :
       {stands{another, another, false}, stands{epoch, another, false}, stands{another, epoch, false},
        stands{epoch, epoch, true}, stands{epoch | mark_of_word, epoch | mark_of_word, true}}) {
    gpu::array<word> const words(std::vector<word>{{1, of.first}, {2, of.second}});
    launch(nullptr, {1, 1}, &look_once<several<4>>, words.data(), epoch, ready.data());
    wait();
    EXPECT_EQ(ready.values()[0], of.ready) << std::hex << of.first << ' ' << of.second;
  }
}

// Each block draws until there are no more, one too many; the last to draw leaves the counter for the next run.
__global__ void draw_all(__grid_constant__ ticket_counter const counter, index_t tickets, int* times, int* descents) {
  index_t before = -1;
  for (;;) {
    auto const asked = counter.ask();
    index_t const ticket = counter.answer(asked);
    if (ticket == tickets + gridDim.x - 1) counter.leave(asked);
    if (ticket <= before) atomicAdd(descents, 1);
    before = ticket;
    if (ticket >= tickets) break;
    atomicAdd(times + ticket, 1);
  }
}

// On whatever stands in the workspace, and then on what a run of as many tickets or others left.
TEST(cuda_published, each_ticket_is_drawn_once) {
  gpu::memory workspace(1024);
  cuda on(nullptr, workspace.span());
  for (int const garbage : {0x00, 0x5a, 0xff}) {
    need_success(cudaMemset(workspace.data(), garbage, workspace.size()), "filling the workspace");
    for (index_t const tickets : {1, 5, 5, 1000, 1000, 100003, 1000}) {
      constexpr index_t blocks = 64;
      gpu::array<int> times(tickets), descents(1);
      times.fill_bytes(0), descents.fill_bytes(0);
      auto const counter = counter_for(on, tickets + blocks, reinterpret_cast<word*>(workspace.data()), 1);
      launch(nullptr, {blocks, 1}, &draw_all, counter, tickets, times.data(), descents.data());
      wait();
      auto const counts = times.values();
      EXPECT_EQ(std::count(counts.begin(), counts.end(), 1), tickets) << "of " << tickets << " on " << garbage;
      EXPECT_EQ(descents.values()[0], 0);
    }
  }
}

__global__ void ask_for_epochs(__grid_constant__ ticket_counter const counter, std::uint64_t* epochs) {
  auto const drawn = ticket_counter::word_t{threadIdx.x};
  epochs[threadIdx.x] = counter.epoch(drawn << ticket_counter::bits_of_replays | drawn);
}

// By the number of a replay in what a draw finds, where the counter is of replays, and by the call; none bears the mark.
TEST(cuda_published, epochs_are_of_one_run) {
  constexpr int runs = 1000;
  gpu::memory workspace(1024);
  cuda on(nullptr, workspace.span());
  gpu::array<std::uint64_t> found(runs);
  std::vector<std::uint64_t> all;
  for (int call = 0; call < 20; ++call) {
    auto counter = counter_for(on, 1000, reinterpret_cast<word*>(workspace.data()), 1);
    launch(nullptr, {1, runs}, &ask_for_epochs, counter, found.data());
    wait();
    auto const of_call = found.values();
    EXPECT_EQ(std::count(of_call.begin(), of_call.end(), of_call[0]), runs);
    counter.is_of_replays = true;
    launch(nullptr, {1, runs}, &ask_for_epochs, counter, found.data());
    wait();
    auto const of_replays = found.values();
    all.insert(all.end(), of_replays.begin(), of_replays.end());
  }
  for (std::uint64_t const epoch : all) EXPECT_EQ(epoch & mark_of_word, 0u);
  std::sort(all.begin(), all.end());
  EXPECT_EQ(std::adjacent_find(all.begin(), all.end()), all.end());
}

// The last block to come waits for all mailboxes; what it finds is what was put there.
__global__ void put_and_add_up(mailbox_view<number> const boxes, int count, number* sum) {
  auto const k = static_cast<index_t>(blockIdx.x);
  if (k < count) return boxes.publish(k, static_cast<number>(k * k + 3));
  number all = 0;
  for (index_t each = 0; each < count; ++each) all += boxes.await(each);
  *sum = all;
}

TEST(cuda_published, mailboxes_hold_what_was_put_there) {
  constexpr int count = 90;
  gpu::memory workspace(1 << 16);
  cuda on(nullptr, workspace.span());
  auto const boxes = on.mailboxes<number>(count);
  gpu::array<number> sum(1);
  launch(nullptr, {count + 1, 1}, &put_and_add_up, boxes.boxes(), count, sum.data());
  wait();
  number needed = 0;
  for (number k = 0; k < count; ++k) needed += k * k + 3;
  EXPECT_EQ(sum.values()[0], needed);
}

}  // namespace
}  // namespace ssmscan::device
