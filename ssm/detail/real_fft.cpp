#include <algorithm>
#include <cmath>
#include <limits>
#include <list>
#include <mutex>
#include <numbers>
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
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // g++ 12, of an array that the passes fill before they read it
#include SSMSCAN_SSM_POCKETFFT_HEADER
#pragma GCC diagnostic pop
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

namespace {

enum class way { forward, backward };

#if defined(SSMSCAN_SSM_POCKETFFT_HEADER)
constexpr index_t greatest_plain_prime = 11;
template <class T>
constexpr double twiddle_roundings = std::is_same_v<T, float> ? 1.5 : 9;
#else
constexpr index_t greatest_plain_prime = std::numeric_limits<index_t>::max();
template <class T>
constexpr double twiddle_roundings = 15;
#endif

}  // namespace

template <class T>
double real_fft<T>::error() const {
  constexpr double u = static_cast<double>(std::numeric_limits<T>::epsilon()) / 2, mu = twiddle_roundings<T> * u;
  double const g = 4 * u / (1 - 4 * u), sqrt_2 = std::sqrt(2.0), sqrt_5 = std::sqrt(5.0);
  double const binary = mu + g * (sqrt_2 + mu);
  auto const odd = [&](index_t factor) {
    double const p = static_cast<double>(factor);
    return std::sqrt(p) * ((p + 2) * u + mu) + sqrt_5 * u + mu;
  };
  double sum = 0;
  index_t rest = points_, greatest = 1;
  for (; rest % 2 == 0; rest /= 2) sum += binary;
  double const scale = rest == 1 ? 0 : 2 * u;
  for (index_t p = 3; rest > 1; p = p * p > rest ? rest : p + 2)
    for (; rest % p == 0; rest /= p) sum += odd(p), greatest = p;
  double const plain = sum / (1 - sum) + scale;
  if (greatest <= greatest_plain_prime) return plain;
  double const bits = std::log2(4 * static_cast<double>(points_));
  double a_bit = binary;
  for (index_t const p : {3, 5, 7, 11}) a_bit = std::max(a_bit, odd(p) / std::log2(static_cast<double>(p)));
  double const inner = bits * a_bit / (1 - bits * a_bit);
  double const chirps =
      std::sqrt(static_cast<double>(points_)) * (2 * (2 * inner + (sqrt_5 + 2) * u + mu) + sqrt_2 * inner) +
      2 * (sqrt_5 * u + mu);
  return std::max(plain, chirps + scale);
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

namespace {
template <class T>
void complex_transform(way which, std::complex<T> const* from, std::complex<T>* to, index_t points) {
  std::size_t const n = static_cast<std::size_t>(points);
  bool const forward = which == way::forward;
  T const factor = forward ? T(1) : T(1) / static_cast<T>(points);
  pocketfft::c2c({n}, {sizeof(*from)}, {sizeof(*to)}, {0}, forward, from, to, factor);
}
}  // namespace

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

namespace {
template <class T>
void complex_transform(way which, std::complex<T> const* from, std::complex<T>* to, index_t points) {
  std::vector<std::complex<T>> made(static_cast<std::size_t>(points));
  if (points == 1) {  // kissfft has no plan for it
    made[0] = from[0];
  } else if (which == way::forward) {
    plan<T>().fwd(made.data(), from, static_cast<Eigen::Index>(points));
  } else {
    plan<T>().inv(made.data(), from, static_cast<Eigen::Index>(points));
  }
  std::copy(made.begin(), made.end(), to);
}
}  // namespace

#endif

namespace {

// In double for floats: an angle within 2u of it, at most pi/2, and a sine: within mu.
template <class T>
std::shared_ptr<std::vector<std::complex<T>> const> turns_of(index_t points) {
  using table = std::shared_ptr<std::vector<std::complex<T>> const>;
  constexpr std::size_t most_kept = 16;
  static std::mutex mutex;
  static std::list<std::pair<index_t, table>> kept;  // the last used first
  std::lock_guard const lock(mutex);
  for (auto at = kept.begin(); at != kept.end(); ++at) {
    if (at->first != points) continue;
    kept.splice(kept.begin(), kept, at);
    return at->second;
  }
  auto made = std::make_shared<std::vector<std::complex<T>>>();
  for (index_t t = 0; 2 * t < points; ++t) {
    double const angle = std::numbers::pi * static_cast<double>(t) / static_cast<double>(points);
    made->emplace_back(static_cast<T>(std::cos(angle)), static_cast<T>(-std::sin(angle)));
  }
  kept.emplace_front(points, std::move(made));
  if (kept.size() > most_kept) kept.pop_back();
  return kept.front().second;
}

}  // namespace

template <class T>
odd_fft<T>::odd_fft(index_t points) : points_(points) {
  if (points < 2 || points % 2 != 0) throw_invalid("points", std::to_string(points), "an even number, at least 2");
  turns_ = turns_of<T>(points);
}

template <class T>
void odd_fft<T>::forward(T const* time, std::complex<T>* spectrum) const {
  T const* const later = time + bins();
  std::complex<T> const* const turns = turns_->data();
  for (index_t t = 0; t < bins(); ++t) {  // (x - i y)(c + i s)
    T const c = turns[t].real(), s = turns[t].imag();
    spectrum[t] = {time[t] * c + later[t] * s, time[t] * s - later[t] * c};
  }
  complex_transform(way::forward, spectrum, spectrum, bins());
}

template <class T>
void odd_fft<T>::backward(std::complex<T>* spectrum, T* time) const {
  complex_transform(way::backward, spectrum, spectrum, bins());
  T* const later = time + bins();
  std::complex<T> const* const turns = turns_->data();
  for (index_t t = 0; t < bins(); ++t) {  // (z)(c - i s) = x - i y
    T const c = turns[t].real(), s = turns[t].imag(), re = spectrum[t].real(), im = spectrum[t].imag();
    time[t] = re * c + im * s;
    later[t] = re * s - im * c;
  }
}

template class real_fft<float>;
template class real_fft<double>;
template class odd_fft<float>;
template class odd_fft<double>;

}  // namespace detail
}  // namespace ssmscan::ssm
