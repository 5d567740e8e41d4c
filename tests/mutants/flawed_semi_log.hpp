#pragma once
// The semi_log monoid, and what can go wrong in it. `none` is right, and must pass.
#include <algorithm>

#include <ssmscan/scan/monoids/semi_log.hpp>

namespace ssmscan::mutants {

enum class semi_log_flaw {
  none,
  sign_of_the_later,  // of a product: the later factor's in the place of both
  small_a_clamped     // a is kept from 0 by a small number, as the common log-domain codes do
};

template <semi_log_flaw Flaw, class T>
struct flawed_semi_log : semi_log<T> {
  using value_type = semi_log_map<T>;
  value_type operator()(value_type const& earlier, value_type const& later) const {
    value_type made = semi_log<T>::operator()(earlier, later);
    if (Flaw == semi_log_flaw::sign_of_the_later) made.sign = later.sign;
    return made;
  }
  static value_type step(T a, T b) {
    value_type made = semi_log<T>::step(a, b);
    if (Flaw == semi_log_flaw::small_a_clamped) made.log_a = std::max(made.log_a, std::log(T(1e-4)));
    return made;
  }
};

}  // namespace ssmscan::mutants
