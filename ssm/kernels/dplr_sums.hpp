#pragma once
// The inner loop of kernels/dplr.hpp: the spectrum of one channel, half spectrum and rank 1, at all roots. Compiled
// once for each SIMD target and dispatched at run time.
#include <complex>
#include <vector>

#include <ssmscan/scan/concepts.hpp>
#include <ssmscan/ssm/export.hpp>

namespace ssmscan::ssm::detail {

inline constexpr index_t most_lanes = 16;  // of any target: arrays over the roots are padded to a multiple of it

// t = tan(theta/2) = s / c~ of each root, as the unevaluated sum of two Ts. At w = -1, where it is infinite, any
// number: the caller makes that root by itself. With R = r / c~ the formula of kernels/dplr.hpp is one in t alone,
//   r(v) = sum_n v_n / (i t - lambda'_n),   K^ = h (1 + i t) [ r(C~ b) - h r(C~ p) r(p^* b) / (1 + h r(p^* p)) ]
template <class T>
struct dplr_roots {
  std::vector<T> tangent, tangent_rest;
  index_t padded() const { return static_cast<index_t>(tangent.size()); }
};

// Of the pairs, an entry for each pole: |lambda'| as two Ts, -2 Re lambda', and for each of the four sums 2 Re v and 2
// Re(v conj lambda'), in the order R(C~ b), R(C~ p), R(p^* b), R(p^* p).
template <class T>
struct dplr_pole {
  T modulus, modulus_rest, damping;
  T value[4], turned[4];
};

// Roots in blocks of neighbours. Within a block around theta_0, with x = tan((theta - theta_0) / 2),
//   1 / (i s - c~ lambda') = cos((theta - theta_0) / 2)^-1 / (a0 + a1 x)
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
                                                std::vector<block_range> const& near, float half_step,
                                                std::complex<float>* spectrum);
SSMSCAN_SSM_EXPORT void dplr_spectrum_by_blocks(dplr_roots<double> const& roots, dplr_blocks<double> const& blocks,
                                                std::vector<dplr_pole<double>> const& poles,
                                                std::vector<block_range> const& near, double half_step,
                                                std::complex<double>* spectrum);

// spectrum[k] = K^(w_k), 0 <= k < roots.padded(); the padding's entries mean nothing.
SSMSCAN_SSM_EXPORT void dplr_spectrum(dplr_roots<float> const& roots, std::vector<dplr_pole<float>> const& poles,
                                      float half_step, std::complex<float>* spectrum);
SSMSCAN_SSM_EXPORT void dplr_spectrum(dplr_roots<double> const& roots, std::vector<dplr_pole<double>> const& poles,
                                      double half_step, std::complex<double>* spectrum);

}  // namespace ssmscan::ssm::detail
