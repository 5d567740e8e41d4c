#pragma once
// The caller's workspace, handed out from its beginning and taken back from its end: what is asked for lives as long as
// the object that asked, in the order of a stack. Nothing is allocated. The same arithmetic with no memory behind it
// finds how much memory is needed.
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include <ssmscan/scan/concepts.hpp>
#include <ssmscan/scan/error.hpp>

namespace ssmscan {

// Of the workspace and of every piece of it: what cudaMalloc gives, and more than any vector load needs.
inline constexpr std::size_t workspace_alignment = 256;

class arena {
 public:
  // Of memory; too small a one says so when it is asked for more than it has.
  explicit arena(std::span<std::byte> memory) : data_(memory.data()), size_(memory.size()), is_measured_(false) {
    if (reinterpret_cast<std::uintptr_t>(memory.data()) % workspace_alignment != 0)
      throw_invalid("workspace", "an address that is no multiple of " + std::to_string(workspace_alignment),
                    "memory aligned as cudaMalloc aligns it");
  }
  // Of no memory: counts.
  arena() = default;

  // The most that was taken at any time, so far.
  std::size_t needed() const { return needed_; }

 private:
  template <class T>
  friend class arena_array;

  std::byte* take(index_t n, std::size_t size) {
    std::size_t bytes = 0, end = 0;
    if (n < 0 || __builtin_mul_overflow(static_cast<std::size_t>(n), size, &bytes) ||
        __builtin_add_overflow(bytes, workspace_alignment - 1, &bytes) ||
        __builtin_add_overflow(used_, bytes / workspace_alignment * workspace_alignment, &end))
      throw_invalid("workspace", std::to_string(n) + " values of " + std::to_string(size) + " bytes to hold",
                    "a number of bytes that 64 bits can count");
    if (!is_measured_ && end > size_)
      throw_invalid("workspace", std::to_string(size_) + " bytes",
                    "at least " + std::to_string(end) + " (workspace_bytes says how many in all)");
    std::byte* const begin = is_measured_ ? nullptr : data_ + used_;
    used_ = end;
    needed_ = used_ > needed_ ? used_ : needed_;
    return begin;
  }

  std::byte* data_ = nullptr;
  std::size_t size_ = 0, used_ = 0, needed_ = 0;
  bool is_measured_ = true;
};

// n uninitialised values in an arena, given back with the object.
template <class T>
class arena_array {
  static_assert(std::is_trivially_copyable_v<T>, "memory of a device holds trivially copyable values only");

 public:
  arena_array(arena& of, index_t n) : of_(of), before_(of.used_), data_(reinterpret_cast<T*>(of.take(n, sizeof(T)))) {}
  arena_array(arena_array const&) = delete;
  arena_array& operator=(arena_array const&) = delete;
  ~arena_array() { of_.used_ = before_; }

  T* data() const { return data_; }

 private:
  arena& of_;
  std::size_t before_;
  T* data_;
};

}  // namespace ssmscan
