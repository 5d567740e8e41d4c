// Vectors turned round, for the code of one SIMD target.
#if defined(SSMSCAN_SSM_TRANSPOSE_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef SSMSCAN_SSM_TRANSPOSE_INL
#undef SSMSCAN_SSM_TRANSPOSE_INL
#else
#define SSMSCAN_SSM_TRANSPOSE_INL
#endif

#include <hwy/highway.h>

#include <ssmscan/scan/concepts.hpp>

HWY_BEFORE_NAMESPACE();
namespace ssmscan::ssm::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// As many values from each of as many places as a vector has lanes: the k-th ones of all, to(k, vector) <- from(lane)[k]. A round
// puts every second lane of two neighbours together, so that the bits of a value's number, vector by vector, are turned round by one.
template <class D, class From, class To>
HWY_INLINE void transpose(D d, From from, To to) {
  constexpr index_t lanes = static_cast<index_t>(hn::MaxLanes(D{}));
  hn::Vec<D> all[std::size_t{lanes}];
  for (index_t k = 0; k < lanes; ++k) all[k] = hn::LoadU(d, from(k));
#if HWY_TARGET != HWY_SCALAR  // which has one lane
  if constexpr (lanes > 1) {
    for (index_t round = 1; round < lanes; round *= 2) {
      hn::Vec<D> turned[std::size_t{lanes}];
      for (index_t k = 0; k < lanes / 2; ++k) {
        turned[k] = hn::ConcatEven(d, all[2 * k + 1], all[2 * k]);
        turned[k + lanes / 2] = hn::ConcatOdd(d, all[2 * k + 1], all[2 * k]);
      }
      for (index_t k = 0; k < lanes; ++k) all[k] = turned[k];
    }
  }
#endif
  for (index_t k = 0; k < lanes; ++k) to(k, all[k]);
}

}  // namespace ssmscan::ssm::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
