#pragma once
// From x' = lambda x + B u to x[t] = a x[t-1] + b u[t] for one eigenvalue; u is held over a step of length `step`.
// With v = step * lambda:
//   zoh        a = e^v                                  input = step (e^v - 1)/v      exact for a held input
//   mamba      a = e^v                                  input = step                  "simplified ZOH" (Gu & Dao 2023)
//   gbt(alpha) a = (1 + (1-alpha) v) / (1 - alpha v)    input = step / (1 - alpha v)  generalised bilinear transform
//     forward_euler = gbt(0), bilinear = gbt(1/2) (Tustin, the trapezoidal rule), backward_euler = gbt(1)
// and b = input * B. Stable systems (Re lambda < 0) have |a| < 1 under zoh, mamba and gbt(alpha >= 1/2); below 1/2 only
// within a disc (forward Euler: |1 + v| < 1). Under the bilinear rule, and zoh and mamba, an unstable one stays unstable;
// backward Euler damps it too. e^v - 1 is computed so that nothing cancels: (exp(v) - 1) in float is 0 at v = -1e-8.
#include <cmath>
#include <complex>
#include <string>
#include <string_view>

#include <ssmscan/scan/concepts.hpp>
#include <ssmscan/ssm/export.hpp>

namespace ssmscan::ssm {

// A rule: one of the names above, or generalized_bilinear(alpha) with 0 <= alpha <= 1.
class discretization {
 public:
  static discretization const zoh, mamba, forward_euler, bilinear, backward_euler;
  // std::invalid_argument unless 0 <= alpha <= 1.
  SSMSCAN_SSM_EXPORT static discretization generalized_bilinear(double alpha);

  enum class family { zoh, mamba, gbt };
  constexpr family kind() const { return kind_; }
  constexpr double alpha() const { return alpha_; }  // of gbt
  friend constexpr bool operator==(discretization, discretization) = default;

 private:
  constexpr discretization(family kind, double alpha) : kind_(kind), alpha_(alpha) {}
  family kind_;
  double alpha_;
};
inline constexpr discretization discretization::zoh{family::zoh, 0};
inline constexpr discretization discretization::mamba{family::mamba, 0};
inline constexpr discretization discretization::forward_euler{family::gbt, 0};
inline constexpr discretization discretization::bilinear{family::gbt, 0.5};
inline constexpr discretization discretization::backward_euler{family::gbt, 1};

// The ones that have a name of their own.
inline constexpr discretization all_discretizations[] = {discretization::zoh, discretization::bilinear,
                                                         discretization::forward_euler, discretization::backward_euler,
                                                         discretization::mamba};
// "zoh", ..., or "generalized_bilinear:ALPHA".
SSMSCAN_SSM_EXPORT std::string name_of(discretization rule);
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
  if (rule.kind() == discretization::family::gbt) {
    T const alpha = static_cast<T>(rule.alpha());
    complex const denominator = one - alpha * v;
    return {over(one + (T(1) - alpha) * v, denominator), over(complex(step), denominator)};
  }
  T const growth = std::exp(v.real());
  complex const a{growth * std::cos(v.imag()), growth * std::sin(v.imag())};
  bool const held = rule == discretization::zoh && v != complex{};
  return {a, held ? over(expm1(v), lambda) : complex(step)};
}

// How far discretize<double>(lambda, step, rule).a may lie from the exact a of the given lambda and step: |error| <=
// this. u = 2^-53; libm's exp, sin and cos are taken within 1 ulp = 2u (glibc documents 1 ulp).
//   zoh, mamba: rounding v moves the exponent by u|v|; exp 2u, sin or cos 2u, product u: (|v| + 5) u |a|
//   gbt: of (1-alpha) v and of alpha v, u each from rounding v, and, unless alpha is 0, 1/2 or 1 (exact), 2u from rounding
//   1-alpha and the product; u each from the sums, 6u from the quotient
SSMSCAN_SSM_EXPORT double discretization_error(std::complex<double> lambda, double step, discretization rule);

}  // namespace ssmscan::ssm
