#pragma once
// The transform of n real values and its inverse, for every n >= 1, and at the frequencies half way between its own.
// The FFT library is seen by real_fft.cpp alone.
#include <complex>
#include <memory>
#include <vector>

#include <ssmscan/scan/concepts.hpp>
#include <ssmscan/ssm/export.hpp>

namespace ssmscan::ssm::detail {

template <class T>
class real_fft {
 public:
  SSMSCAN_SSM_EXPORT explicit real_fft(index_t points);
  index_t points() const { return points_; }
  index_t bins() const { return points_ / 2 + 1; }

  // spectrum[k] = sum_t time[t] e^{-2 pi i k t / n}, 0 <= k < bins().
  SSMSCAN_SSM_EXPORT void forward(T const* time, std::complex<T>* spectrum) const;
  // Its inverse, factor 1/n included (exact where n is a power of two). May overwrite the spectrum.
  SSMSCAN_SSM_EXPORT void backward(std::complex<T>* spectrum, T* time) const;

  // e with ||computed - exact||_2 <= e ||exact||_2, of either direction (of the spectrum with both halves), u = unit
  // roundoff:
  //   a factor 2 of n: h = mu + g (sqrt(2) + mu), g = 4u/(1-4u), mu the error of the twiddle factors (Higham, Accuracy and
  //     Stability, 2nd ed., theorem 24.2; radix 4 and 8 and the real transform do a subset of those operations)
  //   an odd prime factor p: each output of a transform of p points passes at most p + 2 roundings and constants wrong by mu,
  //     |error| <= ((p+2) u + mu) ||x||_1, over p outputs sqrt(p) of that relative to their norm; then a twiddle, sqrt(5) u + mu
  //   s, the sum over all factors: e = s / (1 - s); and 2u for the factor 1/n
  // Where a prime above 11 divides n pocketfft may take Bluestein's chirps b instead, |b| = 1, a convolution of a
  // smooth length below 4n, of the error e': by the bound of convolution.hpp with ||b||_1 <= 2n, ||b||_2 <= sqrt(2n),
  // ||x b||_1 <= sqrt(n) ||x||,
  //   e = sqrt(n) [ 2 (2 e' + (sqrt(5) + 2) u + mu) + sqrt(2) e' ] + 2 (sqrt(5) u + mu)
  // and e is the larger of both. mu: pocketfft multiplies two table entries made in double, 9u in double (angle 1.6u,
  // sine 1u, twice, product 2.3u), rounded once to float: 1.5u. kissfft forms the angle, up to 2 pi, in T: 2 pi * 2u +
  // 1.5u < 15u.
  SSMSCAN_SSM_EXPORT double error() const;

 private:
  index_t points_;
};

// Of n real values, n even, the odd frequencies of the transform of 2n points (zeros after the values): products of
// such spectra are negacyclic convolutions. As x[t] - i x[t + n/2] turned by e^{-i pi t / n}, its complex transform of
// n/2 points are the frequencies 4k + 1; the others, 4k + 3, are their conjugates. With real_fft of n for the even ones
// this is one step of a transform of 2n by radix 2: its error is real_fft(2n).error(), the factors e^{-i pi t / n}
// being within mu of it.
template <class T>
class odd_fft {
 public:
  SSMSCAN_SSM_EXPORT explicit odd_fft(index_t points);
  index_t points() const { return points_; }
  index_t bins() const { return points_ / 2; }

  // spectrum[k] = sum_t time[t] e^{-pi i (4k+1) t / n}, 0 <= k < bins().
  SSMSCAN_SSM_EXPORT void forward(T const* time, std::complex<T>* spectrum) const;
  // Its inverse. Overwrites the spectrum.
  SSMSCAN_SSM_EXPORT void backward(std::complex<T>* spectrum, T* time) const;

 private:
  index_t points_;
  std::shared_ptr<std::vector<std::complex<T>> const> turns_;  // e^{-i pi t / n}; the last 16 lengths' are kept
};

}  // namespace ssmscan::ssm::detail
