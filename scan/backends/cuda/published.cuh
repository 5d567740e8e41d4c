#pragma once
// Values that blocks publish to one another while a kernel runs. A value travels in 16-byte words, 8 of it and 8 of the
// run's epoch; a word is written and read whole, so that a reader who finds this run's epoch has the value of this run: no
// flag to order against, and no fence. Epochs are even: the lowest bit is a mark that the value may carry.
#include <cstdint>
#include <cstring>

namespace ssmscan::device {

struct alignas(16) word {
  std::uint64_t value, epoch;
};

template <class V>
inline constexpr int words_of = (sizeof(V) + 7) / 8;

inline constexpr std::uint64_t mark_of_word = 1;

// Of a line of the second-level cache. 32 lanes look at four lines, or at five where the first word begins none; and what a look takes
// is what the slowest line does.
inline constexpr int words_of_line = 128 / static_cast<int>(sizeof(word));

template <class V>
__device__ void publish(word* slot, V const& v, bool marked, std::uint64_t epoch) {
  std::uint64_t parts[words_of<V>] = {};
  std::memcpy(parts, &v, sizeof(V));
  std::uint64_t const tag = epoch | (marked ? mark_of_word : 0);
#pragma unroll
  for (int k = 0; k < words_of<V>; ++k)
    asm volatile("{ .reg .b128 t; mov.b128 t, {%1, %2}; st.relaxed.gpu.global.b128 [%0], t; }" ::"l"(slot + k),
                 "l"(parts[k]), "l"(tag)
                 : "memory");
}

// What stands in a slot at the moment; ready when all of its words are of this run.
template <class V>
struct reading {
  word words[words_of<V>];

  __device__ void look(word const* slot) {
#pragma unroll
    for (int k = 0; k < words_of<V>; ++k)
      asm volatile("{ .reg .b128 t; ld.relaxed.gpu.global.b128 t, [%2]; mov.b128 {%0, %1}, t; }"
                   : "=l"(words[k].value), "=l"(words[k].epoch)
                   : "l"(slot + k)
                   : "memory");
  }
  __device__ bool ready(std::uint64_t epoch) const {
    bool all = true;
#pragma unroll
    for (int k = 0; k < words_of<V>; ++k) all &= (words[k].epoch & ~mark_of_word) == epoch;
    return all;
  }
  __device__ bool marked() const { return (words[0].epoch & mark_of_word) != 0; }
  __device__ V value() const {
    std::uint64_t parts[words_of<V>];
#pragma unroll
    for (int k = 0; k < words_of<V>; ++k) parts[k] = words[k].value;
    V v;
    std::memcpy(static_cast<void*>(&v), parts, sizeof(V));
    return v;
  }
};

}  // namespace ssmscan::device
