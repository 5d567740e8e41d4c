// One text for every SIMD target (Highway compiles this file once for each): the bits are the same on all.
#include <ssmscan/ssm/simd/targets.hpp>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ssmscan/ssm/kernels/diagonal_steps.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <ssmscan/ssm/diagonal_system.hpp>
#include <ssmscan/ssm/kernels/diagonal_steps.hpp>

HWY_BEFORE_NAMESPACE();
namespace ssmscan::ssm::detail {
namespace HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using tag = hn::ScalableTag<double>;
using vector = hn::Vec<tag>;

void drive(std::complex<double> b, double const* u, std::complex<double>* to, index_t count, driven how) {
  tag const d;
  auto const lanes = static_cast<index_t>(hn::Lanes(d));
  vector const re = hn::Set(d, b.real()), im = hn::Set(d, b.imag());
  auto* const at = reinterpret_cast<double*>(to);
  index_t t = 0;
  for (; t + lanes <= count; t += lanes) {
    vector const in = hn::LoadU(d, u + t);
    vector made_re = hn::Mul(re, in), made_im = hn::Mul(im, in);
    if (how == driven::add) {
      vector so_far_re, so_far_im;
      hn::LoadInterleaved2(d, at + 2 * t, so_far_re, so_far_im);
      made_re = hn::Add(so_far_re, made_re), made_im = hn::Add(so_far_im, made_im);
    }
    hn::StoreInterleaved2(made_re, made_im, d, at + 2 * t);
  }
  for (; t < count; ++t) to[t] = how == driven::add ? to[t] + ssm::drive(b, u[t]) : ssm::drive(b, u[t]);
}

void read(std::complex<double> const* c, std::complex<double> const* x, index_t states, index_t apart, double* y,
          index_t count) {
  tag const d;
  auto const lanes = static_cast<index_t>(hn::Lanes(d));
  auto const* const at = reinterpret_cast<double const*>(x);
  index_t t = 0;
  for (; t + lanes <= count; t += lanes) {
    vector sum = hn::LoadU(d, y + t);
    for (index_t n = 0; n < states; ++n) {
      vector re, im;
      hn::LoadInterleaved2(d, at + 2 * (n * apart + t), re, im);
      sum = hn::Add(sum, hn::Sub(hn::Mul(hn::Set(d, c[n].real()), re), hn::Mul(hn::Set(d, c[n].imag()), im)));
    }
    hn::StoreU(sum, d, y + t);
  }
  for (; t < count; ++t)
    for (index_t n = 0; n < states; ++n) y[t] += read_out(c[n], x[n * apart + t]);
}

}  // namespace HWY_NAMESPACE
}  // namespace ssmscan::ssm::detail
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace ssmscan::ssm::detail {

HWY_EXPORT(drive);
HWY_EXPORT(read);

void drive_steps(std::complex<double> b, double const* u, std::complex<double>* to, index_t count, driven how) {
  HWY_DYNAMIC_DISPATCH(drive)(b, u, to, count, how);
}
void read_out_steps(std::complex<double> const* c, std::complex<double> const* x, index_t states, index_t apart,
                    double* y, index_t count) {
  HWY_DYNAMIC_DISPATCH(read)(c, x, states, apart, y, count);
}

}  // namespace ssmscan::ssm::detail

#endif
