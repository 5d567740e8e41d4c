// Thrust on the GPU: it allocates its temporary storage at each call, as its users see it, so it cannot be captured.
#include <complex>
#include <cstdint>

#include "bench/throughput/device_iterators.cuh"
#include "bench/throughput/device_libraries.hpp"
#include <thrust/scan.h>
#include <thrust/system/cuda/execution_policy.h>
#include <thrust/version.h>

namespace ssmscan::bench::gpu {

template <class T>
array_scan<T> thrust_arrays() {
  return {[](index_t) { return std::size_t{0}; },
          [](std::span<std::byte>, T const* a, T const* b, T* x, index_t time) {
            auto const in = maps_of(a, b);
            thrust::inclusive_scan(thrust::cuda::par_nosync.on(the_stream()), in, in + time, only_b(x), affine<T>{});
          }};
}

char const* thrust_version() {
  static std::string const text = "Thrust " + std::to_string(THRUST_MAJOR_VERSION) + "." +
                                  std::to_string(THRUST_MINOR_VERSION) + "." + std::to_string(THRUST_SUBMINOR_VERSION);
  return text.c_str();
}

template array_scan<float> thrust_arrays<float>();
template array_scan<double> thrust_arrays<double>();
template array_scan<std::complex<float>> thrust_arrays<std::complex<float>>();
template array_scan<std::uint32_t> thrust_arrays<std::uint32_t>();

}  // namespace ssmscan::bench::gpu
