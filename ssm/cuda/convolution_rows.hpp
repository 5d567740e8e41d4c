#pragma once
// The launches of a causal convolution beside its transforms, on rows of `bins` pairs of values: of a group's channel c,
// room_batch rows of signals; after all of them, a row for each kernel. Rows that no signal fills hold zeros.
#include <ssmscan/ssm/cuda/convolution.hpp>

namespace ssmscan::device::detail {

template <class T>
struct convolution_group {
  T* rows;
  index_t bins;
  index_t first_channel, channels, first_batch, batch;  // the signals that there are
  index_t room_channels, room_batch;                    // how many there is room for
  convolution_call<T> call;

  index_t signals() const { return room_channels * room_batch; }
};

template <class T>
void launch_pad(convolution_group<T> const& group, device::stream stream);
// Spectra of signals times their kernels', times over_n.
template <class T>
void launch_multiply(convolution_group<T> const& group, T over_n, device::stream stream);
template <class T>
void launch_crop(convolution_group<T> const& group, device::stream stream);

}  // namespace ssmscan::device::detail
