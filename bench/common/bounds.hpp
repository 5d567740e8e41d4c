#pragma once
// What memory allows: x = a b element by element reads a, reads b and writes x, as a perfect scan would, and computes
// nothing worth mentioning ("triad"). Stores that bypass the caches save the read of the line to be written, and lose
// where the data fit the caches: both are measured, and the faster is the bound. `copy` reads b and writes x.
#include <algorithm>
#include <chrono>
#include <cstring>
#include <limits>
#include <vector>

#include <omp.h>
#include <unistd.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "bench/common/outcome.hpp"
#include "bench/common/problem.hpp"

#include <ssmscan/scan/reference/oracle.hpp>

namespace ssmscan::bench {

enum class stores { plain, streaming };
enum class bound_kernel { triad, copy };

#if defined(__SSE2__)
inline constexpr bool streaming_stores_exist = true;
#else
inline constexpr bool streaming_stores_exist = false;
#endif

// A complex product would be more than the memory's work, so complex data are pairs of reals here; uint32_t is added, and
// so are pairs of 16-bit elements.
template <class T>
struct words_of_type {
  using type = reference::real_t<T>;
};
template <storage_dtype S>
struct words_of_type<S> {
  using type = std::uint32_t;
};
template <class T>
using words_t = typename words_of_type<T>::type;
template <class T>
std::size_t words_in(std::size_t elements) {
  return elements * sizeof(T) / sizeof(words_t<T>);
}

template <class W>
W triad_of(W a, W b) {
  if constexpr (std::same_as<W, std::uint32_t>) {
    return a + b;
  } else {
    return a * b;
  }
}

// One thread's share, [begin, end) in words.
template <bound_kernel Kernel, class W>
void bound_share(stores how, W const* __restrict a, W const* __restrict b, W* __restrict x, std::size_t begin,
                 std::size_t end) {
  auto const value = [&](std::size_t i) { return Kernel == bound_kernel::triad ? triad_of(a[i], b[i]) : b[i]; };
#if defined(__SSE2__)
  if (how == stores::streaming) {
    constexpr std::size_t width = 16 / sizeof(W);  // words in an SSE register
    for (; begin < end && reinterpret_cast<std::uintptr_t>(x + begin) % 16 != 0; ++begin) x[begin] = value(begin);
    for (; begin + width <= end; begin += width) {
      alignas(16) W out[width];
      for (std::size_t k = 0; k < width; ++k) out[k] = value(begin + k);
      __m128i line;
      std::memcpy(&line, out, sizeof line);
      _mm_stream_si128(reinterpret_cast<__m128i*>(x + begin), line);
    }
    for (; begin < end; ++begin) x[begin] = value(begin);
    _mm_sfence();
    return;
  }
#endif
  static_cast<void>(how);
  for (std::size_t i = begin; i < end; ++i) x[i] = value(i);
}

template <bound_kernel Kernel, class W>
void bound_pass(stores how, int threads, W const* a, W const* b, W* x, std::size_t n) {
  if (threads == 1) {
    bound_share<Kernel>(how, a, b, x, 0, n);
    return;
  }
#pragma omp parallel num_threads(threads)
  {
    auto const count = static_cast<std::size_t>(omp_get_num_threads());
    auto const share = static_cast<std::size_t>(omp_get_thread_num());
    bound_share<Kernel>(how, a, b, x, n * share / count, n * (share + 1) / count);
  }
}

// The kernel on a problem's own memory; a broadcast a is read again and again, from cache.
template <bound_kernel Kernel, class T>
void run_bound(problem<T>& on, stores how, int threads) {
  using W = words_t<T>;
  auto const* const b = reinterpret_cast<W const*>(on.b.data());
  auto const* const a = on.a.size() == on.b.size() ? reinterpret_cast<W const*>(on.a.data()) : b;
  bound_pass<Kernel>(how, threads, a, b, reinterpret_cast<W*>(on.x.data()), words_in<T>(on.x.size()));
}

// Empty, or what is wrong: both kernels are exact.
template <bound_kernel Kernel, class T>
std::string check_bound(problem<T> const& on) {
  using W = words_t<T>;
  auto const* const b = reinterpret_cast<W const*>(on.b.data());
  auto const* const a = on.a.size() == on.b.size() ? reinterpret_cast<W const*>(on.a.data()) : b;
  auto const* const x = reinterpret_cast<W const*>(on.x.data());
  for (std::size_t i = 0; i < words_in<T>(on.x.size()); ++i)
    if (x[i] != (Kernel == bound_kernel::triad ? triad_of(a[i], b[i]) : b[i]))
      return wrong_result + ("word " + std::to_string(i)) + " of the bound";
  return "";
}

// Writes a buffer of twice the last cache, so that nothing of a problem stays cached.
class cache_flusher {
 public:
  void operator()() {
    if (lines_.empty()) lines_.resize(bytes());
    for (auto& line : lines_) line = static_cast<char>(line + 1);
  }

