#pragma once
// The S4 kernel K[l] = Re(c Ab^l Bb), or 2 Re(.) of a half spectrum, in O(N L) (Gu, Goel, Re 2022): the generating
// function on the circle z = e^{-(sigma + i theta)} of detail/circle.hpp, with the matrix inverse of
// generating_function.hpp by Cauchy sums and Woodbury.
//
// The published form is that of sigma = 0; it divides by 1 + z, 0/0 at theta = pi, and has no value on a pole. Here, with
// s and c~ the hyperbolic sine and cosine of (sigma + i theta) / 2, 1 - z = 2 e^{-(sigma + i theta)/2} s and 1 + z = 2
// e^{-(sigma + i theta)/2} c~, so that with lambda' = step lambda / 2 and h = step/2
//   R(v)  = sum_n v_n / (s - c~ lambda'_n)                   over the whole spectrum; |s - c~ lambda'| >= sinh(sigma/2)
//   K^(z) = h e^{(sigma + i theta)/2} [ R(C~ b) - h c~ R(C~ p) R(p^* b) / (1 + h c~ R(p^* p)) ],   C~ = c (I - Ab^L / 2)
// for any length, odd, even or prime, and for every pole without positive real part: Re s/c~ > 0, and the last
// denominator is at least 1. Where the roots go by tangents (dplr_sums.hpp) a conjugate pair of the spectrum is one real
// fraction, and the factor |mu| - t of its denominator, in which a pole near the root cancels, is formed from |mu| and t
// with their rounding errors: that, and C~ and the roots being made in higher precision, is why float is enough
// (docs/s4.md).
#include <complex>
#include <memory>
#include <span>
#include <vector>

#include <ssmscan/ssm/dplr_system.hpp>
#include <ssmscan/ssm/export.hpp>

namespace ssmscan::ssm {

// The formula as it stands above, in double, root by root: every rank, half and full spectrum. The other forms are held
// against this one. O(N rank^2 L). Throws std::invalid_argument as check(system) does, and on a length below 1.
SSMSCAN_SSM_EXPORT std::vector<double> dplr_kernel_by_roots(dplr_system const& system, index_t length);

// What c is: the read-out of the recurrence, from which C~ is made first (N^3 log L in double, per channel), or c (I -
// Ab^L), which S4 learns: then c first (recurrent_output, which refuses it where it does not say what c is).
enum class read_out_kind { recurrence, truncated };

// Kernels of many channels at one length. Construction makes the roots once, and C~ of each channel on `threads`
// threads (0: as many as OpenMP would use). `generate` then costs the inverse transform and, for a half spectrum of
// rank 1,
//   by blocks   8 d multiply-adds a root whatever N is, and some 28 operations for each far pole at the d nodes of each
//               block and for each near pole at each root of the few blocks around it: O(d L + N sqrt(d L)), d = 8 in
//               float, 16 in double;
//   by roots    those 28 for each pole at each root, where there are fewer than 2 d poles or 256 roots
// (dplr_sums.hpp; of other systems, and where a sum may leave the range of T: dplr_kernel_by_roots, rounded to T); it
// throws as that does. Sums run over the
// poles in their order, a lane for each root or node: the same bits on every SIMD target, for any number of threads.
// Re-entrant.
//
// Error: u times the sums of moduli at the roots (docs/s4.md, "How exact", has the bound), doubled at most by r^-l and by
// C~'s way back through (I - Ab^L / 2)^-1, whatever step, length and damping are. Of a low rank with step ||P||^2 far above
// 1 these sums are that much greater than their difference, the kernel, which then keeps u step ||P||^2 of itself (1e-10
// at 1e6); HiPPO's keep 1e-10 of the largest tap at steps from 1e-12 to 1e6.
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
