#pragma once
// Which trees a backend must take: every one, but look_back where its blocks run in order only (concepts.hpp). Not what
// `supports` says: what it has to say.
#include <ssmscan/scan/backends/all.hpp>

namespace ssmscan::tests {

template <class A, class B>
inline constexpr bool must_take = A::info.result != result_class::reformulates &&
                                  (ordered_backend<B> || A::info.name != look_back::info.name);

// How many (tree, backend) there are of a list of algorithms.
template <class Algorithms>
index_t trees_on_backends() {
  index_t needed = 0;
  Algorithms::for_each([&]<class A>(std::type_identity<A>) {
    backends::for_each([&]<class B>(std::type_identity<B>) { needed += must_take<A, B>; });
  });
  return needed;
}

}  // namespace ssmscan::tests
