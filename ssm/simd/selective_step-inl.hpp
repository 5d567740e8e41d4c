// One step of the selective scan in vectors, for the code of one SIMD target.
#if defined(SSMSCAN_SSM_SELECTIVE_STEP_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef SSMSCAN_SSM_SELECTIVE_STEP_INL
#undef SSMSCAN_SSM_SELECTIVE_STEP_INL
#else
#define SSMSCAN_SSM_SELECTIVE_STEP_INL
#endif

#include <hwy/highway.h>

#include <ssmscan/ssm/selective_scan.hpp>
#include <ssmscan/ssm/simd/exponential-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace ssmscan::ssm::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// a and b / B of one state, whatever the lanes are: channels, or steps of time. The same operations, so the same bits.
template <selective_rule Rule, class D, class V>
HWY_INLINE void discrete(D d, V step, V step_u, V u, V A, V& a, V& input) {
  using T = hn::TFromD<D>;
  V const v = hn::Mul(step, A);
  if constexpr (Rule == selective_rule::mamba) {
    a = exp(d, v);
    input = step_u;
  } else if constexpr (Rule == selective_rule::zoh) {
    V const grown = expm1(d, v, a);
    input = hn::Mul(hn::IfThenElse(hn::Eq(A, hn::Zero(d)), step, hn::Div(grown, A)), u);
  } else {
    V const half = hn::Mul(v, hn::Set(d, T(0.5))), one = hn::Set(d, T(1)), below = hn::Sub(one, half);
    a = hn::Div(hn::Add(one, half), below);
    input = hn::Mul(hn::Div(step, below), u);
  }
}

}  // namespace ssmscan::ssm::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
