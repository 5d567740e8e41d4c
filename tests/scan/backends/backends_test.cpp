// The four verbs of a backend, and ordered blocks: every index exactly once, waits that end, exceptions that arrive.
#include <atomic>
#include <mutex>
#include <numeric>
#include <set>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <ssmscan/scan/algorithms/look_back.hpp>
#include <ssmscan/scan/backends/openmp.hpp>
#include <ssmscan/scan/backends/serial.hpp>
#include <ssmscan/scan/monoids/plus.hpp>
#include <ssmscan/scan/scan.hpp>

namespace ssmscan {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;
#elif defined(__has_feature)
constexpr bool sanitized = __has_feature(address_sanitizer) || __has_feature(thread_sanitizer);
#else
constexpr bool sanitized = false;
#endif

// One thread, few, and more than there are cores; sizes around the shares that openmp hands out (2048).
template <class Check>
void on_every_backend(Check check) {
  {
    SCOPED_TRACE("serial");
    serial on;
    check(on);
  }
  for (int threads : {1, 2, 3, 16, 64}) {
    SCOPED_TRACE("openmp, threads = " + std::to_string(threads));
    openmp on(threads);
    check(on);
  }
}

class counters {
 public:
  explicit counters(index_t count) : times_(static_cast<std::size_t>(count)) {}
  std::atomic<int>* data() { return times_.data(); }
  bool all_once() const {
    return std::ranges::all_of(times_, [](auto const& times) { return times.load() == 1; });
  }

