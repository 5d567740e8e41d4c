#pragma once
// The convolution kernel by its definition, K[l] = C Ab^l Bb: the state left by a unit impulse, stepped and read out.
// Cost N^2 (dense) or N (diagonal) per tap, nothing clever: the other kernels are held against this one. As they do, it
// throws std::invalid_argument on a length below 1.
#include <complex>
#include <span>
#include <vector>

#include <Eigen/Core>

#include <ssmscan/ssm/detail/need.hpp>
#include <ssmscan/ssm/discretize.hpp>
#include <ssmscan/ssm/discretize_dense.hpp>

namespace ssmscan::ssm {

// Dense. c is a row vector, not conjugated.
template <class Scalar>
std::vector<Scalar> naive_kernel(dense_system<Scalar> const& discrete,
                                 Eigen::Matrix<Scalar, 1, Eigen::Dynamic> const& c, index_t length) {
  detail::need_length(length);
  std::vector<Scalar> kernel;
  kernel.reserve(static_cast<std::size_t>(length));
  Eigen::Matrix<Scalar, Eigen::Dynamic, 1> state = discrete.b;
  for (index_t l = 0; l < length; ++l) {
    kernel.push_back((c * state).value());
    state = (discrete.a * state).eval();
  }
  return kernel;
}

// Diagonal: K[l] = sum_n c[n] a[n]^l b[n], complex; the caller takes Re(.) or 2 Re(.).
inline std::vector<std::complex<double>> naive_kernel(std::span<std::complex<double> const> a,
                                                      std::span<std::complex<double> const> b,
                                                      std::span<std::complex<double> const> c, index_t length) {
  detail::need_length(length);
  std::vector<std::complex<double>> state(b.begin(), b.end());
  std::vector<std::complex<double>> kernel(static_cast<std::size_t>(length));
  for (std::complex<double>& tap : kernel) {
    for (std::size_t n = 0; n < a.size(); ++n) {
      tap += times(c[n], state[n]);
      state[n] = times(a[n], state[n]);
    }
  }
  return kernel;
}

}  // namespace ssmscan::ssm
