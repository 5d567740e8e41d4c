#pragma once
// Addition: the scan that is a cumulative sum.
#include <ssmscan/scan/arithmetic.hpp>

namespace ssmscan {

template <class T>
struct plus {
  using value_type = T;
  SSMSCAN_HOST_DEVICE constexpr value_type identity() const { return T(); }
  SSMSCAN_HOST_DEVICE constexpr value_type operator()(value_type const& earlier, value_type const& later) const {
    return add(earlier, later);
  }
};

}  // namespace ssmscan