 private:
  static std::size_t bytes() {
    long cache = -1;
#if defined(_SC_LEVEL3_CACHE_SIZE)
    cache = sysconf(_SC_LEVEL3_CACHE_SIZE);
#endif
    constexpr std::size_t where_unknown = std::size_t{128} << 20;
    return cache > 0 ? 2 * static_cast<std::size_t>(cache) : where_unknown;
  }
  std::vector<char> lines_;
};

// Passes untimed, until caches hold what they hold from then on. A last cache of 260 MB takes ten passes over 201 MB for that, of
// which the first take up to 1.7 times as long (docs/experiments/cpu_simd.md): whoever were timed without would be the slower.
template <class Pass>
void warm_up(Pass const& pass) {
  using clock = std::chrono::steady_clock;
  constexpr int most_passes = 12;
  constexpr double most_seconds = 0.05;
  auto const begin = clock::now();
  for (int made = 0; made < most_passes; ++made) {
    pass();
    if (std::chrono::duration<double>(clock::now() - begin).count() > most_seconds) return;
  }
}

// Median seconds of a pass, over at least five passes and 20 ms.
template <class Pass, class Before>
double median_seconds(Pass const& pass, Before const& before) {
  using clock = std::chrono::steady_clock;
  constexpr std::size_t least_samples = 5, most_samples = 2001;
  constexpr double least_seconds = 0.02;
  std::vector<double> seconds;
  pass();
  for (double total = 0; seconds.size() < least_samples || (total < least_seconds && seconds.size() < most_samples);) {
    before();
    auto const begin = clock::now();
    pass();
    seconds.push_back(std::chrono::duration<double>(clock::now() - begin).count());
    total += seconds.back();
  }
  std::ranges::nth_element(seconds, seconds.begin() + static_cast<std::ptrdiff_t>(seconds.size() / 2));
  return seconds[seconds.size() / 2];
}

struct measured_bound {
  stores how = stores::plain;
  int threads = 1;
  double seconds = std::numeric_limits<double>::infinity();
};

template <bound_kernel Kernel, class T, class Before>
double seconds_of_bound(problem<T>& on, stores how, int threads, Before const& before) {
  auto const pass = [&] { run_bound<Kernel>(on, how, threads); };
  warm_up(pass);
  return median_seconds(pass, before);
}

// The fastest way with up to so many threads: small problems are done before a second thread has begun.
template <bound_kernel Kernel, class T, class Before>
measured_bound measure_bound(problem<T>& on, int threads, Before const& before) {
  measured_bound best;
  for (int const workers : {1, threads}) {
    for (stores const how : {stores::plain, stores::streaming}) {
      if (how == stores::streaming && !streaming_stores_exist) continue;
      double const seconds = seconds_of_bound<Kernel>(on, how, workers, before);
      if (seconds < best.seconds) best = {how, workers, seconds};
    }
    if (threads == 1) break;
  }
  return best;
}

}  // namespace ssmscan::bench
