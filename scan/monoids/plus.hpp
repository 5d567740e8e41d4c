#pragma once
// Addition: the scan that is a cumulative sum.
#include <ssmscan/scan/concepts.hpp>

namespace ssmscan {

template <class T>
struct plus {
  using value_type = T;
  SSMSCAN_HOST_DEVICE constexpr value_type identity() const { return T(); }
  SSMSCAN_HOST_DEVICE constexpr value_type operator()(value_type const& earlier, value_type const& later) const {
    return static_cast<T>(earlier + later);
  }
};

}  // namespace ssmscan
