#include <numbers>
#include <string>

#include <Eigen/LU>

#include <ssmscan/scan/error.hpp>
#include <ssmscan/ssm/detail/circle.hpp>
#include <ssmscan/ssm/detail/need.hpp>
#include <ssmscan/ssm/detail/real_fft.hpp>
#include <ssmscan/ssm/kernels/generating_function.hpp>

namespace ssmscan::ssm {

std::vector<double> generating_function_kernel(dense_system<std::complex<double>> const& discrete,
                                               Eigen::RowVectorXcd const& c, index_t length) {
  using complex = std::complex<double>;
  detail::need_length(length);
  Eigen::MatrixXcd const& a = discrete.a;
  Eigen::VectorXcd const& b = discrete.b;
  if (a.rows() != a.cols() || b.size() != a.rows() || c.size() != a.rows())
    throw_invalid("discrete",
                  "A " + std::to_string(a.rows()) + " x " + std::to_string(a.cols()) + ", B " +
                      std::to_string(b.size()) + ", C " + std::to_string(c.size()),
                  "N x N, N and N");
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
