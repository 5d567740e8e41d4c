#include <string>

#include <ssmscan/scan/error.hpp>
#include <ssmscan/ssm/convolution.hpp>
#include <ssmscan/ssm/detail/real_fft.hpp>

#if defined(SSMSCAN_SSM_POCKETFFT_HEADER)
#define POCKETFFT_CACHE_SIZE 16      // plans kept; without it every call makes its twiddles anew
#define POCKETFFT_NO_MULTITHREADING  // one thread: no pool is started in a library
// It vectorises over several transforms, and one is made at a time; the memory it would take for that is asked for in sizes
// that are no multiple of their alignment.
#define POCKETFFT_NO_VECTORS
#include SSMSCAN_SSM_POCKETFFT_HEADER
#else
#include <unsupported/Eigen/FFT>
#endif

namespace ssmscan::ssm {

std::string_view fft_backend() {
#if defined(SSMSCAN_SSM_POCKETFFT_HEADER)
  return "pocketfft";
#else
  return "eigen-kissfft";
#endif
}

namespace detail {

template <class T>
real_fft<T>::real_fft(index_t points) : points_(points) {
  if (points < 1) throw_invalid("points", std::to_string(points), "at least 1");
}

#if defined(SSMSCAN_SSM_POCKETFFT_HEADER)

template <class T>
void real_fft<T>::forward(T const* time, std::complex<T>* spectrum) const {
  pocketfft::r2c({static_cast<std::size_t>(points_)}, {sizeof(T)}, {sizeof(std::complex<T>)}, 0, pocketfft::FORWARD,
                 time, spectrum, T(1));
}
template <class T>
void real_fft<T>::backward(std::complex<T>* spectrum, T* time) const {
  pocketfft::c2r({static_cast<std::size_t>(points_)}, {sizeof(std::complex<T>)}, {sizeof(T)}, 0, pocketfft::BACKWARD,
                 spectrum, time, T(1) / static_cast<T>(points_));
}

#else

namespace {
// A plan holds state: one for each thread, with the sizes it has met.
template <class T>
Eigen::FFT<T>& plan() {
  static thread_local Eigen::FFT<T> made{Eigen::default_fft_impl<T>(), Eigen::FFT<T>::HalfSpectrum};
  return made;
}
}  // namespace

template <class T>
void real_fft<T>::forward(T const* time, std::complex<T>* spectrum) const {
  if (points_ == 1) {  // below what a half spectrum is defined for
    spectrum[0] = time[0];
  } else {
    plan<T>().fwd(spectrum, time, static_cast<Eigen::Index>(points_));
  }
}
template <class T>
void real_fft<T>::backward(std::complex<T>* spectrum, T* time) const {
  if (points_ == 1) {
    time[0] = spectrum[0].real();
  } else {
    plan<T>().inv(time, spectrum, static_cast<Eigen::Index>(points_));
  }
}

#endif

template class real_fft<float>;
template class real_fft<double>;

}  // namespace detail
}  // namespace ssmscan::ssm
