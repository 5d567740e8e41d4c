#include <ssmscan/scan/backends/cuda/launch.cuh>
#include <ssmscan/scan/backends/cuda/remembered.cuh>
#include <ssmscan/ssm/cuda/device_array.cuh>
#include <ssmscan/ssm/cuda/dplr_launch.hpp>

namespace ssmscan::device::detail {
namespace {

constexpr int threads = 128, roots_of_thread = 2;
constexpr index_t roots_of_block = threads * roots_of_thread;

template <class T>
struct spectra_arguments {
  T const *tangent, *tangent_rest;
  ssm::detail::dplr_pole<T> const* poles;
  index_t const* first_pole;
  T* spectra;
  index_t bins, parts;
  T tau, over_length;
};

// The formula of kernels/dplr_sums.cpp, operation by operation; a thread for every other 128th root, the poles in shared memory.
template <class T>
__global__ void __launch_bounds__(threads) spectra_kernel(spectra_arguments<T> const p) {
  extern __shared__ __align__(16) unsigned char shared[];
  auto* const poles = reinterpret_cast<ssm::detail::dplr_pole<T>*>(shared);
  index_t const h = blockIdx.x / p.parts, begin = blockIdx.x % p.parts * roots_of_block + threadIdx.x;
  index_t const first = p.first_pole[h];
  int const count = static_cast<int>(p.first_pole[h + 1] - first);
  if (count == 0) return;  // the host made all of this channel's roots
  for (int n = threadIdx.x; n < count; n += threads) poles[n] = p.poles[first + n];
  __syncthreads();
  T t[roots_of_thread], rest[roots_of_thread], re[4][roots_of_thread] = {}, im[4][roots_of_thread] = {};
#pragma unroll
  for (int r = 0; r < roots_of_thread; ++r) {
    index_t const k = begin + r * threads;
    t[r] = k < p.bins ? p.tangent[k] : T(1), rest[r] = k < p.bins ? p.tangent_rest[k] : T(0);
  }
  for (int n = 0; n < count; ++n) {
    auto const& pole = poles[n];
#pragma unroll
    for (int r = 0; r < roots_of_thread; ++r) {
      T const near = (pole.modulus - t[r]) + (pole.modulus_rest - rest[r]);
      T const real = near * (pole.modulus + t[r]), imaginary = t[r] * pole.damping;
      T const inverse = T(1) / fma(real, real, imaginary * imaginary);
      T const pi = real * inverse, qi = imaginary * inverse, tp = t[r] * pi, tq = t[r] * qi;
#pragma unroll
      for (int j = 0; j < 4; ++j) {
        re[j][r] = fma(pole.value[j], tq, fma(-pole.turned[j], pi, re[j][r]));
        im[j][r] = fma(pole.value[j], tp, fma(pole.turned[j], qi, im[j][r]));
      }
    }
  }
#pragma unroll
  for (int r = 0; r < roots_of_thread; ++r) {
    index_t const k = begin + r * threads;
    T const f = p.tau * t[r];  // the imaginary part: f = 1 + i tau t
    T const out_re = fma(-f, im[1][r], re[1][r]), out_im = fma(f, re[1][r], im[1][r]);
    T const product_re = fma(out_re, re[2][r], -(out_im * im[2][r])),
            product_im = fma(out_re, im[2][r], out_im * re[2][r]);
    T const below_re = T(1) + fma(-f, im[3][r], re[3][r]), below_im = fma(f, re[3][r], im[3][r]);
    T const scale = T(1) / fma(below_re, below_re, below_im * below_im);
    T const quotient_re = fma(product_re, below_re, product_im * below_im);
    T const quotient_im = fma(product_im, below_re, -(product_re * below_im));
    T const inner_re = fma(-scale, quotient_re, re[0][r]), inner_im = fma(-scale, quotient_im, im[0][r]);
    if (k < p.bins) {
      T* const to = p.spectra + 2 * (h * p.bins + k);
      to[0] = fma(-t[r], inner_im, inner_re) * p.over_length;
      to[1] = fma(t[r], inner_re, inner_im) * p.over_length;
    }
  }
}

template <class T>
__global__ void made_roots_kernel(made_root<T> const* made, index_t count, index_t bins, T* spectra) {
  index_t const i = static_cast<index_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= count) return;
  T* const to = spectra + 2 * (made[i].channel * bins + made[i].root);
  to[0] = made[i].re, to[1] = made[i].im;
}

template <class T>
__global__ void single_taps_kernel(T const* spectra, T* taps, index_t channels) {
  index_t const i = static_cast<index_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < channels) taps[i] = spectra[2 * i];
}