 private:
  std::vector<std::atomic<int>> times_;
};

TEST(backends, model_their_concepts) {
  static_assert(backend<serial> && backend<openmp>);
  static_assert(ordered_backend<serial> && ordered_backend<openmp>);
  EXPECT_EQ(serial::name, "serial");
  EXPECT_EQ(openmp::name, "openmp");
}

TEST(backends, parallel_for_visits_each_index_once) {
  int cases = 0;
  on_every_backend([&](auto& on) {
    for (extent e : {extent{0, 0},
                     {0, 5},
                     {5, 0},
                     {1, 1},
                     {1, 2047},
                     {1, 2048},
                     {1, 2049},
                     {3, 4099},
                     {7, 4096},
                     {4099, 3},
                     {100003, 1},
                     {1, 100003}}) {
      counters visited(e.lanes * e.time);
      std::atomic<int> outside{0};
      on.parallel_for(e, [=, times = visited.data(), out = &outside](index_t lane, index_t i) {
        if (lane < 0 || lane >= e.lanes || i < 0 || i >= e.time) {
          ++*out;
        } else {
          ++times[lane * e.time + i];
        }
      });
      EXPECT_TRUE(visited.all_once()) << e.lanes << " x " << e.time;
      EXPECT_EQ(outside, 0);
      ++cases;
    }
  });
  EXPECT_EQ(cases, 6 * 12);
}

TEST(backends, blocks_run_each_block_once) {
  on_every_backend([](auto& on) {
    for (index_t count : {0, 1, 2, 3, 15, 16, 17, 1000}) {
      counters plain(count), ordered(count);
      on.blocks(count, [times = plain.data()](index_t block) { ++times[block]; });
      on.ordered_blocks(count, [times = ordered.data()](index_t block) { ++times[block]; });
      EXPECT_TRUE(plain.all_once()) << count;
      EXPECT_TRUE(ordered.all_once()) << count;
    }
  });
}

// A chain through all blocks: each waits for its neighbour, so this ends only if what is earlier makes progress.
TEST(backends, ordered_blocks_may_wait_for_earlier_ones) {
  on_every_backend([](auto& on) {
    index_t constexpr count = 5000;
    auto owner = on.template mailboxes<index_t>(count);
    auto const boxes = owner.boxes();
    on.ordered_blocks(count,
                      [=](index_t block) { boxes.publish(block, block == 0 ? 0 : boxes.await(block - 1) + block); });
    for (index_t block = 0; block < count; ++block) {
      ASSERT_TRUE(boxes.ready(block));
      ASSERT_EQ(boxes.await(block), block * (block + 1) / 2);
    }
  });
}

TEST(backends, mailboxes_start_empty) {
  on_every_backend([](auto& on) {
    auto owner = on.template mailboxes<double>(100);
    for (index_t slot = 0; slot < 100; ++slot) EXPECT_FALSE(owner.boxes().ready(slot));
    EXPECT_NO_THROW(on.template mailboxes<double>(0));
  });
}

TEST(backends, scratch_holds_what_was_asked) {
  on_every_backend([](auto& on) {
    auto const values = on.template scratch<index_t>(1000);
    std::iota(values.data(), values.data() + 1000, 0);
    EXPECT_EQ(std::accumulate(values.data(), values.data() + 1000, index_t{0}), 499500);
    EXPECT_NO_THROW(on.template scratch<index_t>(0));
    if (sanitized) return;  // there memory that is refused ends the process
    auto const ask = [&] {
      void* volatile seen = on.template scratch<index_t>(std::numeric_limits<index_t>::max()).data();
      return seen != nullptr;  // what nobody looks at need not be asked for
    };
    try {
      ask();
      ADD_FAILURE() << "memory without end";
    } catch (std::system_error const& refused) { EXPECT_EQ(refused.code(), std::errc::not_enough_memory); }
  });
}

TEST(backends, openmp_takes_the_threads_it_is_given) {
  EXPECT_EQ(openmp(5).threads(), 5);
  EXPECT_GE(openmp().threads(), 1);
  EXPECT_EQ(openmp(0).threads(), openmp().threads());
  openmp on(4);  // four blocks that all wait for each other need four threads
  std::atomic<int> arrived{0};
  std::set<std::thread::id> seen;
  std::mutex guard;
  on.blocks(4, [&](index_t) {
    ++arrived;
    while (arrived < 4) std::this_thread::yield();
    std::scoped_lock const lock(guard);
    seen.insert(std::this_thread::get_id());
  });
  EXPECT_EQ(seen.size(), 4U);
}

TEST(backends, an_exception_arrives_at_the_caller) {
  on_every_backend([](auto& on) {
    auto const fail_at = [](index_t bad) {
      return [=](index_t block) {
        if (block == bad) throw std::runtime_error("block " + std::to_string(block));
      };
    };
    for (index_t bad : {0, 7, 99}) {
      try {
        on.blocks(100, fail_at(bad));
        ADD_FAILURE() << "nothing thrown";
      } catch (std::runtime_error const& e) { EXPECT_EQ(e.what(), "block " + std::to_string(bad)); }
    }
    EXPECT_THROW(on.parallel_for({50, 1000},
                                 [](index_t lane, index_t) {
                                   if (lane == 49) throw std::bad_alloc();
                                 }),
                 std::bad_alloc);
    counters after(100);  // and the backend is fit for use again
    on.ordered_blocks(100, [times = after.data()](index_t block) { ++times[block]; });
    EXPECT_TRUE(after.all_once());
  });
}

// Blocks that wait for one that failed are released, not left waiting for ever.
TEST(backends, an_exception_releases_those_who_wait) {
  for (int threads : {2, 3, 16}) {
    openmp on(threads);
    auto owner = on.mailboxes<int>(100);
    auto const boxes = owner.boxes();
    auto const chain = [=](index_t block) {
      if (block == 20) throw std::runtime_error("no value");
      boxes.publish(block, block == 0 ? 0 : boxes.await(block - 1) + 1);
    };
    EXPECT_THROW(on.ordered_blocks(100, chain), std::runtime_error);
  }
}

// Where blocks run one after the other, what is not there will not come.
TEST(backends, serial_waits_for_nothing) {
  serial on;
  auto owner = on.mailboxes<int>(1);
  EXPECT_THROW(on.ordered_blocks(2,
                                 [boxes = owner.boxes()](index_t block) {
                                   if (block == 0) boxes.await(0);
                                 }),
               awaited_in_vain);
}

// The same through a whole algorithm: a load that fails in the middle of a single-pass scan.
TEST(backends, a_failing_load_leaves_a_scan) {
  openmp on(4);
  auto const load = [](index_t, index_t t) -> int {
    if (t == 3 * chunked::length) throw std::out_of_range("t");
    return 1;
  };
  EXPECT_THROW(scan(on, look_back{}, plus<int>{}, {2, 8 * chunked::length}, load, [](index_t, index_t, int) {}),
               std::out_of_range);
}

}  // namespace
}  // namespace ssmscan
