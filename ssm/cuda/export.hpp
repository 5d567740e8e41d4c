#pragma once
// Visibility of the component ssmscan::ssm_cuda.
#if defined(SSMSCAN_SSM_CUDA_STATIC_DEFINE)
#define SSMSCAN_SSM_CUDA_EXPORT
#else
#define SSMSCAN_SSM_CUDA_EXPORT __attribute__((visibility("default")))
#endif
