#pragma once
// The inner loop of kernels/dplr.hpp: the spectrum of one channel, half spectrum and rank 1, at all roots. Compiled once for
// each SIMD target and dispatched at run time.
#include <complex>
#include <vector>

#include <ssmscan/scan/concepts.hpp>

namespace ssmscan::ssm::detail {

inline constexpr index_t most_lanes = 16;  // of any target: arrays over the roots are padded to a multiple of it

// t = tan(theta/2) = s / c~ of each root, as the unevaluated sum of two Ts. At w = -1, where it is infinite, any number: the
// caller makes that root by itself. With R = r / c~ the formula of kernels/dplr.hpp is one in t alone,
//   r(v) = sum_n v_n / (i t - lambda'_n),   K^ = h (1 + i t) [ r(C~ b) - h r(C~ p) r(p^* b) / (1 + h r(p^* p)) ]
template <class T>
struct dplr_roots {
  std::vector<T> tangent, tangent_rest;
  index_t padded() const { return static_cast<index_t>(tangent.size()); }
};

// Of the pairs, an entry for each pole: |lambda'| as two Ts, -2 Re lambda', and for each of the four sums 2 Re v and 2 Re(v
// conj lambda'), in the order R(C~ b), R(C~ p), R(p^* b), R(p^* p).
template <class T>
struct dplr_pole {
  T modulus, modulus_rest, damping;
  T value[4], turned[4];
};

// spectrum[k] = K^(w_k), 0 <= k < roots.padded(); the padding's entries mean nothing.
void dplr_spectrum(dplr_roots<float> const& roots, std::vector<dplr_pole<float>> const& poles, float half_step,
                   std::complex<float>* spectrum);
void dplr_spectrum(dplr_roots<double> const& roots, std::vector<dplr_pole<double>> const& poles, double half_step,
                   std::complex<double>* spectrum);

}  // namespace ssmscan::ssm::detail
