#pragma once
// The greatest so far. Exactly associative, as it only ever returns one of its operands:
//   NaN propagates: the earlier of two NaNs is kept, payload and all, so that the first of a sequence is the result;
//   +0 is greater than -0 (IEEE 754-2019 `maximum`).
#include <cmath>
#include <concepts>
#include <limits>

#include <ssmscan/scan/concepts.hpp>

namespace ssmscan {

template <class T>
requires std::integral<T> || std::floating_point<T>
struct maximum {
  using value_type = T;

  SSMSCAN_HOST_DEVICE constexpr value_type identity() const {
    if constexpr (std::floating_point<T>) {
      return -std::numeric_limits<T>::infinity();
    } else {
      return std::numeric_limits<T>::lowest();
    }
  }

  SSMSCAN_HOST_DEVICE constexpr value_type operator()(value_type earlier, value_type later) const {
    if constexpr (std::floating_point<T>) {
      if (std::isnan(earlier)) return earlier;
      if (std::isnan(later)) return later;
      if (earlier == later) return std::signbit(earlier) ? later : earlier;  // differ at most in the sign of zero
    }
    return earlier < later ? later : earlier;
  }
};

}  // namespace ssmscan
