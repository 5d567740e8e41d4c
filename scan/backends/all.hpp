#pragma once
// Every backend of scan/registry.hpp, defined: whoever folds over `backends` includes this. Of one that is only declared,
// `supports` would say no, and the fold pass over it without a word.
#include <ssmscan/scan/backends/openmp.hpp>
#include <ssmscan/scan/backends/serial.hpp>
#include <ssmscan/scan/registry.hpp>

namespace ssmscan::detail {

template <class... B>
constexpr bool all_defined(type_list<B...>) {
  return (backend<B> && ...);
}
static_assert(all_defined(backends{}), "a backend of scan/registry.hpp is not included here");

}  // namespace ssmscan::detail
