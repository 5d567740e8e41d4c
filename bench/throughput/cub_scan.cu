#include <complex>
#include <cstdint>

#include "bench/throughput/device_iterators.cuh"
#include "bench/throughput/device_libraries.hpp"
#include <cub/device/device_scan.cuh>
#include <cub/version.cuh>

#include <ssmscan/scan/backends/cuda/error.cuh>

namespace ssmscan::bench::gpu {
namespace {

template <class T, class In, class Out>
std::size_t temporary_for(In in, Out out, index_t time) {
  std::size_t bytes = 0;
  need_success(cub::DeviceScan::InclusiveScan(nullptr, bytes, in, out, affine<T>{}, time, the_stream()),
               "asking for CUB's temporary storage");
  return bytes;
}

template <class T, class In, class Out>
void scan(std::span<std::byte> temporary, In in, Out out, index_t time) {
  std::size_t bytes = temporary.size();
  need_success(cub::DeviceScan::InclusiveScan(temporary.data(), bytes, in, out, affine<T>{}, time, the_stream()),
               "launching CUB's scan");
}

}  // namespace

template <class T>
array_scan<T> cub_arrays() {
  return {[](index_t time) { return temporary_for<T>(maps_of<T>(nullptr, nullptr), only_b<T>(nullptr), time); },
          [](std::span<std::byte> temporary, T const* a, T const* b, T* x, index_t time) {
            scan<T>(temporary, maps_of(a, b), only_b(x), time);
          }};
}

template <class T>
pair_scan<T> cub_pairs() {
  using pair = affine_map<T>;
  return {[](index_t time) {
            return temporary_for<T>(static_cast<pair const*>(nullptr), static_cast<pair*>(nullptr), time);
          },
          [](std::span<std::byte> temporary, pair const* in, pair* out, index_t time) {
            scan<T>(temporary, in, out, time);
          }};
}

char const* cub_version() {
  static std::string const text = "CUB " + std::to_string(CUB_MAJOR_VERSION) + "." + std::to_string(CUB_MINOR_VERSION) +
                                  "." + std::to_string(CUB_SUBMINOR_VERSION);
  return text.c_str();
}

#define SSMSCAN_INSTANTIATE(T)            \
  template array_scan<T> cub_arrays<T>(); \
  template pair_scan<T> cub_pairs<T>();
SSMSCAN_INSTANTIATE(float)
SSMSCAN_INSTANTIATE(double)
SSMSCAN_INSTANTIATE(std::complex<float>)
SSMSCAN_INSTANTIATE(std::uint32_t)
#undef SSMSCAN_INSTANTIATE

}  // namespace ssmscan::bench::gpu
