#pragma once
// The semi_log monoid, and what can go wrong in it. `none` is right, and must pass.
#include <ssmscan/scan/monoids/semi_log.hpp>

namespace ssmscan::mutants {

enum class semi_log_flaw {
  none,
  sign_of_the_later,    // of a product: the later factor's in the place of both
  logarithm_of_product  // a is multiplied and its logarithm taken anew: the drift is back that sums of logarithms avoid
};

template <semi_log_flaw Flaw, class T>
struct flawed_semi_log : semi_log<T> {
  using value_type = semi_log_map<T>;
  value_type operator()(value_type const& earlier, value_type const& later) const {
    value_type made = semi_log<T>::operator()(earlier, later);
    if (Flaw == semi_log_flaw::sign_of_the_later) made.sign = later.sign;
    if (Flaw == semi_log_flaw::logarithm_of_product)
      made.log_a = std::log(std::exp(earlier.log_a) * std::exp(later.log_a));
    return made;
  }
};

}  // namespace ssmscan::mutants
