#pragma once
// What backends of the host keep values in: scratch, and mailboxes for blocks that wait for one another.
#include <atomic>
#include <limits>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include <ssmscan/scan/concepts.hpp>

namespace ssmscan {

// Memory that cannot be had, as the call reports it.
[[noreturn]] inline void refuse_memory(index_t n, std::size_t size) {
  throw std::system_error(
      std::make_error_code(std::errc::not_enough_memory),
      "scratch: got no memory; need " + std::to_string(n) + " values of " + std::to_string(size) + " bytes");
}

template <class V, class Make>
std::unique_ptr<V[]> host_values(index_t n, Make make) {
  if (n < 0 || n > std::numeric_limits<index_t>::max() / static_cast<index_t>(sizeof(V))) refuse_memory(n, sizeof(V));
  try {
    return make(static_cast<std::size_t>(n));
  } catch (std::bad_alloc const&) { refuse_memory(n, sizeof(V)); }
}

// Uninitialised values, freed with the object; none asks for no memory. Throws std::system_error (not_enough_memory), also
// where no size can count the bytes.
template <class T>
class host_scratch {
 public:
  explicit host_scratch(index_t n) {
    if (n != 0)
      values_ = host_values<T>(n, [](std::size_t count) { return std::make_unique_for_overwrite<T[]>(count); });
  }
  T* data() const { return values_.get(); }

 private:
  std::unique_ptr<T[]> values_;
};

// Thrown by a wait that is in vain: the block that was to publish has failed, or never was before the one that waits.
struct awaited_in_vain : std::logic_error {
  awaited_in_vain() : std::logic_error("a block waits for a value that no block before it will publish") {}
};

// Write-once slots, freed with the object; bodies capture boxes(). `failed`: raised where a publisher may never come; null
// where blocks run one after the other, so that what is not there when it is asked for never will be.
template <class T>
class host_mailboxes {
  struct slot {
    std::atomic<bool> published{false};
    T value;
  };

 public:
  explicit host_mailboxes(index_t n, std::shared_ptr<std::atomic<bool> const> failed = nullptr)
      : slots_(host_values<slot>(n, [](std::size_t count) { return std::make_unique<slot[]>(count); })),
        failed_(std::move(failed)) {}

  class view {
   public:
    view(slot* slots, std::atomic<bool> const* failed) : slots_(slots), failed_(failed) {}
    void publish(index_t at, T const& value) const {
      slots_[at].value = value;
      slots_[at].published.store(true, std::memory_order_release);
    }
    bool ready(index_t at) const { return slots_[at].published.load(std::memory_order_acquire); }
    T const& await(index_t at) const {
      while (!ready(at)) {
        if (failed_ == nullptr || failed_->load(std::memory_order_relaxed)) throw awaited_in_vain{};
        std::this_thread::yield();
      }
      return slots_[at].value;
    }
    // As await, where the wait is a few microseconds at most: looks that long first, as to yield costs as much.
    T const& await_soon(index_t at) const {
      constexpr int looks = 4096;
      for (int i = 0; failed_ != nullptr && i < looks && !ready(at); ++i) {}
      return await(at);
    }

   private:
    slot* slots_;
    std::atomic<bool> const* failed_;
  };
  view boxes() const { return {slots_.get(), failed_.get()}; }

 private:
  std::unique_ptr<slot[]> slots_;
  std::shared_ptr<std::atomic<bool> const> failed_;
};

}  // namespace ssmscan
