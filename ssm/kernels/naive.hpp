#pragma once
// The convolution kernel by its definition, K[l] = C Ab^l Bb: the state left by a unit impulse, stepped and read out.
// Cost N^2 (dense) or N (diagonal) per tap, nothing clever: the other kernels are held against this one. As they do, it
// throws std::invalid_argument on a length below 1, on shapes that do not agree and on numbers that are not finite.
#include <complex>
#include <span>
#include <vector>

#include <Eigen/Core>

#include <ssmscan/ssm/detail/need.hpp>
#include <ssmscan/ssm/detail/need_matrix.hpp>
#include <ssmscan/ssm/discretize.hpp>
#include <ssmscan/ssm/discretize_dense.hpp>

namespace ssmscan::ssm {

// Dense, of one input: a (N, N), b (N, 1). c is a row vector (1, N), not conjugated.
template <class Scalar>
std::vector<Scalar> naive_kernel(dense_system<Scalar> const& discrete,
                                 Eigen::Matrix<Scalar, 1, Eigen::Dynamic> const& c, index_t length) {
  detail::need_length(length);
  Eigen::Index const size = discrete.a.rows();
  detail::need_matrix("a", discrete.a, size, size);
  detail::need_matrix("b", discrete.b, size, 1);
  detail::need_matrix("c", c, 1, size);
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
  detail::need_values("a", a, a.size());
  detail::need_values("b", b, a.size(), "a");
  detail::need_values("c", c, a.size(), "a");
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
