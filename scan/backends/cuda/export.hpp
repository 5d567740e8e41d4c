#pragma once
// Visibility of the component ssmscan::cuda. Written by hand, unlike the others', so that its headers are whole where
// the component was not built.
#if defined(SSMSCAN_CUDA_STATIC_DEFINE)
#define SSMSCAN_CUDA_EXPORT
#else
#define SSMSCAN_CUDA_EXPORT __attribute__((visibility("default")))
#endif
