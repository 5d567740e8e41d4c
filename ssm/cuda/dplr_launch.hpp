#pragma once
// What dplr_kernels.cpp prepares and dplr_kernels.cu launches.
#include <vector>

#include <ssmscan/ssm/cuda/device_array.hpp>
#include <ssmscan/ssm/cuda/dplr_kernels.hpp>
#include <ssmscan/ssm/kernels/dplr_sums.hpp>

namespace ssmscan::device::detail {

// A root that the host made: over L, as the inverse transform needs it.
template <class T>
struct made_root {
  index_t channel, root;
  T re, im;
};

template <class T>
struct dplr_parameters {
  std::vector<T> tangent, tangent_rest;  // of the bins
  std::vector<T> growth;                 // r^-l of the taps
  T tau;
  std::vector<ssm::detail::dplr_pole<T>> poles;
  std::vector<index_t> first_pole;  // of each channel, and the end
  std::vector<made_root<T>> made;
};

template <class T>
struct dplr_on_device {
  index_t channels, bins, length, most_poles, made_roots;
  T tau;
  device_array<T> tangent, tangent_rest, growth;
  device_array<ssm::detail::dplr_pole<T>> poles;
  device_array<index_t> first_pole;
  device_array<made_root<T>> made;
};

// Copies, and waits.
template <class T>
dplr_on_device<T> upload(dplr_parameters<T> const& parameters, index_t length);
// spectra (channels, bins), complex, over L.
template <class T>
void launch_spectra(dplr_on_device<T> const& on, T* spectra, device::stream stream);
// Of L = 1, where there is nothing to transform.
template <class T>
void launch_single_taps(dplr_on_device<T> const& on, T const* spectra, T* taps, device::stream stream);

// taps (channels, length) times r^-l.
template <class T>
void launch_growth(dplr_on_device<T> const& on, T* taps, device::stream stream);

}  // namespace ssmscan::device::detail
