#pragma once
// The cells of bench_ssm on a CUDA device, each verified, then timed by the device's clock.
//
//   kernel.f32/vandermonde/cuda        S4D's kernels of all channels
//   kernel.f32/dplr/cuda               S4's kernels of all channels
//   convolution.f32/fft/cuda           by cuFFT, with kernels that are there
//   layer.f32/convolution/cuda         S4D from input to output, its kernels made in every pass
//   layer.f32/scan/cuda                S4D from input to output by the fused scan
// Counter bytes_beside: device memory that a pass takes beside u and y, kernels and workspace.
#include <vector>

#include "bench/common/main.hpp"

#include <ssmscan/scan/concepts.hpp>

namespace ssmscan::bench {

void add_device(std::vector<index_t> const& states, std::vector<index_t> const& channels,
                std::vector<index_t> const& lengths, options const& given);

}  // namespace ssmscan::bench
