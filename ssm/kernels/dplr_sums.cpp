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
// One pole's terms at a vector of roots, onto the four sums.
template <class On, class T>
HWY_INLINE void add_pole(dplr_pole<T> const& pole, typename On::vector t, typename On::vector t_rest,
                         typename On::vector& re0, typename On::vector& im0, typename On::vector& re1,
                         typename On::vector& im1, typename On::vector& re2, typename On::vector& im2,
                         typename On::vector& re3, typename On::vector& im3) {
  using vector = typename On::vector;
  // The denominator P + i Q, with |l| - t to the last place where it cancels; its inverse (P - i Q) / (P^2 + Q^2).
  vector const modulus = On::all(pole.modulus);
  vector const near = On::add(On::sub(modulus, t), On::sub(On::all(pole.modulus_rest), t_rest));
  vector const p = On::mul(near, On::add(modulus, t));
  vector const q = On::mul(t, On::all(pole.damping));
  vector const inverse = On::div(On::all(1), On::fma(p, p, On::mul(q, q)));
  vector const pi = On::mul(p, inverse), qi = On::mul(q, inverse);
  vector const tp = On::mul(t, pi), tq = On::mul(t, qi);
  // (i t value - turned) (pi - i qi)
  auto const add = [&](int j, vector& re, vector& im) HWY_ATTR {
    vector const value = On::all(pole.value[j]), turned = On::all(pole.turned[j]);
    re = On::fma(value, tq, On::nfma(turned, pi, re));
    im = On::fma(value, tp, On::fma(turned, qi, im));
  };
  add(0, re0, im0), add(1, re1, im1), add(2, re2, im2), add(3, re3, im3);
}

// (1 + i t) [ r0 - f r1 r2 / (1 + f r3) ], f = 1 + i tau t
template <class On, class T>
HWY_INLINE void store_woodbury(T tau, typename On::vector t, typename On::vector re0, typename On::vector im0,
                               typename On::vector re1, typename On::vector im1, typename On::vector re2,
                               typename On::vector im2, typename On::vector re3, typename On::vector im3, T* spectrum) {
  using vector = typename On::vector;
  vector const f = On::mul(On::all(tau), t);
  vector const out_re = On::nfma(f, im1, re1), out_im = On::fma(f, re1, im1);
  vector const product_re = On::fms(out_re, re2, On::mul(out_im, im2)),
               product_im = On::fma(out_re, im2, On::mul(out_im, re2));
  vector const below_re = On::add(On::all(1), On::nfma(f, im3, re3)), below_im = On::fma(f, re3, im3);
  vector const scale = On::div(On::all(1), On::fma(below_re, below_re, On::mul(below_im, below_im)));
  vector const quotient_re = On::fma(product_re, below_re, On::mul(product_im, below_im));
  vector const quotient_im = On::fms(product_im, below_re, On::mul(product_re, below_im));
  vector const inner_re = On::nfma(scale, quotient_re, re0), inner_im = On::nfma(scale, quotient_im, im0);
  On::store_pairs(On::nfma(t, inner_im, inner_re), On::fma(t, inner_re, inner_im), spectrum);
}

template <class T>
void spectrum_of(dplr_roots<T> const& roots, std::vector<dplr_pole<T>> const& poles, std::complex<T>* spectrum) {
  using on = lanes<T>;
  using vector = typename on::vector;
  for (index_t k = 0; k < roots.padded(); k += on::count()) {
    vector const t = on::load(roots.tangent.data() + k), t_rest = on::load(roots.tangent_rest.data() + k);
    vector re0 = on::all(0), im0 = re0, re1 = re0, im1 = re0, re2 = re0, im2 = re0, re3 = re0, im3 = re0;
    for (auto const& pole : poles) add_pole<on>(pole, t, t_rest, re0, im0, re1, im1, re2, im2, re3, im3);
    store_woodbury<on>(roots.tau, t, re0, im0, re1, im1, re2, im2, re3, im3, reinterpret_cast<T*>(spectrum + k));
  }
}

