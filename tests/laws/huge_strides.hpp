#pragma once
// Strides beyond 2^32 elements, in each axis, in memory that is reserved but never filled: an index or an offset that
// passes through 32 bits lands in another place of it.
#include <stdexcept>

#include "tests/laws/data.hpp"
#include "tests/laws/verdict.hpp"
#include <sys/mman.h>

namespace ssmscan::laws {

// Zeroed memory of which only the pages in use exist.
class reserved_memory {
 public:
  explicit reserved_memory(std::size_t bytes)
      : bytes_(bytes),
        data_(mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)) {
    if (data_ == MAP_FAILED) throw std::runtime_error("no address space for " + std::to_string(bytes) + " bytes");
  }
  reserved_memory(reserved_memory const&) = delete;
  ~reserved_memory() { munmap(data_, bytes_); }
  template <class T>
  T* as() const {
    return static_cast<T*>(data_);
  }

 private:
  std::size_t bytes_;
  void* data_;
};

template <class T>
verdict huge_strides_law(subject<T> const& s) {
  constexpr index_t far = (index_t{1} << 32) + 40;  // truncated to 32 bits: 40 elements, still in the memory
  constexpr index_t near = 9;
  struct at {
    tensor_shape shape, stride;
  };
  at const axes[] = {{{3, 2, 4}, {far, 4, 1}}, {{2, 3, 4}, {4, far, 1}}, {{2, 2, 3}, {near, 4, far}}};
  // a, b and x beside each other, each with room for the near strides.
  constexpr index_t room = 1000;
  reserved_memory const memory(static_cast<std::size_t>(2 * far + 3 * room) * sizeof(T));
  verdict found;
  for (at const& lie : axes)
    for (direction const d : all_directions) {
      tensor_shape const shape = lie.shape, stride = lie.stride;
      index_t const lanes = shape.batch * shape.channel;
      auto const dense = random_sequences<T>(18, lanes, shape.time, initial_state::absent);
      tensor_view<T> const a(memory.as<T>(), shape, stride), b(memory.as<T>() + room, shape, stride),
          x(memory.as<T>() + 2 * room, shape, stride);
      auto const each = [&](auto const& visit) {
        std::size_t i = 0;
        for (index_t batch = 0; batch < shape.batch; ++batch)
          for (index_t channel = 0; channel < shape.channel; ++channel)
            for (index_t t = 0; t < shape.time; ++t) visit(batch, channel, t, i++);
      };
      each([&](index_t batch, index_t channel, index_t t, std::size_t i) {
        a(batch, channel, t) = dense.a[i], b(batch, channel, t) = dense.b[i], x(batch, channel, t) = poison<T>();
      });
      recurrence<T> problem;
      problem.a = a, problem.b = b, problem.x = x, problem.direction = d;
      s.run(problem, 0);
      outcome<T> got = call(s, dense, d);
      auto const needed = got.x;
      each([&](index_t batch, index_t channel, index_t t, std::size_t i) { got.x[i] = x(batch, channel, t); });
      found.add(difference("x", needed, got.x), [&] { return place(s, shape.time, d) + ", strides beyond 2^32"; });
      if (!found.holds()) return found;
    }
  return found;
}

inline constexpr index_t huge_strides_cases = 3 * 2;

}  // namespace ssmscan::laws
