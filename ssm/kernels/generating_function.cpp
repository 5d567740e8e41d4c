#include <numbers>

#include <Eigen/LU>

#include <ssmscan/ssm/detail/circle.hpp>
#include <ssmscan/ssm/detail/need.hpp>
#include <ssmscan/ssm/detail/need_matrix.hpp>
#include <ssmscan/ssm/detail/real_fft.hpp>
#include <ssmscan/ssm/kernels/generating_function.hpp>

namespace ssmscan::ssm {

std::vector<double> generating_function_kernel(dense_system<std::complex<double>> const& discrete,
                                               Eigen::RowVectorXcd const& c, index_t length) {
  using complex = std::complex<double>;
  detail::need_length(length);
  Eigen::MatrixXcd const& a = discrete.a;
  detail::need_matrix("discrete.a", a, a.rows(), a.rows());
  detail::need_matrix("discrete.b", discrete.b, a.rows(), 1);
  detail::need_matrix("c", c, 1, a.rows());
  Eigen::VectorXcd const b = discrete.b;
  Eigen::MatrixXcd const identity = Eigen::MatrixXcd::Identity(a.rows(), a.rows());
  Eigen::MatrixXcd power = identity;
  Eigen::RowVectorXcd truncated = c;
  {
    Eigen::RowVectorXcd row = c;
    power = a;
    for (index_t left = length; left > 0; left /= 2) {
      if (left % 2 != 0) row = (row * power).eval();
      if (left > 1) power = (power * power).eval();
    }
    truncated -= detail::circle_power * row;
  }
  // The real part of the kernel has the Hermitian part of the spectrum, (K^(z) + conj K^(conj z)) / 2.
  double const radius = std::exp(-2 * detail::half_sigma<double>(length));
  detail::real_fft<double> const fft(length);
  std::vector<complex> spectrum(static_cast<std::size_t>(fft.bins()));
  for (index_t k = 0; k < fft.bins(); ++k) {
    double const angle = 2 * std::numbers::pi * static_cast<double>(k) / static_cast<double>(length);
    auto const at = [&](complex z) { return (truncated * (identity - z * a).partialPivLu().solve(b)).value(); };
    complex const z = radius * complex(std::cos(angle), -std::sin(angle));
    spectrum[static_cast<std::size_t>(k)] = (at(z) + std::conj(at(std::conj(z)))) / 2.0;
  }
  std::vector<double> kernel(static_cast<std::size_t>(length));
  fft.backward(spectrum.data(), kernel.data());
  for (index_t l = 0; l < length; ++l) kernel[static_cast<std::size_t>(l)] *= detail::circle_growth<double>(l, length);
  return kernel;
}

}  // namespace ssmscan::ssm