template <class T>
void spectrum_by_blocks(dplr_roots<T> const& roots, dplr_blocks<T> const& blocks,
                        std::vector<dplr_pole<T>> const& poles, std::vector<block_range> const& ranges,
                        std::complex<T>* spectrum) {
  constexpr int nodes = block_nodes<T>;
  using at_nodes = lanes<T, nodes>;
  using on = lanes<T>;
  using vector = typename on::vector;
  std::vector<dplr_pole<T>> near, far;
  near.reserve(poles.size()), far.reserve(poles.size());
  T far_sums[8][std::size_t{nodes}];
  for (index_t block = 0; block < blocks.count; ++block) {
    near.clear(), far.clear();
    for (std::size_t n = 0; n < poles.size(); ++n)
      (ranges[n].first <= block && block < ranges[n].past ? near : far).push_back(poles[n]);
    for (int i = 0; i < nodes; i += static_cast<int>(at_nodes::count())) {
      using node_vector = typename at_nodes::vector;
      index_t const node = block * nodes + i;
      node_vector const t = at_nodes::load(blocks.node.data() + node),
                        t_rest = at_nodes::load(blocks.node_rest.data() + node),
                        weight = at_nodes::load(blocks.node_weight.data() + node);
      node_vector re0 = at_nodes::all(0), im0 = re0, re1 = re0, im1 = re0, re2 = re0, im2 = re0, re3 = re0, im3 = re0;
      for (auto const& pole : far) add_pole<at_nodes>(pole, t, t_rest, re0, im0, re1, im1, re2, im2, re3, im3);
      auto const keep = [&](int j, node_vector re, node_vector im) HWY_ATTR {
        at_nodes::store(at_nodes::mul(weight, re), far_sums[2 * j] + i);
        at_nodes::store(at_nodes::mul(weight, im), far_sums[2 * j + 1] + i);
      };
      keep(0, re0, im0), keep(1, re1, im1), keep(2, re2, im2), keep(3, re3, im3);
    }
    index_t const begin = blocks.begin(block);
    for (index_t k = 0; k < blocks.size; k += on::count()) {
      vector re0 = on::all(0), im0 = re0, re1 = re0, im1 = re0, re2 = re0, im2 = re0, re3 = re0, im3 = re0;
      for (std::size_t i = 0; i < nodes; ++i) {
        vector const basis = on::load(blocks.basis.data() + static_cast<index_t>(i) * blocks.size + k);
        re0 = on::fma(basis, on::all(far_sums[0][i]), re0), im0 = on::fma(basis, on::all(far_sums[1][i]), im0);
        re1 = on::fma(basis, on::all(far_sums[2][i]), re1), im1 = on::fma(basis, on::all(far_sums[3][i]), im1);
        re2 = on::fma(basis, on::all(far_sums[4][i]), re2), im2 = on::fma(basis, on::all(far_sums[5][i]), im2);
        re3 = on::fma(basis, on::all(far_sums[6][i]), re3), im3 = on::fma(basis, on::all(far_sums[7][i]), im3);
      }
      vector const weight = on::load(blocks.weight.data() + block * blocks.size + k);
      re0 = on::mul(weight, re0), im0 = on::mul(weight, im0), re1 = on::mul(weight, re1), im1 = on::mul(weight, im1);
      re2 = on::mul(weight, re2), im2 = on::mul(weight, im2), re3 = on::mul(weight, re3), im3 = on::mul(weight, im3);
      vector const t = on::load(roots.tangent.data() + begin + k),
                   t_rest = on::load(roots.tangent_rest.data() + begin + k);
      for (auto const& pole : near) add_pole<on>(pole, t, t_rest, re0, im0, re1, im1, re2, im2, re3, im3);
      store_woodbury<on>(roots.tau, t, re0, im0, re1, im1, re2, im2, re3, im3,
                         reinterpret_cast<T*>(spectrum + begin + k));
    }
  }
}

void floats(dplr_roots<float> const& roots, std::vector<dplr_pole<float>> const& poles, std::complex<float>* spectrum) {
  spectrum_of(roots, poles, spectrum);
}
void doubles(dplr_roots<double> const& roots, std::vector<dplr_pole<double>> const& poles,
             std::complex<double>* spectrum) {
  spectrum_of(roots, poles, spectrum);
}
void floats_by_blocks(dplr_roots<float> const& roots, dplr_blocks<float> const& blocks,
                      std::vector<dplr_pole<float>> const& poles, std::vector<block_range> const& near,
                      std::complex<float>* spectrum) {
  spectrum_by_blocks(roots, blocks, poles, near, spectrum);
}
void doubles_by_blocks(dplr_roots<double> const& roots, dplr_blocks<double> const& blocks,
                       std::vector<dplr_pole<double>> const& poles, std::vector<block_range> const& near,
                       std::complex<double>* spectrum) {
  spectrum_by_blocks(roots, blocks, poles, near, spectrum);
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
HWY_EXPORT(floats_by_blocks);
HWY_EXPORT(doubles_by_blocks);
HWY_EXPORT(target);

void dplr_spectrum(dplr_roots<float> const& roots, std::vector<dplr_pole<float>> const& poles,
                   std::complex<float>* spectrum) {
  HWY_DYNAMIC_DISPATCH(floats)(roots, poles, spectrum);
}
void dplr_spectrum(dplr_roots<double> const& roots, std::vector<dplr_pole<double>> const& poles,
                   std::complex<double>* spectrum) {
  HWY_DYNAMIC_DISPATCH(doubles)(roots, poles, spectrum);
}

void dplr_spectrum_by_blocks(dplr_roots<float> const& roots, dplr_blocks<float> const& blocks,
                             std::vector<dplr_pole<float>> const& poles, std::vector<block_range> const& near,
                             std::complex<float>* spectrum) {
  HWY_DYNAMIC_DISPATCH(floats_by_blocks)(roots, blocks, poles, near, spectrum);
}
void dplr_spectrum_by_blocks(dplr_roots<double> const& roots, dplr_blocks<double> const& blocks,
                             std::vector<dplr_pole<double>> const& poles, std::vector<block_range> const& near,
                             std::complex<double>* spectrum) {
  HWY_DYNAMIC_DISPATCH(doubles_by_blocks)(roots, blocks, poles, near, spectrum);
}

}  // namespace detail

char const* dplr_simd_target() { return HWY_DYNAMIC_DISPATCH(detail::target)(); }

}  // namespace ssmscan::ssm

#endif
