#pragma once
// Packed sequences on a device: where each starts, and which one a step belongs to, made from offsets or a reset mask by
// kernels, in the workspace, time running up. Whatever the offsets hold, what is made of them is inside its bounds.
#include <ssmscan/scan/backends/cuda/arena.hpp>
#include <ssmscan/scan/backends/cuda/kernel_table.hpp>
#include <ssmscan/scan/backends/cuda/packed_starts.hpp>
#include <ssmscan/scan/detail/integers.hpp>

namespace ssmscan::detail {

// Fills heads (time + 1) and offsets (sequences + 1; none where no state is asked for).
template <class B>
void lay_out(B& on, device_packing const& given, index_t time, std::uint8_t* heads, std::span<index_t> offsets);

// The heads as bits, for forms that read them from words: (time + 1) of them in words_of_bits(time), zeros behind.
inline constexpr index_t words_of_bits(index_t time) { return (time / 128 + 1) * 4; }
template <class B>
void lay_out_bits(B& on, device_packing const& given, index_t time, std::uint32_t* bits);

// The same by pieces: as many records as there are pieces, in one launch where offsets are given. offsets: none where no state is
// asked for. later (starts_by_piece): null where that is not asked for.
template <class B>
void lay_out_pieces(B& on, device_packing const& given, index_t time, std::span<starts_of_piece> pieces,
                    std::span<index_t> offsets, std::uint16_t* later = nullptr);

// Offsets alone, from offsets.
template <class B>
void lay_out_offsets(B& on, device_packing const& given, index_t time, std::span<index_t> offsets);

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

inline offset_of offsets_in(device_packing const& given, index_t time) {
  return {given.offsets.data(), given.sequences, time, given.direction == direction::reverse};
}

// For forms that find the starts in the list of offsets where it is short: then nothing is launched before them, but where
// states are asked for. A long list, and a mask, become bits, or pieces where states are asked for, as those are found by them.
template <class B>
class packed_starts {
 public:
  packed_starts(B& on, device_packing const& given, index_t time, bool with_states)
      : listed_(given.offsets.data() != nullptr && given.sequences <= time / steps_of_listed),
        bits_(on.template scratch<std::uint32_t>(listed_ || with_states ? 0 : words_of_bits(time))),
        count_of_pieces_(listed_ || !with_states ? 0 : ceil_div(time, starts_of_piece::steps)),
        pieces_(on.template scratch<starts_of_piece>(count_of_pieces_)),
        count_(with_states ? given.sequences + 1 : 0),
        offsets_(on.template scratch<index_t>(count_)) {
    if (listed_) {
      starts_.offsets = offsets_in(given, time);
      if (with_states) lay_out_offsets(on, given, time, offsets());
    } else if (with_states) {
      starts_.pieces = pieces_.data();
      lay_out_pieces(on, given, time, {pieces_.data(), static_cast<std::size_t>(count_of_pieces_)}, offsets());
    } else {
      starts_.bits = bits_.data();
      lay_out_bits(on, given, time, bits_.data());
    }
  }
  sequence_starts const& starts() const { return starts_; }
  std::span<index_t> offsets() const { return {offsets_.data(), static_cast<std::size_t>(count_)}; }

 private:
  bool listed_;
  arena_array<std::uint32_t> bits_;
  index_t count_of_pieces_;
  arena_array<starts_of_piece> pieces_;
  index_t count_;
  arena_array<index_t> offsets_;
  sequence_starts starts_{};
};

// For forms that go by pieces; whether they ask which sequence each step is of.
enum class steps_told { no, yes };
template <class B, steps_told Steps>
class packed_pieces {
 public:
  packed_pieces(B& on, device_packing const& given, index_t time, bool with_states)
      : count_of_pieces_(ceil_div(time, starts_of_piece::steps)),
        pieces_(on.template scratch<starts_of_piece>(count_of_pieces_)),
        count_(with_states ? given.sequences + 1 : 0),
        offsets_(on.template scratch<index_t>(count_)),
        tells_steps_(with_states && Steps == steps_told::yes),
        later_(on.template scratch<std::uint16_t>(tells_steps_ ? count_of_pieces_ * starts_of_piece::steps : 0)) {
    lay_out_pieces(on, given, time, {pieces_.data(), static_cast<std::size_t>(count_of_pieces_)}, offsets(),
                   later_of_steps());
  }
  starts_by_piece starts() const { return {pieces_.data(), later_of_steps()}; }
  std::span<index_t> offsets() const { return {offsets_.data(), static_cast<std::size_t>(count_)}; }

 private:
  std::uint16_t* later_of_steps() const { return tells_steps_ ? later_.data() : nullptr; }

  index_t count_of_pieces_;
  arena_array<starts_of_piece> pieces_;
  index_t count_;
  arena_array<index_t> offsets_;
  bool tells_steps_;
  arena_array<std::uint16_t> later_;
};

}  // namespace ssmscan::detail
