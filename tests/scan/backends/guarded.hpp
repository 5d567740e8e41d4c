#pragma once
// Where the tests of the SIMD targets have their numbers: apart in memory, or between guards at any place of a line, into which
// is written one way or the other.
#include <algorithm>
#include <cstdlib>
#include <vector>

#include <ssmscan/scan/backends/simd/chunk.hpp>

namespace ssmscan::simd {

// Values in memory `stride` apart, first to last in time; 0: one for all.
template <class T>
struct strided {
  std::vector<T> memory;
  T* first;
  strided(std::vector<T> const& values, index_t stride)
      : memory(static_cast<std::size_t>(std::abs(stride) * (std::ssize(values) - 1) + 1)),
        first(memory.data() + (stride < 0 ? std::ssize(memory) - 1 : 0)) {
    for (std::size_t i = 0; i < values.size(); ++i) first[static_cast<index_t>(i) * stride] = values[i];
  }
};

// Room for n numbers `offset` numbers past a line of memory, with guards on both sides.
template <class T>
class guarded {
 public:
  guarded(index_t n, index_t offset) : n_(n), memory_(static_cast<std::size_t>(n + 4 * line), T(77)) {
    auto const address = reinterpret_cast<std::uintptr_t>(memory_.data());
    auto const to_line = static_cast<index_t>((64 - address % 64) % 64 / sizeof(T));
    begin_ = line + to_line + offset % line;
  }
  T* data() { return memory_.data() + begin_; }
  bool guards_hold() const {
    auto const is_guard = [](T x) { return x == T(77); };
    return std::all_of(memory_.begin(), memory_.begin() + begin_, is_guard) &&
           std::all_of(memory_.begin() + begin_ + n_, memory_.end(), is_guard);
  }

 private:
  static constexpr index_t line = 64 / static_cast<index_t>(sizeof(T));
  index_t n_, begin_;
  std::vector<T> memory_;
};

// Past the cache, whole lines are written from wherever x begins.
struct writing {
  write how;
  index_t offset;  // numbers from the begin of a line
};
constexpr writing every_writing[] = {{write::through_the_cache, 0}, {write::through_the_cache, 3},
                                     {write::past_the_cache, 0},    {write::past_the_cache, 1},
                                     {write::past_the_cache, 2},    {write::past_the_cache, 7},
                                     {write::past_the_cache, 15}};

}  // namespace ssmscan::simd
