#pragma once
// Packed sequences on a device: where each starts, and which one a step belongs to, made from offsets or a reset mask by
// kernels, in the workspace, time running up. Whatever the offsets hold, what is made of them is inside its bounds.
#include <ssmscan/scan/backends/cuda/arena.hpp>
#include <ssmscan/scan/backends/cuda/kernel_table.hpp>

namespace ssmscan::detail {

// Fills heads (time + 1) and offsets (sequences + 1; none where no state is asked for).
template <class B>
void lay_out(B& on, device_packing const& given, index_t time, std::uint8_t* heads, std::span<index_t> offsets);

// The heads as bits, for forms that read them from words, 16 bytes at a time: (time + 1) of them in words_of_bits(time),
// zeros behind.
inline constexpr index_t words_of_bits(index_t time) { return (time / 128 + 1) * 4; }
template <class B>
void lay_out_bits(B& on, device_packing const& given, index_t time, std::uint32_t* bits, std::span<index_t> offsets);

// Writes the states of the sequences without steps.
template <class B, class T>
void finish_empty_sequences(B& on, recurrence_problem<T> const& problem, index_t sequences);

// In the workspace for as long as the object lives.
template <class B>
class packed_sequences {
 public:
  packed_sequences(B& on, device_packing const& given, index_t time)
      : heads_(on.template scratch<std::uint8_t>(time + 1)),
        sequences_(given.sequences),
        offsets_(on.template scratch<index_t>(sequences_ + 1)) {
    lay_out(on, given, time, heads_.data(), offsets());
  }
  std::uint8_t const* heads() const { return heads_.data(); }
  std::span<index_t> offsets() const { return {offsets_.data(), static_cast<std::size_t>(sequences_ + 1)}; }

 private:
  arena_array<std::uint8_t> heads_;
  index_t sequences_;
  arena_array<index_t> offsets_;
};

// The same with bits for heads.
template <class B>
class packed_bits {
 public:
  packed_bits(B& on, device_packing const& given, index_t time)
      : bits_(on.template scratch<std::uint32_t>(words_of_bits(time))),
        sequences_(given.sequences),
        offsets_(on.template scratch<index_t>(sequences_ + 1)) {
    lay_out_bits(on, given, time, bits_.data(), offsets());
  }
  std::uint32_t const* bits() const { return bits_.data(); }
  std::span<index_t> offsets() const { return {offsets_.data(), static_cast<std::size_t>(sequences_ + 1)}; }

 private:
  arena_array<std::uint32_t> bits_;
  index_t sequences_;
  arena_array<index_t> offsets_;
};

}  // namespace ssmscan::detail
