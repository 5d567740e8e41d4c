#pragma once
// The inner loop of kernels/dplr.hpp: the spectrum of one channel, half spectrum and rank 1, at all roots. Compiled
// once for each SIMD target and dispatched at run time.
#include <complex>
#include <vector>

#include <ssmscan/scan/concepts.hpp>
#include <ssmscan/ssm/export.hpp>

namespace ssmscan::ssm::detail {

inline constexpr index_t most_lanes = 16;  // of any target: arrays over the roots are padded to a multiple of it

// t = tan(theta/2) of each root, as the unevaluated sum of two Ts. At theta = pi, where it is infinite, any number: the
// caller makes that root by itself. With tau = tanh(sigma/2) the s / c~ of kernels/dplr.hpp is (tau + i t) / (1 + i tau t),
//   s - c~ lambda' = cosh(sigma/2) cos(theta/2) (1 - tau lambda') (i t - mu),   mu = (lambda' - tau) / (1 - tau lambda')
// so that the circle's sums are those at the roots of unity of other poles, mu, which all are damped:
//   r(v) = sum_n w_n v_n / (i t - mu_n),   w_n = h / (1 - tau lambda'_n),   f = 1 + i tau t
//   K^ = (1 + tau) (1 + i t) [ r(C~ b) - f r(C~ p) r(p^* b) / (1 + f r(p^* p)) ]
// lambda' -> mu takes Re lambda' <= 0 to the disc that has [-1/tau, -tau] for a diameter: no mu is nearer to a root than
// that, and none too large or too small for squares of squares in T.
template <class T>
struct dplr_roots {
  std::vector<T> tangent, tangent_rest;
  T tau = 0;
  std::vector<T> growth;  // r^-l
  index_t padded() const { return static_cast<index_t>(tangent.size()); }
};

// Of the pairs, an entry for each pole: |mu| as two Ts, -2 Re mu, and for each of the four sums 2 Re v and 2 Re(v conj
// mu), v times w, in the order r(C~ b), r(C~ p), r(p^* b), r(p^* p), the first two times 1 + tau.
template <class T>
struct dplr_pole {
  T modulus, modulus_rest, damping;
  T value[4], turned[4];
};

// Roots in blocks of neighbours. Within a block around theta_0, with x = tan((theta - theta_0) / 2),
//   1 / (i sin(theta/2) - cos(theta/2) mu) = cos((theta - theta_0) / 2)^-1 / (a0 + a1 x)
// so that a pole's term is smooth in x unless the pole is near. The sum over the far poles is made at the Chebyshev
// nodes of the block alone and interpolated: of 1 / (x - xi) the interpolant is off by exactly T_d(x) / T_d(xi) of
// itself (x, xi over the block's half width, T_d the Chebyshev polynomial whose zeros the d nodes are), and |T_d(x)| <=
// 1. A pole is near where |T_d(xi)| may be below 1 / (unit roundoff); those are summed root by root. x at the roots is
// the same in every block, so that one table serves all. (One level of a fast multipole method: Greengard and Rokhlin
// 1987; barycentric form: Dutt, Gu, Rokhlin 1996.)
template <class T>
inline constexpr int block_nodes = sizeof(T) == 4 ? 8 : 16;

template <class T>
struct dplr_blocks {
  index_t size = 0, count = 0;     // roots in a block, a multiple of most_lanes; the blocks (0: too few roots)
  index_t roots = 0;               // all with theta < pi; the last block ends with them, over the one before it
  std::vector<T> node, node_rest;  // (count, nodes) tan(theta/2), as two Ts
  // cos((theta - theta_0)/2) / cos(theta/2) at the nodes (count, nodes), which makes r(v) the smooth sum above; its inverse
  // at the roots (count, size)
  std::vector<T> node_weight, weight;
  std::vector<T> basis;  // (nodes, size) Lagrange's
  index_t begin(index_t block) const { return block + 1 < count ? block * size : roots - size; }
};

// The blocks that a pole is near: first <= block < past.
struct block_range {
  index_t first, past;
};

// spectrum[k] as below, 0 <= k < blocks.roots, the terms of far poles interpolated. near: of each pole.
SSMSCAN_SSM_EXPORT void dplr_spectrum_by_blocks(dplr_roots<float> const& roots, dplr_blocks<float> const& blocks,
                                                std::vector<dplr_pole<float>> const& poles,
                                                std::vector<block_range> const& near, std::complex<float>* spectrum);
SSMSCAN_SSM_EXPORT void dplr_spectrum_by_blocks(dplr_roots<double> const& roots, dplr_blocks<double> const& blocks,
                                                std::vector<dplr_pole<double>> const& poles,
                                                std::vector<block_range> const& near, std::complex<double>* spectrum);

// spectrum[k] = K^(z_k), 0 <= k < roots.padded(); the padding's entries mean nothing.
SSMSCAN_SSM_EXPORT void dplr_spectrum(dplr_roots<float> const& roots, std::vector<dplr_pole<float>> const& poles,
                                      std::complex<float>* spectrum);
SSMSCAN_SSM_EXPORT void dplr_spectrum(dplr_roots<double> const& roots, std::vector<dplr_pole<double>> const& poles,
                                      std::complex<double>* spectrum);

}  // namespace ssmscan::ssm::detail
