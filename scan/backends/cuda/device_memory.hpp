#pragma once
// Device memory for as long as an object lives, copied to and fro with waiting. Plain C++.
#include <cstddef>
#include <span>

namespace ssmscan::detail {

// Throws std::system_error of category "cuda" where CUDA refuses.
class device_memory {
 public:
  explicit device_memory(std::size_t bytes);
  device_memory(device_memory const&) = delete;
  device_memory& operator=(device_memory const&) = delete;
  ~device_memory();
  std::byte* data() const { return data_; }
  std::span<std::byte> span() const { return {data_, bytes_}; }
  void put(void const* from);
  void fill(int byte);
  void take(void* to) const;

 private:
  std::size_t bytes_;
  std::byte* data_ = nullptr;
};

}  // namespace ssmscan::detail
