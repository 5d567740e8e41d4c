#pragma once
// CUB and Thrust on the GPU, as functions that a contender calls: what their users would write for one sequence, with the
// library's affine operator. No CUDA header here.
#include <cstddef>

#include "bench/common/cuda/device.hpp"

#include <ssmscan/scan/monoids/affine.hpp>

namespace ssmscan::bench::gpu {

// Two arrays into one: values go in and come out through iterators, 3 sizeof(T) bytes an element.
template <class T>
struct array_scan {
  std::size_t (*temporary_bytes)(index_t time);
  void (*enqueue)(std::span<std::byte> temporary, T const* a, T const* b, T* x, index_t time);
};
template <class T>
array_scan<T> cub_arrays();
template <class T>
array_scan<T> thrust_arrays();

// Pairs into pairs, 4 sizeof(T) bytes an element.
template <class T>
struct pair_scan {
  std::size_t (*temporary_bytes)(index_t time);
  void (*enqueue)(std::span<std::byte> temporary, affine_map<T> const* in, affine_map<T>* out, index_t time);
};
template <class T>
pair_scan<T> cub_pairs();

// "CUB 3.0.1"
char const* cub_version();
char const* thrust_version();

}  // namespace ssmscan::bench::gpu
