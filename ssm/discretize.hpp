#pragma once
// From x' = lambda x + B u to x[t] = a x[t-1] + b u[t] for one eigenvalue; u is held over a step of length `step`.
// With v = step * lambda:
//   zoh            a = e^v               input = step (e^v - 1)/v         exact for a held input; |a| < 1 iff Re lambda
//   < 0 bilinear       a = (1+v/2)/(1-v/2)   input = step / (1-v/2)           trapezoidal rule; |a| < 1 iff Re lambda <
//   0 forward_euler  a = 1 + v             input = step                     unstable on stiff systems: |a| > 1 outside
//   a disc
// and b = input * B. e^v - 1 is computed so that nothing cancels, since (exp(v) - 1) in float is 0 at v = -1e-8.
#include <cmath>
#include <complex>
#include <string_view>

#include <ssmscan/scan/concepts.hpp>
#include <ssmscan/ssm/export.hpp>

namespace ssmscan::ssm {

enum class discretization { zoh, bilinear, forward_euler };
inline constexpr discretization all_discretizations[] = {discretization::zoh, discretization::bilinear,
                                                         discretization::forward_euler};
SSMSCAN_SSM_EXPORT std::string_view name_of(discretization rule);
// The rule of that name; std::invalid_argument lists the names.
SSMSCAN_SSM_EXPORT discretization discretization_by_name(std::string_view name);

// z w and z / w as the textbook has them. std::complex's operators repair infinities in a library call; these do not,
// and their errors have constants: sqrt(5) u for the product (Brent, Percival, Zimmermann 2007), at most 6u for the
// quotient (product with the conjugate sqrt(5) u, squared modulus 2u, two quotients u), |w|^2 within range.
template <class T>
constexpr std::complex<T> times(std::complex<T> z, std::complex<T> w) {
  return {z.real() * w.real() - z.imag() * w.imag(), z.real() * w.imag() + z.imag() * w.real()};
}
template <class T>
constexpr std::complex<T> over(std::complex<T> z, std::complex<T> w) {
  T const squared = w.real() * w.real() + w.imag() * w.imag();
  std::complex<T> const p = times(z, std::conj(w));
  return {p.real() / squared, p.imag() / squared};
}

// e^z - 1, small relative to |e^z - 1| everywhere: e^x cos y - 1 = expm1(x) cos y - 2 sin^2(y/2).
template <class T>
std::complex<T> expm1(std::complex<T> z) {
  T const half_sine = std::sin(z.imag() / 2);
  return {std::expm1(z.real()) * std::cos(z.imag()) - 2 * half_sine * half_sine,
          std::exp(z.real()) * std::sin(z.imag())};
}

template <class T>
struct discrete_pole {
  std::complex<T> a;
  std::complex<T> input;  // b = input * B
};

template <class T>
discrete_pole<T> discretize(std::complex<T> lambda, T step, discretization rule) {
  using complex = std::complex<T>;
  complex const v = step * lambda;
  complex const one = T(1);
  if (rule == discretization::zoh) {
    T const growth = std::exp(v.real());
    complex const a{growth * std::cos(v.imag()), growth * std::sin(v.imag())};
    return {a, v == complex{} ? complex(step) : over(expm1(v), lambda)};
  }
  if (rule == discretization::bilinear) {
    complex const half = v / T(2);
    return {over(one + half, one - half), over(complex(step), one - half)};
  }
  return {one + v, complex(step)};
}

// How far discretize<double>(lambda, step, rule).a may lie from the exact a of the given lambda and step: |error| <=
// this. u = 2^-53; libm's exp, sin and cos are taken within 1 ulp = 2u (glibc documents 1 ulp).
//   zoh: rounding v moves the exponent by u|v|; exp 2u, sin or cos 2u, product u: (|v| + 5) u |a|
//   bilinear, h = v/2: u|h| in each of 1+h and 1-h from rounding v, u each from the sum, 6u from the quotient
//   forward_euler: u|v| + u|a|
SSMSCAN_SSM_EXPORT double discretization_error(std::complex<double> lambda, double step, discretization rule);

}  // namespace ssmscan::ssm
