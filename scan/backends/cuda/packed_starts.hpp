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

// Of the two, bits where there are any: one for each step and one more, set where a sequence starts or all ends.
struct sequence_starts {
  offset_of offsets{};
  std::uint32_t const* bits = nullptr;
};

}  // namespace ssmscan::detail
