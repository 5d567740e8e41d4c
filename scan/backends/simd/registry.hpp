#pragma once
// THE list of what linear_recurrence offers in the caller's memory: scan/registry.hpp, with a tuned form in the place of a
// text where there is one, and the text beside it as NAME.textbook.
//
// A tuned form is a type of its own in scan/backends/simd/NAME.hpp: it derives from the text, which it names, and has
//
//   using text = ssmscan::NAME;
//   static void solve(B& on, affine<T> const&, detail::recurrence_problem<T> const& problem);
//
// for what it is tuned for, the affine monoid of every dtype at least; anything else runs by the text, of which the tree is the
// same. chunked and look_back have semi_log tuned too, by a tree of its own, and heinsen_fused has a tree of its own, and its text
// with it. A row of capabilities() says what is true of what runs.
#include <ssmscan/scan/backends/simd/chunked.hpp>
#include <ssmscan/scan/backends/simd/heinsen_fused.hpp>
#include <ssmscan/scan/backends/simd/look_back.hpp>
#include <ssmscan/scan/backends/simd/sequential.hpp>
#include <ssmscan/scan/registry.hpp>

namespace ssmscan::simd {

// "NAME.textbook".
template <algorithm A>
struct textbook : A {
  static constexpr algorithm_info info = [] {
    algorithm_info made = A::info;
    made.variant = "textbook";
    return made;
  }();
};

using algorithms =
    type_list<sequential, hillis_steele, blelloch, chunked, heinsen, heinsen_fused, heinsen_plain, look_back,
              textbook<ssmscan::sequential>, textbook<ssmscan::chunked>, textbook<ssmscan::look_back>>;

// What heinsen can be given instead of its default: its sums are of another monoid, so the texts.
using inner_algorithms =
    type_list<ssmscan::sequential, ssmscan::hillis_steele, ssmscan::blelloch, ssmscan::chunked, ssmscan::look_back>;

// Nothing of scan/registry.hpp is missing here.
static_assert([] {
  bool complete = true;
  ssmscan::algorithms::for_each([&]<class A>(std::type_identity<A>) {
    bool found = false;
    algorithms::for_each([&]<class Offered>(std::type_identity<Offered>) {
      found |= Offered::info.name == A::info.name && Offered::info.variant == A::info.variant;
    });
    complete &= found;
  });
  return complete;
}());

}  // namespace ssmscan::simd
