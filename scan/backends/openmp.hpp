#pragma once
// Threads of one process. Which thread runs which body never reaches a result: trees are fixed by the algorithms. An
// exception in a body ends the handing out of bodies, releases whoever waits for a mailbox, and leaves on the caller's
// thread: the first one, once every worker has stopped. One object serves one caller at a time.
#if !defined(_OPENMP)
#error \
    "<ssmscan/scan/backends/openmp.hpp> needs OpenMP in this translation unit (-fopenmp); the compiled linear_recurrence does not"
#endif
#include <algorithm>
#include <atomic>
#include <exception>
#include <memory>

#include <omp.h>

#include <ssmscan/scan/concepts.hpp>
#include <ssmscan/scan/detail/integers.hpp>
#include <ssmscan/scan/host_memory.hpp>

namespace ssmscan {

class openmp {
 public:
  static constexpr std::string_view name = "openmp";

  // `threads`: 0 = as many as OpenMP would use.
  explicit openmp(int threads = 0) : threads_(threads_for(threads)) {}
  static int threads_for(int threads) { return threads > 0 ? threads : omp_get_max_threads(); }
  int threads() const { return threads_; }

  // Contiguous shares of the flattened index; fewer threads where a share would be smaller than a fork and join is
  // worth.
  template <class Body>
  void parallel_for(extent e, Body body) {
    index_t const total = e.lanes * e.time;
    index_t const workers = std::clamp<index_t>(total / least_share, 1, threads_);
    parallel(workers, [&](index_t worker) {
      index_t i = detail::share_begin(total, workers, worker);
      index_t const end = detail::share_begin(total, workers, worker + 1);
      while (i < end) {
        index_t const lane = i / e.time;
        index_t const first = i - lane * e.time;
        index_t const last = std::min(e.time, first + (end - i));
        for (index_t k = first; k < last; ++k) body(lane, k);
        i += last - first;
      }
    });
  }

  // Blocks are handed out one by one, as workers become free. No more blocks than threads: each goes to the thread of its number, so
  // that from call to call a core finds in its caches what it had.
  template <class Body>
  void blocks(index_t count, Body body) {
    if (count <= 1 || threads_ <= 1) {  // as serial does: a short call has no time for more
      for (index_t block = 0; block < count; ++block) body(block);
      return;
    }
    if (count <= threads_) return parallel(count, body);
    auto const failed = this->failed();
    std::atomic<index_t> ticket{0};
    parallel(std::min<index_t>(count, threads_), [&](index_t) {
      for (index_t block = ticket++; block < count && !failed->load(std::memory_order_relaxed); block = ticket++)
        body(block);
    });
  }

  // Tickets are drawn in order, and a thread runs its own blocks in order: a block waits only for blocks that are running.
  template <class Body>
  void ordered_blocks(index_t count, Body body) {
    blocks(count, body);
  }

  template <class T>
  host_scratch<T> scratch(index_t n) {
    return host_scratch<T>(n);
  }

  template <class T>
  host_mailboxes<T> mailboxes(index_t n) {
    return host_mailboxes<T>(n, failed());
  }

 private:
  static constexpr index_t least_share =
      2048;  // bodies of a few nanoseconds against a fork and join of a few microseconds

  template <class Body>
  void parallel(index_t workers, Body const& body) {
    if (workers <= 1) return body(index_t{0});
    auto const failed = this->failed();
    failed->store(false, std::memory_order_relaxed);
    std::exception_ptr first;
#pragma omp parallel num_threads(static_cast <int>(workers))
    try {
      for (index_t w = omp_get_thread_num(); w < workers && !failed->load(std::memory_order_relaxed);
           w += omp_get_num_threads())
        body(w);
    } catch (...) {
      if (!failed->exchange(true)) first = std::current_exception();
    }
    if (first) std::rethrow_exception(first);
  }

  // Made for who first needs it: one worker alone does not.
  std::shared_ptr<std::atomic<bool>> const& failed() {
    if (!failed_) failed_ = std::make_shared<std::atomic<bool>>(false);
    return failed_;
  }

  int threads_;
  std::shared_ptr<std::atomic<bool>> failed_;
};

}  // namespace ssmscan
