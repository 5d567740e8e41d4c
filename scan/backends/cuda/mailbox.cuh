#pragma once
// Write-once slots in device memory, by which blocks that run at the same time pass values on. The value is written
// before its flag is released, and read after its flag was acquired, both at the scope of the device.
#include <cuda/atomic>

#include <ssmscan/scan/backends/cuda/arena.hpp>

namespace ssmscan {

template <class T>
class mailbox_view {
 public:
  mailbox_view(T* values, std::uint32_t* published) : values_(values), published_(published) {}

  SSMSCAN_HOST_DEVICE void publish(index_t slot, T const& value) const {
    values_[slot] = value;
    flag(slot).store(1, ::cuda::std::memory_order_release);
  }
  SSMSCAN_HOST_DEVICE bool ready(index_t slot) const { return flag(slot).load(::cuda::std::memory_order_acquire) != 0; }
  SSMSCAN_HOST_DEVICE T await(index_t slot) const {
    while (!ready(slot)) {}
    return values_[slot];
  }

 private:
  SSMSCAN_HOST_DEVICE auto flag(index_t slot) const {
    return ::cuda::atomic_ref<std::uint32_t, ::cuda::thread_scope_device>(published_[slot]);
  }

  T* values_;
  std::uint32_t* published_;
};

// n empty slots in an arena; clear(begin, bytes) empties them, before what comes later on the stream.
template <class T>
class mailbox_array {
 public:
  template <class Clear>
  mailbox_array(arena& of, index_t n, Clear const& clear) : values_(of, n), published_(of, n) {
    clear(published_.data(), static_cast<std::size_t>(n) * sizeof(std::uint32_t));
  }
  mailbox_view<T> boxes() const { return {values_.data(), published_.data()}; }

 private:
  arena_array<T> values_;
  arena_array<std::uint32_t> published_;
};

}  // namespace ssmscan
