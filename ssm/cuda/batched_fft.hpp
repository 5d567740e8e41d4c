#pragma once
// Transforms of many rows of real values on a device, by cuFFT, which batched_fft.cpp alone sees. A plan is made once (that
// allocates and waits); running it does neither, in work memory that the caller gives, and can be captured in a CUDA graph.
#include <cstddef>
#include <mutex>

#include <ssmscan/scan/backends/cuda/linear_recurrence.hpp>

namespace ssmscan::device::detail {

enum class transform {
  forward,  // spectrum[k] = sum_t time[t] e^{-2 pi i k t / n}, 0 <= k <= n / 2
  backward  // its inverse times n
};

// Row r begins real_pitch reals after row r - 1, its spectrum spectrum_pitch complex numbers after.
struct fft_shape {
  index_t points, rows, real_pitch, spectrum_pitch;
};

// T: float or double.
template <class T>
class batched_fft {
 public:
  // Throws std::system_error of category "cufft" where cuFFT refuses, and of errc::function_not_supported in a build without.
  batched_fft(transform which, fft_shape shape);
  batched_fft(batched_fft const&) = delete;
  batched_fft& operator=(batched_fft const&) = delete;
  ~batched_fft();
  std::size_t work_bytes() const { return work_bytes_; }
  // Real and spectrum may be the same memory, with real_pitch = 2 spectrum_pitch; backward overwrites the spectrum. One call at
  // a time sets up the plan; what is launched runs on.
  void run(T* real, T* spectrum, device::stream stream, std::byte* work) const;

 private:
  transform which_;
  int handle_ = 0;
  std::size_t work_bytes_ = 0;
  mutable std::mutex setting_up_;
};

}  // namespace ssmscan::device::detail
