#pragma once
// What the CUDA runtime answers, as std::system_error: its name, its words, and where a user can do something about it,
// what. A call that fails because an earlier kernel failed (a sticky error) says so too: nothing is swallowed.
#include <initializer_list>
#include <string>
#include <system_error>
#include <utility>

#include <cuda_runtime_api.h>

namespace ssmscan {

namespace detail {

// The compute capabilities of the code in this translation unit, as a type; none where no nvcc compiles it. What tells them is a
// template of this type: units of one program may be compiled for others, and each is to tell its own.
#if defined(__CUDA_ARCH_LIST__)
using compiled_here = std::integer_sequence<int, __CUDA_ARCH_LIST__>;
#else
using compiled_here = std::integer_sequence<int>;
#endif

// "9.0".
template <int... Architectures>
std::string text_of(std::integer_sequence<int, Architectures...>) {
  std::string text;
  for (int const architecture : std::initializer_list<int>{Architectures...})
    text +=
        (text.empty() ? "" : ", ") + std::to_string(architecture / 100) + "." + std::to_string(architecture / 10 % 10);
  return text;
}

template <class Compiled>
std::string advice(cudaError_t status) {
  switch (status) {
    case cudaErrorNoDevice:
      return "; this machine shows no GPU (see nvidia-smi and CUDA_VISIBLE_DEVICES)";
    case cudaErrorInsufficientDriver:
    case cudaErrorStubLibrary:
      return "; the machine has no NVIDIA driver, or one older than CUDA " + std::to_string(CUDART_VERSION / 1000) +
             "." + std::to_string(CUDART_VERSION / 10 % 100) + " needs (see nvidia-smi)";
    case cudaErrorNoKernelImageForDevice:
    case cudaErrorInvalidDeviceFunction:
    case cudaErrorUnsupportedPtxVersion:
      return "; this code was compiled for " +
             (Compiled::size() == 0 ? "another GPU"
                                    : "compute capability " + text_of(Compiled{}) + ", and this GPU's is another") +
             " (build with CMAKE_CUDA_ARCHITECTURES, or nvcc -arch=native)";
    default:
      return "";
  }
}

}  // namespace detail

// code().value() is the cudaError_t. To be known by its name, as each list of capabilities has one.
template <class Compiled = detail::compiled_here>
std::error_category const& cuda_category() {
  struct category : std::error_category {
    char const* name() const noexcept override { return "cuda"; }
    std::string message(int value) const override {
      auto const status = static_cast<cudaError_t>(value);
      return std::string(cudaGetErrorName(status)) + ": " + cudaGetErrorString(status) +
             detail::advice<Compiled>(status);
    }
  };
  static category const one;
  return one;
}

// Throws std::system_error where `status` is not success. The thread's last error is taken along: it is reported once.
template <class Compiled = detail::compiled_here>
void need_success(cudaError_t status, char const* during) {
  if (status == cudaSuccess) return;
  (void)cudaGetLastError();
  throw std::system_error(static_cast<int>(status), cuda_category<Compiled>(), during);
}

}  // namespace ssmscan
