// One step of the selective scan in vectors, for the code of one SIMD target.
#if defined(SSMSCAN_SSM_SELECTIVE_STEP_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef SSMSCAN_SSM_SELECTIVE_STEP_INL
#undef SSMSCAN_SSM_SELECTIVE_STEP_INL
#else
#define SSMSCAN_SSM_SELECTIVE_STEP_INL
#endif

#include <hwy/highway.h>

#include <ssmscan/ssm/selective_scan.hpp>
#include <ssmscan/ssm/simd/numbers-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace ssmscan::ssm::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// a and b / B of one state. Input: a number, or real where b / B is.
template <class Number, class Input>
struct discretized {
  Number a;
  Input input;
};

// Whatever the lanes are: channels, or steps of time. The same operations, so the same bits. A: real or complex.
template <selective_rule Rule, class D, class V, class Number>
HWY_INLINE auto discrete(D d, V step, V step_u, V u, Number A) {
  Number const v = times(d, step, A);
  if constexpr (Rule == selective_rule::mamba) {
    return discretized<Number, V>{exp(d, v), step_u};
  } else if constexpr (Rule == selective_rule::zoh) {
    Number a;
    Number const grown = expm1(d, v, a);
    return discretized<Number, Number>{a, times(d, u, or_its_limit(d, A, v, step, over(d, grown, divisor_of(d, A))))};
  } else {
    Number const half = times(d, hn::Set(d, hn::TFromD<D>(0.5)), v);
    auto const below = divisor_of(d, one_less(d, half));
    return discretized<Number, Number>{over(d, one_plus(d, half), below), times(d, u, over(d, step, below))};
  }
}

}  // namespace ssmscan::ssm::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
