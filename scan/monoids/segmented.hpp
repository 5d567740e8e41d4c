#pragma once
// Any monoid, lifted to packed sequences: each value carries a flag "a sequence starts here", and what is earlier than
// a start is dropped, not multiplied by zero, so that NaN and infinity cannot cross a boundary (Schwartz 1980, Blelloch
// 1990).
#include <ssmscan/scan/concepts.hpp>

namespace ssmscan {

enum class boundary : std::uint8_t { inside, start };

template <class Value>
struct segmented_value {
  Value value;
  boundary at;
  friend bool operator==(segmented_value const&, segmented_value const&) = default;
};

template <monoid M>
struct segmented {
  using base = M;
  using value_type = segmented_value<typename M::value_type>;
  M combine{};

  SSMSCAN_HOST_DEVICE constexpr value_type identity() const { return {combine.identity(), boundary::inside}; }
  SSMSCAN_HOST_DEVICE constexpr value_type operator()(value_type const& earlier, value_type const& later) const {
    if (later.at == boundary::start) return later;
    return {combine(earlier.value, later.value), earlier.at};
  }
};

}  // namespace ssmscan
