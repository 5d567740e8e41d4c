#pragma once
// S4D on a device for arrays in the host's memory: copied there, computed, and copied back. For tools and tests, where copying is
// not what is measured.
#include <span>

#include <ssmscan/ssm/cuda/export.hpp>
#include <ssmscan/ssm/diagonal_system.hpp>
#include <ssmscan/ssm/layer.hpp>

namespace ssmscan::device {

// y of `batch` sequences through one channel, by diagonal_layer's scan, or by its kernel and causal_convolution; T: float or double.
// Waits; allocates on the device. Throws std::invalid_argument where u and y are not batch sequences of one length, or the
// mode is recurrence; else as those do.
template <class T>
SSMSCAN_SSM_CUDA_EXPORT void diagonal_layer_from_host(ssm::diagonal_system const& system, index_t batch,
                                                      std::span<T const> u, std::span<T> y, ssm::mode mode);

}  // namespace ssmscan::device
