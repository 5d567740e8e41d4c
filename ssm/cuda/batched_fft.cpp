#include <string>
#include <system_error>
#include <type_traits>

#include <ssmscan/scan/error.hpp>
#include <ssmscan/ssm/cuda/batched_fft.hpp>

#if SSMSCAN_SSM_CUFFT
#include <cufft.h>

#include <ssmscan/scan/backends/cuda/error.cuh>
#endif

namespace ssmscan::device::detail {

#if SSMSCAN_SSM_CUFFT

namespace {

std::error_category const& cufft_category() {
  struct category : std::error_category {
    char const* name() const noexcept override { return "cufft"; }
    std::string message(int value) const override {
      switch (value) {
        case CUFFT_ALLOC_FAILED:
          return "CUFFT_ALLOC_FAILED: not enough device memory for the plan's tables";
        case CUFFT_INVALID_SIZE:
          return "CUFFT_INVALID_SIZE: cuFFT has no transform of this size";
        case CUFFT_SETUP_FAILED:
          return "CUFFT_SETUP_FAILED: no GPU that cuFFT can use";
        case CUFFT_EXEC_FAILED:
          return "CUFFT_EXEC_FAILED: a launch was refused";
        default:
          return "cufftResult " + std::to_string(value);
      }
    }
  };
  static category const one;
  return one;
}

void need(cufftResult result, char const* during) {
  if (result != CUFFT_SUCCESS) throw std::system_error(static_cast<int>(result), cufft_category(), during);
}

}  // namespace

template <class T>
batched_fft<T>::batched_fft(transform which, fft_shape shape) : which_(which) {
  constexpr bool is_float = std::is_same_v<T, float>;
  cufftType const type =
      which == transform::forward ? (is_float ? CUFFT_R2C : CUFFT_D2Z) : (is_float ? CUFFT_C2R : CUFFT_Z2D);
  need(cufftCreate(&handle_), "making an FFT plan");
  try {
    need(cufftSetAutoAllocation(handle_, 0), "making an FFT plan");
    long long points = shape.points, real = shape.real_pitch, spectrum = shape.spectrum_pitch;
    bool const forward = which == transform::forward;
    long long *const in = forward ? &real : &spectrum, *const out = forward ? &spectrum : &real;
    need(cufftMakePlanMany64(handle_, 1, &points, in, 1, *in, out, 1, *out, type, shape.rows, &work_bytes_),
         "making an FFT plan");
  } catch (...) {
    (void)cufftDestroy(handle_);
    throw;
  }
}

template <class T>
batched_fft<T>::~batched_fft() {
  (void)cufftDestroy(handle_);
}

template <class T>
void batched_fft<T>::run(T* real, T* spectrum, device::stream stream, std::byte* work) const {
  std::lock_guard const alone(setting_up_);
  need(cufftSetStream(handle_, stream), "giving an FFT its stream");
  if (work_bytes_ > 0) need(cufftSetWorkArea(handle_, work), "giving an FFT its work memory");
  if constexpr (std::is_same_v<T, float>) {
    auto* const bins = reinterpret_cast<cufftComplex*>(spectrum);
    need(which_ == transform::forward ? cufftExecR2C(handle_, real, bins) : cufftExecC2R(handle_, bins, real),
         "launching an FFT");
  } else {
    auto* const bins = reinterpret_cast<cufftDoubleComplex*>(spectrum);
    need(which_ == transform::forward ? cufftExecD2Z(handle_, real, bins) : cufftExecZ2D(handle_, bins, real),
         "launching an FFT");
  }
}

#else

template <class T>
batched_fft<T>::batched_fft(transform which, fft_shape) : which_(which) {
  throw std::system_error(std::make_error_code(std::errc::function_not_supported),
                          "this build of ssmscan::ssm_cuda has no FFT: CMake found no cuFFT in the CUDA toolkit");
}
template <class T>
batched_fft<T>::~batched_fft() = default;
template <class T>
void batched_fft<T>::run(T*, T*, device::stream, std::byte*) const {}

#endif

template class batched_fft<float>;
template class batched_fft<double>;

}  // namespace ssmscan::device::detail
