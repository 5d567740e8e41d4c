#include <algorithm>
#include <cmath>
#include <limits>

#include <ssmscan/ssm/detail/need.hpp>
#include <ssmscan/ssm/detail/pole_logarithm.hpp>
#include <ssmscan/ssm/kernels/diagonal.hpp>
#include <ssmscan/ssm/kernels/diagonal_sums.hpp>

namespace ssmscan::ssm {
namespace {

using complex = std::complex<double>;
using detail::log_of_pole, detail::logarithm, detail::unit_roundoff;

// Phases below it keep what is left out of `power` below 2^-66; moduli of e^greatest_exponent are out of double's range, and
// of e^-greatest_exponent below its least number.
constexpr double greatest_phase = 0x1p31, greatest_exponent = 746;

// e^{l w}: the exponent's rounding error, |e| <= u |l w|, is a factor 1 + e on the modulus and a turn of the phase to
// second order (e^3/6 < 2^-66 while |l Im w| < 2^31).
complex power(logarithm const& w, double l) {
  double const exponent = l * w.hi.real();
  if (exponent < -greatest_exponent) return {};
  double const phase = l * w.hi.imag();
  double const exponent_rest = std::fma(l, w.hi.real(), -exponent) + l * w.lo.real();
  double const phase_rest = std::fma(l, w.hi.imag(), -phase) + l * w.lo.imag();
  double const modulus = std::exp(exponent) * (1 + exponent_rest);
  double const cosine = std::cos(phase);
  double const sine = std::sin(phase);
  double const shrink = phase_rest * phase_rest / 2;
  return {modulus * (cosine - (phase_rest * sine + shrink * cosine)),
          modulus * (sine + (phase_rest * cosine - shrink * sine))};
}

std::vector<logarithm> logs_of(diagonal_system const& system) {
  std::vector<logarithm> logs;
  for (complex const& lambda : system.lambda) logs.push_back(log_of_pole(lambda, system.step, system.rule));
  return logs;
}

std::vector<complex> gains_of(diagonal_system const& system) {
  discrete_diagonal const discrete = discretize(system);
  std::vector<complex> gain;
  for (std::size_t n = 0; n < system.c.size(); ++n) gain.push_back(times(system.c[n], discrete.b[n]));
  return gain;
}

// a^l; w = 0 where a is.
complex power_of(logarithm const& w, index_t l) {
  return w.vanishes && l > 0 ? complex{} : power(w, static_cast<double>(l));
}

// What is below the normal numbers of T is no more than slow.
template <class T>
T normal(double x) {
  return std::abs(x) < static_cast<double>(std::numeric_limits<T>::min()) ? T(0) : static_cast<T>(x);
}

index_t up_to_multiple(index_t x, index_t of) { return (x + of - 1) / of * of; }

// About the square root of the length, in which the number of powers is least.
index_t width_for(index_t length) {
  return up_to_multiple(static_cast<index_t>(std::ceil(std::sqrt(static_cast<double>(length)))),
                        detail::vandermonde_columns);
}

template <class T>
detail::vandermonde_factors<T> factors_of(diagonal_system const& system, index_t length) {
  std::vector<logarithm> const logs = logs_of(system);
  std::vector<complex> const gain = gains_of(system);
  index_t const width = width_for(length), rows = (length + width - 1) / width, block = detail::vandermonde_rows;
  detail::vandermonde_factors<T> made{static_cast<index_t>(logs.size()), up_to_multiple(rows, block), width};
  made.far.resize(static_cast<std::size_t>(2 * made.rows * made.poles));  // rows beyond the length: zeros
  for (index_t n = 0; n < made.poles; ++n) {
    auto const& w = logs[static_cast<std::size_t>(n)];
    for (index_t column = 0; column < width; ++column) {
      complex const a = power_of(w, column);
      made.near_re.push_back(normal<T>(a.real())), made.near_im.push_back(normal<T>(a.imag()));
    }
    for (index_t row = 0; row < rows; ++row) {
      complex const a = times(gain[static_cast<std::size_t>(n)], power_of(w, row * width));
      auto const to = static_cast<std::size_t>(2 * block * (row / block * made.poles + n) + row % block);
      made.far[to] = normal<T>(a.real()), made.far[to + static_cast<std::size_t>(block)] = normal<T>(a.imag());
    }
  }
  return made;
}

}  // namespace

void need_diagonal_kernel_length(diagonal_system const& system, index_t length) {
  detail::need_length(length);
  discretize(system);  // refuses what has no logarithm
  for (std::size_t n = 0; n < system.lambda.size(); ++n) {
    logarithm const w = log_of_pole(system.lambda[n], system.step, system.rule);
    double const last = static_cast<double>(length - 1), within = greatest_exponent / std::abs(w.hi.real());
    if (w.vanishes || std::min(last, within) * std::abs(w.hi.imag()) < greatest_phase) continue;
    throw_invalid("length",
                  std::to_string(length) + ", of which an eigenvalue turns by " + detail::text_of(w.hi.imag()) +
                      " a step (index " + std::to_string(n) + ")",
                  "a length that turns it by less than 2^31");
  }
}

std::vector<double> diagonal_kernel_by_taps(diagonal_system const& system, index_t length) {
  need_diagonal_kernel_length(system, length);
  std::vector<logarithm> const logs = logs_of(system);
  std::vector<complex> const gain = gains_of(system);

  std::vector<double> kernel(static_cast<std::size_t>(length));
  for (std::size_t l = 0; l < kernel.size(); ++l) {
    double sum = 0;
    for (std::size_t n = 0; n < logs.size(); ++n)
      sum += times(gain[n], power_of(logs[n], static_cast<index_t>(l))).real();
    kernel[l] = system.read_out_factor() * sum;
  }
  return kernel;
}

template <class T>
std::vector<T> diagonal_kernel(diagonal_system const& system, index_t length) {
  need_diagonal_kernel_length(system, length);
  auto const factors = factors_of<T>(system, length);
  std::vector<T> kernel(static_cast<std::size_t>(factors.rows * factors.width));
  detail::vandermonde_sums(factors, kernel.data());
  kernel.resize(static_cast<std::size_t>(length));
  auto const factor = static_cast<T>(system.read_out_factor());
  for (T& tap : kernel) tap *= factor;
  return kernel;
}

template <class T>
std::vector<double> diagonal_kernel_bound(diagonal_system const& system, index_t length) {
  detail::need_length(length);
  constexpr double u = unit_roundoff;
  constexpr double sum_unit = static_cast<double>(std::numeric_limits<T>::epsilon()) / 2;
  constexpr double factor_roundings = sum_unit > u ? 2 : 0;  // from double to T
  constexpr double power_roundings = 12;   // exp 2u, sin and cos 2u, turn 3u, 1 + e, two products; cross terms
  constexpr double product_roundings = 5;  // two complex products, sqrt(5) u each
  constexpr double second_order = 1 + 0x1p-20;
  // Below this a relative bound says nothing: a part of either factor is dropped, an error of sqrt(2) of it times the other.
  constexpr double underflow = 2 * static_cast<double>(std::numeric_limits<T>::min());
  discrete_diagonal const discrete = discretize(system);
  double const terms = static_cast<double>(system.lambda.size()), width = static_cast<double>(width_for(length));

  std::vector<double> bound(static_cast<std::size_t>(length), 0.0), size(bound);
  for (std::size_t n = 0; n < system.lambda.size(); ++n) {
    logarithm const w = log_of_pole(system.lambda[n], system.step, system.rule);
    double const stored_error = discretization_error(system.lambda[n], system.step, system.rule);
    double const modulus = std::abs(discrete.a[n]);
    double const reach = modulus * (1 + 2 * w.error) + stored_error;  // no power in question is greater than reach^l
    double const gain = system.read_out_factor() * std::abs(system.c[n]) * std::abs(discrete.b[n]);
    double const per_step = modulus * w.error + stored_error;
    double const per_term =
        u * (2 * power_roundings + product_roundings) + sum_unit * (factor_roundings + 2 * terms + 1);
    double const dropped = underflow * (gain + system.read_out_factor());
    for (std::size_t i = 0; i < bound.size(); ++i) {
      double const l = static_cast<double>(i);
      double const chain = i == 0 ? 0.0 : l * std::pow(reach, l - 1) * per_step;
      double const grown = reach > 1 ? std::pow(reach, std::max(l, width)) : 1;
      size[i] += std::max(gain, 1.0) * std::pow(reach, l);  // the powers stand by themselves too
      bound[i] += second_order * (gain * (chain + per_term * std::pow(reach, l)) + dropped * grown);
    }
  }
  // Where a sum might leave the range of T, nothing is promised.
  constexpr double greatest = static_cast<double>(std::numeric_limits<T>::max()) / 2;
  for (std::size_t i = 0; i < bound.size(); ++i)
    if (!(size[i] < greatest)) bound[i] = std::numeric_limits<double>::infinity();
  return bound;
}

template std::vector<float> diagonal_kernel<float>(diagonal_system const&, index_t);
template std::vector<double> diagonal_kernel<double>(diagonal_system const&, index_t);
template std::vector<double> diagonal_kernel_bound<float>(diagonal_system const&, index_t);
template std::vector<double> diagonal_kernel_bound<double>(diagonal_system const&, index_t);

}  // namespace ssmscan::ssm
