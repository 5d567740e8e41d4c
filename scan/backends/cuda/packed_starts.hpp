#pragma once
// Where packed sequences start, as a kernel asks for it: by the list of offsets itself, or by bits made from it before.
#include <cstdint>

#include <ssmscan/scan/arithmetic.hpp>
#include <ssmscan/scan/concepts.hpp>

namespace ssmscan::detail {

// Any value becomes a position, the first 0 and the last `time`: a search in them ends inside, sorted or not.
struct offset_of {
  index_t const* values;
  index_t sequences, time;
  bool mirrored;
  SSMSCAN_HOST_DEVICE index_t operator()(index_t k) const {
    index_t const value = mirrored ? time - values[sequences - k] : values[k];
    index_t const inside = value < 0 ? 0 : value > time ? time : value;
    return k == 0 ? 0 : k == sequences ? time : inside;
  }
};

// So many steps of a sequence, on average, or more, and the list of offsets is searched by whoever has a tile: a search takes longer
// than copying bits, and a shorter list has the answer in fewer looks.
inline constexpr index_t steps_of_listed = 16384;

// For forms that go by pieces of 256 steps, a record for each, copied 16 bytes at a time: where sequences start in it, and which ones.
struct alignas(16) starts_of_piece {
  static constexpr int steps = 256, words = steps / 32, run = 16, runs = steps / run;
  // Marks: the step behind the piece is such a one, as if bits went on; and a bit for each run of 16 steps in which one starts.
  static constexpr std::uint32_t behind = 1;
  static constexpr int first_run = 16;

  std::uint32_t bits[words + 1];  // steps at which a sequence starts, or all ends; behind them the marks
  // Only where states are asked for: which sequence holds the first step, and how many later the one is that holds the first step of
  // a run, and the last of the piece; a bit for each run whose other steps' sequences follow that one, none of them empty. Else
  // they are searched for.
  std::uint16_t in_order, last_later;
  index_t sequence;
  std::uint16_t later[runs];
  static constexpr index_t most_later = 0xffff;  // or more

  SSMSCAN_HOST_DEVICE std::uint32_t marks() const { return bits[words]; }
  // Of 32 steps, the first of them `word` times 32 and not beyond `time`.
  SSMSCAN_HOST_DEVICE static std::uint32_t bits_of(starts_of_piece const* pieces, index_t word, index_t time) {
    if (word % words == 0 && word * 32 == time) return pieces[word / words - 1].marks() & behind;
    return pieces[word / words].bits[word % words];
  }
};

// Of the three, pieces or bits where there are any: bits are one for each step and one more, set where a sequence starts or all ends.
struct sequence_starts {
  offset_of offsets{};
  std::uint32_t const* bits = nullptr;
  starts_of_piece const* pieces = nullptr;
};

struct starts_by_piece {
  starts_of_piece const* pieces = nullptr;
  // For each step, how many later than the first of its piece its sequence is, most_later or more alike: where a form asks for that, and
  // states are asked for.
  std::uint16_t const* later = nullptr;
};

}  // namespace ssmscan::detail
