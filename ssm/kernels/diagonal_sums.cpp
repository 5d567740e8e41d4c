// One text for every SIMD target (Highway compiles this file once for each): the bits are the same on all.
#include <ssmscan/ssm/simd/targets.hpp>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "ssmscan/ssm/kernels/diagonal_sums.cpp"
#include <hwy/foreach_target.h>

#include <ssmscan/ssm/kernels/diagonal_sums.hpp>
#include <ssmscan/ssm/simd/lanes-inl.hpp>

HWY_BEFORE_NAMESPACE();
namespace ssmscan::ssm::detail {
namespace HWY_NAMESPACE {

template <class T>
void sums_of(vandermonde_factors<T> const& of, T* sums) {
  using on = lanes<T>;
  using vector = typename on::vector;
  static_assert(vandermonde_rows == 4);
  T const* far = of.far.data();
  for (index_t row = 0; row < of.rows; row += vandermonde_rows, far += 2 * vandermonde_rows * of.poles) {
    T* const to = sums + row * of.width;
    for (index_t column = 0; column < of.width; column += on::count()) {
      vector re0 = on::all(0), re1 = re0, re2 = re0, re3 = re0, im0 = re0, im1 = re0, im2 = re0, im3 = re0;
      for (index_t n = 0; n < of.poles; ++n) {
        vector const re = on::load(of.near_re.data() + n * of.width + column);
        vector const im = on::load(of.near_im.data() + n * of.width + column);
        T const* const at = far + 2 * vandermonde_rows * n;
        re0 = on::fma(on::all(at[0]), re, re0), re1 = on::fma(on::all(at[1]), re, re1);
        re2 = on::fma(on::all(at[2]), re, re2), re3 = on::fma(on::all(at[3]), re, re3);
        im0 = on::fma(on::all(at[4]), im, im0), im1 = on::fma(on::all(at[5]), im, im1);
        im2 = on::fma(on::all(at[6]), im, im2), im3 = on::fma(on::all(at[7]), im, im3);
      }
      on::store(on::sub(re0, im0), to + column);
      on::store(on::sub(re1, im1), to + of.width + column);
      on::store(on::sub(re2, im2), to + 2 * of.width + column);
      on::store(on::sub(re3, im3), to + 3 * of.width + column);
    }
  }
}

void floats(vandermonde_factors<float> const& of, float* sums) { sums_of(of, sums); }
void doubles(vandermonde_factors<double> const& of, double* sums) { sums_of(of, sums); }

}  // namespace HWY_NAMESPACE
}  // namespace ssmscan::ssm::detail
HWY_AFTER_NAMESPACE();

#if HWY_ONCE

namespace ssmscan::ssm::detail {

HWY_EXPORT(floats);
HWY_EXPORT(doubles);

void vandermonde_sums(vandermonde_factors<float> const& factors, float* sums) {
  HWY_DYNAMIC_DISPATCH(floats)(factors, sums);
}
void vandermonde_sums(vandermonde_factors<double> const& factors, double* sums) {
  HWY_DYNAMIC_DISPATCH(doubles)(factors, sums);
}

}  // namespace ssmscan::ssm::detail

#endif
