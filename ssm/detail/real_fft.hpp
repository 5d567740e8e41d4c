#pragma once
// The transform of n real values and its inverse, for every n >= 1. The FFT library is seen by real_fft.cpp alone.
#include <complex>

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

 private:
  index_t points_;
};

}  // namespace ssmscan::ssm::detail
