#pragma once
// Ab of the bilinear rule as dplr_stepper applies it, column by column.
#include <algorithm>
#include <complex>
#include <type_traits>
#include <vector>

#include <Eigen/Core>

#include <ssmscan/ssm/dplr_system.hpp>

namespace ssmscan::ssm::detail {

// The matrix of the real-linear map x -> Ab x on (Re x, Im x), for a half spectrum; of the
// complex one for a full spectrum.
template <class Scalar>
Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic> step_matrix(dplr_stepper const& stepper) {
  index_t const n = stepper.size();
  constexpr bool parts = std::is_same_v<Scalar, double>;
  index_t const dimension = parts ? 2 * n : n;
  Eigen::Matrix<Scalar, Eigen::Dynamic, Eigen::Dynamic> made(dimension, dimension);
  std::vector<std::complex<double>> x(static_cast<std::size_t>(n));
  for (index_t k = 0; k < dimension; ++k) {
    std::fill(x.begin(), x.end(), std::complex<double>{});
    x[static_cast<std::size_t>(k % n)] = k < n ? std::complex<double>(1, 0) : std::complex<double>(0, 1);
    stepper.step(x.data(), 0);
    for (index_t i = 0; i < n; ++i) {
      if constexpr (parts) {
        made(i, k) = x[static_cast<std::size_t>(i)].real();
        made(n + i, k) = x[static_cast<std::size_t>(i)].imag();
      } else {
        made(i, k) = x[static_cast<std::size_t>(i)];
      }
    }
  }
  return made;
}

}  // namespace ssmscan::ssm::detail
