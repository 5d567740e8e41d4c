#pragma once
// The S4 kernel K[l] = Re(c Ab^l Bb), or 2 Re(.) of a half spectrum, in O(N L) (Gu, Goel, Re 2022): the generating function
// at the roots of unity w = e^{-i theta}, with the matrix inverse of generating_function.hpp by Cauchy sums and Woodbury.
//
// The published form divides by 1 + w and is 0/0 at w = -1. Here 1 - w = 2i e^{-i theta/2} s and 1 + w = 2 e^{-i theta/2}
// c~, s = sin(theta/2), c~ = cos(theta/2), so that with lambda' = step lambda / 2 and h = step / 2
//   R(v)  = sum_n v_n / (i s - c~ lambda'_n)                 over the whole spectrum; finite at s = 1, c~ = 0
//   K^(w) = h e^{i theta/2} [ R(C~ b) - h c~ R(C~ p) R(p^* b) / (1 + h c~ R(p^* p)) ]
// for any length, odd, even or prime. A conjugate pair of the spectrum is one real fraction,
//   v/(is - c~ l) + v^*/(is - c~ l^*) = (2i s Re v - 2 c~ Re(v l^*)) / ((c~ |l| - s)(c~ |l| + s) - 2i s c~ Re l)
// and the first factor of the denominator, in which a pole near the root of unity cancels, is formed from tan(theta/2) and |l|
// with their rounding errors: that, and C~ and the roots being made in higher precision, is why float is enough (docs/s4.md).
#include <complex>
#include <memory>
#include <span>
#include <vector>

#include <ssmscan/ssm/dplr_system.hpp>
#include <ssmscan/ssm/export.hpp>

namespace ssmscan::ssm {

// The formula as it stands above, in double, root by root: every rank, half and full spectrum. The other forms are held
// against this one. O(N rank^2 L). Throws std::invalid_argument as check(system) does, on a length below 1, and where |step
// lambda / 2| is neither 0 nor within 1e-77 to 1e76 (in float, for a half spectrum of rank 1, 4e-10 to 2e9).
SSMSCAN_SSM_EXPORT std::vector<double> dplr_kernel_by_roots(dplr_system const& system, index_t length);

// What c is: the read-out of the recurrence, from which C~ = c (I - Ab^L) is made first (N^3 log L in double, per channel),
// or C~ itself, which S4 learns.
enum class read_out_kind { recurrence, truncated };

// Kernels of many channels at one length. Construction makes the roots once, and C~ of each channel on `threads` threads (0: as
// many as OpenMP would use). `generate` then costs the inverse transform and, for a half spectrum of rank 1,
//   by blocks   8 d multiply-adds a root whatever N is, and some 28 operations for each far pole at the d nodes of each block and
//               for each near pole at each root of the few blocks around it: O(d L + N sqrt(d L)), d = 8 in float, 16 in double;
//   by roots    those 28 for each pole at each root, where there are fewer than 2 d poles or 256 roots
// (dplr_sums.hpp; of other systems: dplr_kernel_by_roots, rounded to T); it throws as that does. Sums run over the poles in their order, a lane for each
// root or node: the same bits on every SIMD target, for any number of threads. Re-entrant.
//
// Error: C~ goes through (I - Ab^L)^-1, and its error with it. That is harmless unless I - Ab^L is nearly singular, as it is for an
// even L where step |lambda| is large: the bilinear rule sends such a pole to about -1. 1e-10 of the largest tap is then not kept,
// silently (LegS, N = 64: step 1e4, L = 16 is off by 4e-10, step 1e6, L = 1000 by 7e-8); the recurrence has no such factor. docs/s4.md,
// "How exact", has the bound.
template <class T>
class dplr_kernels {
 public:
  SSMSCAN_SSM_EXPORT dplr_kernels(std::span<dplr_system const> channels, index_t length,
                                  read_out_kind kind = read_out_kind::recurrence, int threads = 0);
  SSMSCAN_SSM_EXPORT ~dplr_kernels();
  SSMSCAN_SSM_EXPORT dplr_kernels(dplr_kernels&&) noexcept;
  index_t length() const { return length_; }
  // kernel[0 .. length) of that channel.
  SSMSCAN_SSM_EXPORT void generate(index_t channel, std::span<T> kernel) const;

 private:
  struct state;
  index_t length_;
  std::unique_ptr<state const> state_;
};

// One channel's kernel.
template <class T>
std::vector<T> dplr_kernel(dplr_system const& system, index_t length) {
  std::vector<T> kernel(static_cast<std::size_t>(length < 0 ? 0 : length));
  dplr_kernels<T>({&system, 1}, length, read_out_kind::recurrence, 1).generate(0, kernel);
  return kernel;
}

// The SIMD target that `generate` runs on, "AVX2" or the like; "SCALAR" where there is none with fused multiply-add.
SSMSCAN_SSM_EXPORT char const* dplr_simd_target();

}  // namespace ssmscan::ssm
