#include "tests/ssm/counted_new.hpp"

#include <cstdlib>
#include <new>

namespace ssmscan::ssm::test::counted {

std::atomic<std::size_t> live{0}, most{0};

}  // namespace ssmscan::ssm::test::counted

namespace {

using ssmscan::ssm::test::counted::live, ssmscan::ssm::test::counted::most;

// The size stands in front of what is given.
void* counted(std::size_t size, std::size_t alignment) {
  std::size_t const front = alignment < sizeof(std::max_align_t) ? sizeof(std::max_align_t) : alignment;
  void* const at = std::aligned_alloc(front, (size + 2 * front - 1) / front * front);
  if (at == nullptr) throw std::bad_alloc();
  *static_cast<std::size_t*>(at) = size;
  std::size_t const now = live += size;
  for (std::size_t seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {}
  return static_cast<char*>(at) + front;
}
void uncounted(void* given, std::size_t alignment) {
  if (given == nullptr) return;
  void* const at =
      static_cast<char*>(given) - (alignment < sizeof(std::max_align_t) ? sizeof(std::max_align_t) : alignment);
  live -= *static_cast<std::size_t*>(at);
  std::free(at);
}

}  // namespace

void* operator new(std::size_t size) { return counted(size, 1); }
void* operator new(std::size_t size, std::align_val_t to) { return counted(size, static_cast<std::size_t>(to)); }
void operator delete(void* at) noexcept { uncounted(at, 1); }
void operator delete(void* at, std::size_t) noexcept { uncounted(at, 1); }
void operator delete(void* at, std::align_val_t to) noexcept { uncounted(at, static_cast<std::size_t>(to)); }
void operator delete(void* at, std::size_t, std::align_val_t to) noexcept {
  uncounted(at, static_cast<std::size_t>(to));
}
