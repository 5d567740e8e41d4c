// One text for every SIMD target (Highway compiles this file once for each): the bits are the same on all.
#include <ssmscan/ssm/simd/targets.hpp>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ssmscan/ssm/kernels/dplr_sums.cpp"
#include <hwy/foreach_target.h>

#include <ssmscan/ssm/kernels/dplr.hpp>
#include <ssmscan/ssm/kernels/dplr_sums.hpp>
#include <ssmscan/ssm/simd/lanes-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace ssmscan::ssm::detail {
namespace HWY_NAMESPACE {
template <class T>
void spectrum_of(dplr_roots<T> const& roots, std::vector<dplr_pole<T>> const& poles, T half_step,
                 std::complex<T>* spectrum) {
  using on = lanes<T>;
  using vector = typename on::vector;
  for (index_t k = 0; k < roots.padded(); k += on::count()) {
    vector const t = on::load(roots.tangent.data() + k), t_rest = on::load(roots.tangent_rest.data() + k);
    vector re0 = on::all(0), im0 = re0, re1 = re0, im1 = re0, re2 = re0, im2 = re0, re3 = re0, im3 = re0;
    for (auto const& pole : poles) {
      // The denominator P + i Q, with |l| - t to the last place where it cancels; its inverse (P - i Q) / (P^2 + Q^2).
      vector const modulus = on::all(pole.modulus);
      vector const near = on::add(on::sub(modulus, t), on::sub(on::all(pole.modulus_rest), t_rest));
      vector const p = on::mul(near, on::add(modulus, t));
      vector const q = on::mul(t, on::all(pole.damping));
      vector const inverse = on::div(on::all(1), on::fma(p, p, on::mul(q, q)));
      vector const pi = on::mul(p, inverse), qi = on::mul(q, inverse);
      vector const tp = on::mul(t, pi), tq = on::mul(t, qi);
      // (i t value - turned) (pi - i qi)
      auto const add = [&](int j, vector& re, vector& im) HWY_ATTR {
        vector const value = on::all(pole.value[j]), turned = on::all(pole.turned[j]);
        re = on::fma(value, tq, on::nfma(turned, pi, re));
        im = on::fma(value, tp, on::fma(turned, qi, im));
      };
      add(0, re0, im0), add(1, re1, im1), add(2, re2, im2), add(3, re3, im3);
    }
    // h (1 + i t) [ r0 - h r1 r2 / (1 + h r3) ]
    vector const h = on::all(half_step);
    vector const product_re = on::fms(re1, re2, on::mul(im1, im2)), product_im = on::fma(re1, im2, on::mul(im1, re2));
    vector const below_re = on::fma(h, re3, on::all(1)), below_im = on::mul(h, im3);
    vector const scale = on::div(h, on::fma(below_re, below_re, on::mul(below_im, below_im)));
    vector const quotient_re = on::fma(product_re, below_re, on::mul(product_im, below_im));
    vector const quotient_im = on::fms(product_im, below_re, on::mul(product_re, below_im));
    vector const inner_re = on::nfma(scale, quotient_re, re0), inner_im = on::nfma(scale, quotient_im, im0);
    on::store_pairs(on::mul(h, on::nfma(t, inner_im, inner_re)), on::mul(h, on::fma(t, inner_re, inner_im)),
                    reinterpret_cast<T*>(spectrum + k));
  }
}

void floats(dplr_roots<float> const& roots, std::vector<dplr_pole<float>> const& poles, float half_step,
            std::complex<float>* spectrum) {
  spectrum_of(roots, poles, half_step, spectrum);
}
void doubles(dplr_roots<double> const& roots, std::vector<dplr_pole<double>> const& poles, double half_step,
             std::complex<double>* spectrum) {
  spectrum_of(roots, poles, half_step, spectrum);
}
char const* target() { return hwy::TargetName(HWY_TARGET); }

}  // namespace HWY_NAMESPACE
}  // namespace ssmscan::ssm::detail
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace ssmscan::ssm {
namespace detail {

HWY_EXPORT(floats);
HWY_EXPORT(doubles);
HWY_EXPORT(target);

void dplr_spectrum(dplr_roots<float> const& roots, std::vector<dplr_pole<float>> const& poles, float half_step,
                   std::complex<float>* spectrum) {
  HWY_DYNAMIC_DISPATCH(floats)(roots, poles, half_step, spectrum);
}
void dplr_spectrum(dplr_roots<double> const& roots, std::vector<dplr_pole<double>> const& poles, double half_step,
                   std::complex<double>* spectrum) {
  HWY_DYNAMIC_DISPATCH(doubles)(roots, poles, half_step, spectrum);
}

}  // namespace detail

char const* dplr_simd_target() { return HWY_DYNAMIC_DISPATCH(detail::target)(); }

}  // namespace ssmscan::ssm

#endif
