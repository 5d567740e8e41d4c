#pragma once
// Arrays that begin at a cache line, so that no vector lies across two, and threads share none.
#include <cstddef>
#include <new>
#include <vector>

namespace ssmscan::ssm::detail {

template <class T>
struct line_allocator {
  using value_type = T;
  static constexpr std::align_val_t line{64};
  line_allocator() = default;
  template <class U>
  line_allocator(line_allocator<U> const&) {}
  T* allocate(std::size_t count) { return static_cast<T*>(::operator new(count * sizeof(T), line)); }
  void deallocate(T* at, std::size_t) { ::operator delete(at, line); }
  friend bool operator==(line_allocator const&, line_allocator const&) { return true; }
};
template <class T>
using line_vector = std::vector<T, line_allocator<T>>;

}  // namespace ssmscan::ssm::detail
