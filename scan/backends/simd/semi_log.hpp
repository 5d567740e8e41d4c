#pragma once
// semi_log as the tuned forms have it: logarithms and exponentials of nothing but operations that are exactly defined, so
// that they have the same bits on every machine and in vectors of every width (semi_log-inl.hpp, step by step the same), and
// a map that keeps its a beside log|a|. A single step meets a state by the a that was given; a product is exp of a sum of
// logarithms, taken once, where the map is made. Relative errors, u = 2^-24 (float), 2^-53 (double):
//
//   natural_log          below 2.5u: a rounding each of the sum e ln 2 + f (1.08u of the result) and of the result (1u), those of
//                        the rest, 4.4u of at most 0.07, where the result is at least 0.93 (0.34u), and the polynomial's 0.11u.
//                        Where the result is smaller the sum is exact, and the rest's share 0.68u.
//   natural_exp          below 1.5u: of the reduced argument, whose first step is exact, 0.25u; of e^r from it 1.05u; the
//                        polynomial's 0.1u. A subnormal result is rounded once more.
//
// Polynomials: minimax in the relative error of the whole, by Remez's exchange.
#include <bit>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

#include <ssmscan/scan/backends/simd/chunk.hpp>

namespace ssmscan::simd {

template <std::floating_point T>
struct natural_constants;

template <>
struct natural_constants<float> {
  using bits = std::uint32_t;
  using signed_bits = std::int32_t;
  static constexpr int significand = 23;
  static constexpr bits one = 0x3f800000, exponent = 0xff800000, sqrt_half = 0x3f3504f3;
  static constexpr bits whole = 0x4b000000;  // 2^23, whose last bits count
  static constexpr float whole_offset = 0x1p23F + 127;
  static constexpr float to_integer = 0x1.8p23F;  // added, a sum has the integer in its last bits
  static constexpr float raised = 24;             // a subnormal times 2^24 is none
  static constexpr float raise = 0x1p24F;
  // log(1 + f) = f + f^2 (-1/2 + f Q(f)), 1 + f in [sqrt 1/2, sqrt 2); ln 2 in two parts, of which e times the first is exact.
  static constexpr float log[] = {0x1.555554p-2F, -0x1.000226p-2F, 0x1.99a006p-3F, -0x1.547248p-3F,
                                  0x1.22da50p-3F, -0x1.0d8562p-3F, 0x1.055a12p-3F, -0x1.38b168p-4F};
  static constexpr float log_ln2_high = 0x1.62e4p-1F, log_ln2_low = 0x1.7f7d1cp-20F;
  // e^r = 1 + r (1 + r G(r)), |r| <= ln 2 / 2; ln 2 to the nearest float, and the rest.
  static constexpr float exp[] = {0x1.fffffcp-2F, 0x1.555492p-3F, 0x1.5558f2p-5F, 0x1.1239e2p-7F, 0x1.6a2448p-10F};
  static constexpr float log2_e = 0x1.715476p+0F, ln2_high = 0x1.62e430p-1F, ln2_low = -0x1.05c610p-29F;
  static constexpr float plain = 87;               // up to there 2^k e^r is neither infinite nor subnormal
  static constexpr float least = -105, most = 89;  // e to these: 0, infinity
};

template <>
struct natural_constants<double> {
  using bits = std::uint64_t;
  using signed_bits = std::int64_t;
  static constexpr int significand = 52;
  static constexpr bits one = 0x3ff0000000000000, exponent = 0xfff0000000000000, sqrt_half = 0x3fe6a09e667f3bcd;
  static constexpr bits whole = 0x4330000000000000;
  static constexpr double whole_offset = 0x1p52 + 1023;
  static constexpr double to_integer = 0x1.8p52;
  static constexpr double raised = 54;
  static constexpr double raise = 0x1p54;
  static constexpr double log[] = {
      0x1.5555555555533p-2,  -0x1.fffffffffef15p-3, 0x1.999999999f74ap-3,  -0x1.555555566b2c9p-3, 0x1.24924922a4485p-3,
      -0x1.ffffff2bfe600p-4, 0x1.c71c71dfe8ea8p-4,  -0x1.9999c269c7a1dp-4, 0x1.745d3f2198148p-4,  -0x1.5550ee9d1653fp-4,
      0x1.3b0b88d8c42f8p-4,  -0x1.24d74c2379b2dp-4, 0x1.11cd01442db81p-4,  -0x1.fba1f15dc83cbp-5, 0x1.d05a7f848bbbcp-5,
      -0x1.d11eda761ba27p-5, 0x1.0a61c0582bc63p-4,  -0x1.ea076082857bcp-5, 0x1.ac796ac51ec0bp-6};
  static constexpr double log_ln2_high = 0x1.62e42fefa3800p-1, log_ln2_low = 0x1.ef35793c76730p-45;
  static constexpr double exp[] = {0x1.000000000000ap-1,  0x1.55555555554fap-3,  0x1.555555555087fp-5,
                                   0x1.1111111127ba2p-7,  0x1.6c16c18429919p-10, 0x1.a01a012a6fa26p-13,
                                   0x1.a0199a0dcb04ap-16, 0x1.71df251a68090p-19, 0x1.28ad7186a888dp-22,
                                   0x1.ad7fcab6fd252p-26};
  static constexpr double log2_e = 0x1.71547652b82fep+0, ln2_high = 0x1.62e42fefa39efp-1,
                          ln2_low = 0x1.abc9e3b39803fp-56;
  static constexpr double plain = 708;
  static constexpr double least = -746, most = 710;
};

// Of v >= 0: -infinity of 0, infinity of infinity; NaN of NaN.
template <std::floating_point T>
T natural_log(T v) {
  using k = natural_constants<T>;
  using bits = typename k::bits;
  if (v == 0) return -std::numeric_limits<T>::infinity();
  if (!(v < std::numeric_limits<T>::infinity())) return v;
  bool const subnormal = v < std::numeric_limits<T>::min();
  auto const given = std::bit_cast<bits>(subnormal ? v * k::raise : v);
  bits const moved = given + (k::one - k::sqrt_half);  // exponent: of v / m
  T e = std::bit_cast<T>(static_cast<bits>((moved >> k::significand) | k::whole)) - k::whole_offset;
  if (subnormal) e -= k::raised;
  T const f = std::bit_cast<T>(static_cast<bits>(given + k::one - (moved & k::exponent))) - 1;
  T q = k::log[std::size(k::log) - 1];
  for (std::size_t j = std::size(k::log) - 1; j-- > 0;) q = std::fma(f, q, k::log[j]);
  T const rest = std::fma(e, k::log_ln2_low, f * f * std::fma(f, q, T(-0.5)));
  return std::fma(e, k::log_ln2_high, f) + rest;
}

template <std::floating_point T>
T natural_exp(T v) {
  using k = natural_constants<T>;
  using bits = typename k::bits;
  using signed_bits = typename k::signed_bits;
  if (std::isnan(v)) return v;
  T const x = std::min(std::max(v, k::least), k::most);
  T const shifted = std::fma(x, k::log2_e, k::to_integer), n = shifted - k::to_integer;
  T const r = std::fma(n, -k::ln2_low, std::fma(n, -k::ln2_high, x));
  T g = k::exp[std::size(k::exp) - 1];
  for (std::size_t j = std::size(k::exp) - 1; j-- > 0;) g = std::fma(r, g, k::exp[j]);
  T const of_r = std::fma(r, std::fma(r, g, T(1)), T(1));
  auto const two_to = [](signed_bits i) {
    return std::bit_cast<T>(static_cast<bits>((static_cast<bits>(i) << k::significand) + k::one));
  };
  auto const whole = static_cast<signed_bits>(std::bit_cast<bits>(shifted) - std::bit_cast<bits>(k::to_integer));
  return of_r * two_to(whole >> 1) * two_to(whole - (whole >> 1));
}

// x -> a x + b, |a| = exp(log_a).
template <std::floating_point T>
struct semi_log_map {
  T log_a, a, b;
  friend bool operator==(semi_log_map const&, semi_log_map const&) = default;
};

template <std::floating_point T>
struct semi_log {
  using scalar = T;
  using value_type = semi_log_map<T>;

  value_type identity() const { return {T(0), T(1), T(0)}; }
  value_type operator()(value_type const& earlier, value_type const& later) const {
    T const log_a = later.log_a + earlier.log_a, sign = std::signbit(later.a) == std::signbit(earlier.a) ? T(1) : T(-1);
    return {log_a, std::copysign(natural_exp(log_a), sign), std::fma(later.a, earlier.b, later.b)};
  }

  static value_type step(T a, T b) { return {natural_log(std::abs(a)), a, b}; }
  static value_type start(T b) { return {-std::numeric_limits<T>::infinity(), T(0), b}; }
  static T state(value_type const& prefix) { return prefix.b; }
};

// The tree is chunked's; the arithmetic is this page's, and so are the bits.
inline constexpr std::string_view semi_log_tree = "semi_log(chunks_of_4096/1)/1";

// The doors to what is compiled once a SIMD target: float and double.
template <class T>
struct semi_log_functions {};
template <std::floating_point T>
struct semi_log_functions<T> {
  chunk_functions<T> chunk;
  // natural_log and natural_exp of n numbers.
  void (*log)(T const* v, T* to, index_t n);
  void (*exp)(T const* v, T* to, index_t n);
};

}  // namespace ssmscan::simd
