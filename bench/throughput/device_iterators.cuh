#pragma once
// a[i] and b[i] as the map x -> a x + b, and of a map its b: how separate arrays enter a scan of pairs and leave it.
#include <cuda/std/tuple>
#include <thrust/iterator/transform_iterator.h>
#include <thrust/iterator/transform_output_iterator.h>
#include <thrust/iterator/zip_iterator.h>
#include <thrust/tuple.h>

#include <ssmscan/scan/monoids/affine.hpp>

namespace ssmscan::bench::gpu {

template <class T>
struct to_map {
  template <class Tuple>
  __host__ __device__ affine_map<T> operator()(Tuple const& values) const {
    return {thrust::get<0>(values), thrust::get<1>(values)};
  }
};

template <class T>
struct to_b {
  __host__ __device__ T operator()(affine_map<T> const& map) const { return map.b; }
};

template <class T>
auto maps_of(T const* a, T const* b) {
  return thrust::make_transform_iterator(thrust::make_zip_iterator(thrust::make_tuple(a, b)), to_map<T>{});
}
template <class T>
auto only_b(T* x) {
  return thrust::make_transform_output_iterator(x, to_b<T>{});
}

}  // namespace ssmscan::bench::gpu