template <class T>
__global__ void growth_kernel(T const* growth, T* taps, index_t length, index_t count) {
  index_t const i = static_cast<index_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < count) taps[i] *= growth[i % length];
}

index_t blocks_for(index_t n) { return (n + threads - 1) / threads; }

}  // namespace

template <class T>
dplr_on_device<T> upload(dplr_parameters<T> const& of, index_t length) {
  index_t most = 0;
  for (std::size_t h = 0; h + 1 < of.first_pole.size(); ++h)
    most = std::max(most, of.first_pole[h + 1] - of.first_pole[h]);
  return {static_cast<index_t>(of.first_pole.size()) - 1,
          length / 2 + 1,
          length,
          most,
          static_cast<index_t>(of.made.size()),
          of.tau,
          uploaded(of.tangent),
          uploaded(of.tangent_rest),
          uploaded(of.growth),
          uploaded(of.poles),
          uploaded(of.first_pole),
          uploaded(of.made)};
}

template <class T>
void launch_spectra(dplr_on_device<T> const& on, T* spectra, device::stream stream) {
  spectra_arguments<T> const p{.tangent = on.tangent.get(),
                               .tangent_rest = on.tangent_rest.get(),
                               .poles = on.poles.get(),
                               .first_pole = on.first_pole.get(),
                               .spectra = spectra,
                               .bins = on.bins,
                               .parts = (on.bins + roots_of_block - 1) / roots_of_block,
                               .tau = on.tau,
                               .over_length = T(1) / static_cast<T>(on.length)};
  std::size_t const bytes = static_cast<std::size_t>(on.most_poles) * sizeof(ssm::detail::dplr_pole<T>);
  constexpr auto* spectra_of = &spectra_kernel<T>;
  launch_with_shared<spectra_of>(this_device(), stream, {on.channels * p.parts, threads, bytes}, p);
  launch(stream, {blocks_for(on.made_roots), threads}, &made_roots_kernel<T>, on.made.get(), on.made_roots, on.bins,
         spectra);
}

template <class T>
void launch_single_taps(dplr_on_device<T> const& on, T const* spectra, T* taps, device::stream stream) {
  launch(stream, {blocks_for(on.channels), threads}, &single_taps_kernel<T>, spectra, taps, on.channels);
}

template <class T>
void launch_growth(dplr_on_device<T> const& on, T* taps, device::stream stream) {
  index_t const count = on.channels * on.length;
  launch(stream, {blocks_for(count), threads}, &growth_kernel<T>, on.growth.get(), taps, on.length, count);
}

#define SSMSCAN_INSTANTIATE(T)                                                              \
  template dplr_on_device<T> upload(dplr_parameters<T> const&, index_t);                    \
  template void launch_spectra(dplr_on_device<T> const&, T*, device::stream);               \
  template void launch_single_taps(dplr_on_device<T> const&, T const*, T*, device::stream); \
  template void launch_growth(dplr_on_device<T> const&, T*, device::stream);
SSMSCAN_INSTANTIATE(float)
SSMSCAN_INSTANTIATE(double)
#undef SSMSCAN_INSTANTIATE

}  // namespace ssmscan::device::detail
